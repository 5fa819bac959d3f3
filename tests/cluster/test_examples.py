"""The examples of session clusters run as their READMEs say; the demo proves what it claims."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

import pytest

from sandbox.paths import PROJECT
from tests.cluster.readme import Typed, block_with
from tests.cluster.stories import (
    NOTHING_CHANGED,
    PROOF,
    Stories,
    checked,
    example,
    plan_in,
    plans_in,
    proof_in,
    told,
)

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.timeout(1200)]

CLUSTER, JOB, PLATFORM = "01-session-cluster", "02-session-job", "03-compose-into-a-platform"
NAMESPACES = ("example-session-cluster", "example-session-job", "example-platform", "flink-dev")
PLANNED = "flink-dev/counts  r1 -> r2"
UPGRADE = "example-session-job/counts  r1 -> r2"


@pytest.fixture(scope="module")
def stories(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Stories:
    """The examples and the demo."""
    clone = tmp_path_factory.mktemp
    tellers = {
        "demo": _demo,
        JOB: example(JOB, clone("clone"), detailed=True),
        PLATFORM: example(PLATFORM, clone("clone")),
        CLUSTER: example(CLUSTER, clone("clone")),
    }
    return told(tellers, NAMESPACES, kubeconfig, clone("home"))


def _demo(variables: Mapping[str, str]) -> Typed:
    shell = Typed(PROJECT, variables)
    shell.run(f"{sys.executable} -m stacks.demo")
    return shell


@pytest.mark.parametrize("name", [CLUSTER, JOB, PLATFORM])
def test_the_readme_can_be_typed_as_it_is(name: str, stories: Stories) -> None:
    typed = stories[name].result()
    assert [len(typed.outputs(look)) for look in NOTHING_CHANGED] == [1, 1]
    assert "have been deleted" in typed.outputs("pulumi destroy")[0]


def test_the_ref_of_a_cluster_is_plain_json(stories: Stories) -> None:
    ref = json.loads(stories[CLUSTER].result().outputs("pulumi stack output ref")[0])
    assert (ref["key"], ref["slots"]) == ("example-session-cluster/main", 2)


def test_the_page_shows_the_real_preview_of_an_upgrade(stories: Stories) -> None:
    (seen,) = stories[JOB].result().outputs("pulumi preview")
    shown = block_with(UPGRADE, PROJECT / "examples" / JOB / "README.md")
    details = seen.partition("Diagnostics:")[2]
    assert plan_in(shown, UPGRADE) == plan_in(details, UPGRADE)


def test_a_detailed_preview_says_what_happens_to_the_state(stories: Stories) -> None:
    (seen,) = stories[JOB].result().outputs("pulumi preview --diff")
    assert "stateful-v1.jar" in seen
    assert f"{UPGRADE}  RESTARTS WITH ITS STATE" in seen


def test_an_upgraded_job_has_lost_and_repeated_nothing(stories: Stories) -> None:
    typed = stories[JOB].result()
    (restored_from,) = typed.outputs("pulumi stack output restored_from")
    assert restored_from.startswith("file:/data/savepoints/example-session-job/counts/1-1/")
    assert proof_in(checked(typed)) == PROOF


def test_a_platform_is_scaled_without_touching_its_jobs(stories: Stories) -> None:
    scaled = stories[PLATFORM].result().outputs("pulumi up")[1]
    assert "8/8 slots registered" in scaled
    assert [line for line in scaled.splitlines() if ":SessionJob " in line] == []


def test_the_readme_shows_the_plans_of_the_demo(stories: Stories) -> None:
    (printed,) = (text for _, text in stories["demo"].result().printed)
    seen = plans_in(printed, PLANNED)
    assert len(seen) == 4
    assert plans_in((PROJECT / "README.md").read_text(), PLANNED) == seen


def test_the_demo_proves_that_nothing_is_lost_and_nothing_twice(stories: Stories) -> None:
    (printed,) = (text for _, text in stories["demo"].result().printed)
    assert proof_in(printed) == PROOF
    # of the session job, of the application, and of it after the version that failed
    assert printed.count("nothing lost, nothing twice") == 3
