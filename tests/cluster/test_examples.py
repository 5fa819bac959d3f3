"""The examples run as their READMEs say, and the demo proves what it claims."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path

import pytest

from examples.jobs.check import CheckError, check
from sandbox import shell
from sandbox.paths import PROJECT
from tests.cluster.readme import Typed, block_with, commands, copy_of_the_examples
from tests.lifecycle.kubernetes import Kubernetes, until

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.timeout(1200)]

CLUSTER, JOB, PLATFORM = "01-session-cluster", "02-session-job", "03-compose-into-a-platform"
APPLICATION, AVAILABLE, IN_S3 = "04-application", "05-high-availability", "06-s3-state"
NAMESPACES = (
    "example-session-cluster",
    "example-session-job",
    "example-platform",
    "example-application",
    "example-high-availability",
    "example-s3-state",
    "flink-dev",
)
NOTHING_CHANGED = ("pulumi preview --expect-no-changes", "pulumi refresh --expect-no-changes")
CHECK = "python -m examples.jobs.check "
UPGRADES = {
    JOB: "example-session-job/counts  r1 -> r2",
    APPLICATION: "example-application/counts  r1 -> r2",
}

Stories = Mapping[str, "Future[Typed]"]


@pytest.fixture(scope="module")
def stories(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Stories:
    """All examples and the demo, two at a time: what each printed, or why it failed."""
    kubernetes, home = Kubernetes(kubeconfig), tmp_path_factory.mktemp("home")
    for name in NAMESPACES:
        kubernetes.delete_namespace(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home))
        # Nobody is there to say yes.
        patch.setenv("PULUMI_SKIP_CONFIRMATIONS", "true")
        variables = {**os.environ, **shell.variables(kubeconfig)}
    tellers: dict[str, Callable[[], Typed]] = {
        "demo": lambda: _demo(variables),
        JOB: lambda: _example(JOB, tmp_path_factory.mktemp("clone"), variables),
        PLATFORM: lambda: _example(PLATFORM, tmp_path_factory.mktemp("clone"), variables),
        APPLICATION: lambda: _example(APPLICATION, tmp_path_factory.mktemp("clone"), variables),
        AVAILABLE: lambda: _example(AVAILABLE, tmp_path_factory.mktemp("clone"), variables),
        IN_S3: lambda: _example(IN_S3, tmp_path_factory.mktemp("clone"), variables),
        CLUSTER: lambda: _example(CLUSTER, tmp_path_factory.mktemp("clone"), variables),
    }
    with ThreadPoolExecutor(2) as pool:
        return {name: pool.submit(tell) for name, tell in tellers.items()}


def _demo(variables: Mapping[str, str]) -> Typed:
    shell = Typed(PROJECT, variables)
    shell.run(f"{sys.executable} -m stacks.demo")
    return shell


def _example(example: str, folder: Path, variables: Mapping[str, str]) -> Typed:
    """Types what the README shows, and looks what changed after its first `up`."""
    shell = Typed(copy_of_the_examples(folder), variables)
    for command in commands(PROJECT / "examples" / example / "README.md"):
        if command.startswith(CHECK):
            _wait_for_v2(Path(command.rpartition(" ")[2]))
        shell.run(command)
        if command == "pulumi up" and len(shell.outputs(command)) == 1:
            for look in NOTHING_CHANGED:
                shell.run(look)
        if command.startswith("pulumi config set"):
            shell.run("pulumi preview --diff")
    return shell


def _wait_for_v2(output: Path) -> None:
    def look() -> bool:
        try:
            return "v2" in check(output).versions
        except CheckError:
            return False

    until("output of v2", 60, look)


def plan_in(text: str, upgrade: str) -> list[str]:
    """The lines of a plan, without their indentation and without hashes."""
    lines = [re.sub(r"\b[0-9a-f]{8}\b…?", "#", line.strip()) for line in text.splitlines()]
    start = next(n for n, line in enumerate(lines) if line.startswith(upgrade))
    return list(takewhile(bool, lines[start:]))


@pytest.mark.parametrize("example", [CLUSTER, JOB, PLATFORM, APPLICATION, AVAILABLE, IN_S3])
def test_the_readme_can_be_typed_as_it_is(example: str, stories: Stories) -> None:
    typed = stories[example].result()
    assert [len(typed.outputs(look)) for look in NOTHING_CHANGED] == [1, 1]
    assert "have been deleted" in typed.outputs("pulumi destroy")[0]


def test_the_ref_of_a_cluster_is_plain_json(stories: Stories) -> None:
    ref = json.loads(stories[CLUSTER].result().outputs("pulumi stack output ref")[0])
    assert (ref["key"], ref["slots"]) == ("example-session-cluster/main", 2)


@pytest.mark.parametrize(
    ("page", "example"),
    [
        ("README.md", JOB),
        (f"examples/{JOB}/README.md", JOB),
        (f"examples/{APPLICATION}/README.md", APPLICATION),
    ],
)
def test_a_page_shows_the_real_preview_of_an_upgrade(
    page: str, example: str, stories: Stories
) -> None:
    upgrade = UPGRADES[example]
    seen = stories[example].result().outputs("pulumi preview")[-1]
    shown = block_with(upgrade, PROJECT / page)
    details = seen.partition("Diagnostics:")[2]
    assert plan_in(shown, upgrade) == plan_in(details, upgrade)


def test_a_detailed_preview_says_what_happens_to_the_state(stories: Stories) -> None:
    (seen,) = stories[JOB].result().outputs("pulumi preview --diff")
    assert "stateful-v1.jar" in seen
    assert f"{UPGRADES[JOB]}  RESTARTS WITH ITS STATE" in seen


@pytest.mark.parametrize("example", [JOB, APPLICATION, AVAILABLE])
def test_an_upgraded_job_has_lost_and_repeated_nothing(example: str, stories: Stories) -> None:
    typed = stories[example].result()
    (checked,) = (text for command, text in typed.printed if command.startswith(CHECK))
    assert proof_in(checked) == PROOF


@pytest.mark.parametrize(
    ("example", "savepoint"),
    [
        (JOB, "file:/data/savepoints/example-session-job/counts/1-1/"),
        (APPLICATION, "file:/data/savepoints/example-application/counts/1-1/"),
        (IN_S3, "s3://acme-flink/example/savepoints/example-s3-state/counts/1-1/"),
    ],
)
def test_an_upgraded_job_says_where_its_state_came_from(
    example: str, savepoint: str, stories: Stories
) -> None:
    (restored_from,) = stories[example].result().outputs("pulumi stack output restored_from")
    assert restored_from.startswith(savepoint)


def test_a_platform_is_scaled_without_touching_its_jobs(stories: Stories) -> None:
    scaled = stories[PLATFORM].result().outputs("pulumi up")[1]
    assert "8/8 slots registered" in scaled
    assert [line for line in scaled.splitlines() if ":SessionJob " in line] == []


def test_the_demo_proves_that_nothing_is_lost_and_nothing_twice(stories: Stories) -> None:
    (printed,) = (text for _, text in stories["demo"].result().printed)
    assert proof_in(printed) == PROOF


PROOF = {
    "lost": "none",
    "twice": "none",
    "counts": "each of 10 keys counts on by one",
    "written by": ["v1", "v2"],
    "result": "nothing lost, nothing twice",
}


def proof_in(text: str) -> dict[str, object]:
    """What a job's output proves: the lines of the check, and which versions have written."""
    found: dict[str, object] = dict(re.findall(r"^(\w+(?: by)?) {2,}(\S.*)$", text, re.MULTILINE))
    versions = re.findall(r"(v\d) \(\d+\)", str(found["written by"]))
    return {**{key: found[key] for key in PROOF}, "written by": versions}
