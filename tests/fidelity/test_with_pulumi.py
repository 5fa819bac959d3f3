"""What `pulumi preview` says of drawn changes, against what `pulumi up` then does on a node.

Only by `--fidelity`: what a plan says of a job is tested by more changes without a node.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flink_components.plan.outcome import Does
from flink_components.plan.record import Phase
from flink_components.plan.state.verdict import Verdict
from sandbox.engine import ensure
from sandbox.engine import environment as engine_environment
from tests.cluster.ground import namespace_with_volume, volume
from tests.conformance.lab import Stack
from tests.fidelity.stack import JOB, NAMESPACE, Change, Declared, Lab, deployments_of
from tests.lifecycle.kubernetes import Kubernetes, until
from tests.output import written

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.fidelity]

COUNT = 18
TABLE = "preview of a change, and what up did"
NOTHING = "nothing"
FAILED = "failed, and the old one runs again"
REFUSED = "refused"

CHANGES: dict[str, dict[str, Any]] = {
    "description": {"job": {"description": "counts"}},
    "deadline": {"job": {"deadlines": {"stable": "50 s"}}},
    "jar": {"jar": "stateful-v2"},
    "jar back": {"jar": "stateful-v1"},
    "parallelism": {"job": {"parallelism": 2}},
    "arguments": {"job": {"config": {"pipeline.object-reuse": "true"}}},
    "without state": {"job": {"upgrade_mode": "stateless"}},
    "with a savepoint": {"job": {"upgrade_mode": "savepoint"}},
    "with the last state": {"job": {"upgrade_mode": "last_state"}},
    "a snapshot that is not there": {"job": {"restore_from": "file:///data/savepoints/gone"}},
    "suspended": {"job": {"state": "suspended"}},
    "running": {"job": {"state": "running"}},
    "label of the cluster": {"cluster": {"labels": {"team": "risk"}}},
    "option of the cluster": {"cluster": {"config": {"web.timeout": "90000"}}},
    "another option": {"cluster": {"config": {"web.timeout": "80000"}}},
    "option and jar": {"cluster": {"config": {"web.timeout": "70000"}}, "jar": "stateful-v2"},
    "jar that fails to restore": {"jar": "stateful-v4"},
    "jar that fails in main": {"jar": "fails-in-main"},
    "no job": {"jar": ""},
}
"""What may be changed, by what it is."""

BROKEN = ("stateful-v4", "fails-in-main")
_LOST_STATE = "Cannot map checkpoint/savepoint state"


@pytest.fixture(scope="module")
def lab(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("fidelity")
    plans = folder / "plans"
    plans.mkdir()
    variables = {**engine_environment(folder), "KUBECONFIG": kubeconfig}
    stack = Stack(folder / "program", ensure(), variables, "fidelity")
    kubernetes = Kubernetes(kubeconfig)
    with namespace_with_volume(kubernetes, NAMESPACE):
        yield Lab(kubernetes, stack, plans)
        done = stack.destroy()
        assert done.ok, done.error


def test_what_a_preview_says_of_drawn_changes_is_what_up_does(
    lab: Lab, note_outcome: Callable[[str, str, str], None], request: pytest.FixtureRequest
) -> None:
    rng = random.Random(request.config.getoption("--fidelity-seed"))
    declared, last = Declared(), ""
    for number in range(COUNT):
        name = "first" if number == 0 else _draw(rng, declared, last)
        wanted = declared.but(CHANGES.get(name, {}))
        change = lab.change(wanted)
        if number == 0:
            until("the volume's folder", 30, Path(volume(NAMESPACE)).is_dir)
            written(volume(NAMESPACE) / "output" / JOB, "v1", 20)
        print(f"{name}: {foretold(change)} / {observed(change)} {change.up.error[:200]}")
        found = problems(change)
        assert not found, "\n".join([name, *found, str(change.plan and change.plan["text"])])
        note_outcome(TABLE, foretold(change), observed(change))
        declared, last = (wanted if change.up.ok else declared), name


def _draw(rng: random.Random, declared: Declared, last: str) -> str:
    """A change of something, and not the last one again; a job that is down comes back soon."""
    if not declared.jar:
        return "jar back"
    if declared.job.get("state") == "suspended" and rng.random() < 0.5:
        return "running"
    names = [name for name in CHANGES if name != last and declared.but(CHANGES[name]) != declared]
    return rng.choice(names)


def foretold(change: Change) -> str:
    """What the preview says that becomes of the job, in a word."""
    if not change.preview.ok:
        return REFUSED
    if not change.declared.jar:
        return Does.DELETES.value if change.before.record else NOTHING
    if change.plan is None and change.before.record is None:
        # of a job on a cluster that is not there yet nothing can be asked
        return Does.STARTS.value
    does = Does(change.plan["decisions"]["does"]) if change.plan else Does.NOTHING
    return NOTHING if does in (Does.NOTHING, Does.WAITS, Does.STAYS_DOWN) else does.value


def observed(change: Change) -> str:
    """What became of it, in the same words."""
    before, after = change.before, change.after
    if not change.up.ok:
        return REFUSED if before.running == after.running else FAILED
    if after.record is not None and after.record.deleted:
        return Does.DELETES.value
    if before.running == after.running:
        return NOTHING
    if after.running is None:
        return Does.SUSPENDS.value
    if before.running is not None:
        return (Does.RESTARTS if after.restored else Does.RESTARTS_EMPTY).value
    ran = before.record is not None and before.record.run is not None
    return (Does.STARTS_AGAIN if ran else Does.STARTS).value


def problems(change: Change) -> list[str]:
    """What the preview said otherwise than it came, a line each."""
    what, came = foretold(change), observed(change)
    if change.preview.ok and not change.up.ok and _unknowable(change):
        return [*_after_a_failure(change)]
    if what != came:
        return [f"foretold: {what}; observed: {came}; {change.up.error}"]
    if what == REFUSED:
        said = str(change.plan["refused"]) if change.plan else ""
        return [] if said and said in change.up.error else [f"up says {change.up.error}"]
    return [*_of_resources(change), *_of_clusters(change), *_of_savepoints(change)]


def _unknowable(change: Change) -> bool:
    """No program is run in a preview, the pods' volume is not seen from here, and without a job
    graph nobody knows which state the new program takes.
    """
    if change.declared.jar in BROKEN or "restore_from" in change.declared.job:
        return True
    verdict = change.plan["decisions"]["verdict"] if change.plan else ""
    return verdict == Verdict.UNKNOWN.value and _LOST_STATE in change.up.error


def _of_resources(change: Change) -> Iterator[str]:
    if change.up.ok and change.preview.changes() != change.up.changes():
        yield f"resources: {change.preview.changes()} was foretold, {change.up.changes()} came"


def _of_clusters(change: Change) -> Iterator[str]:
    """The Deployments of the revision that is active are there, and those that are needed."""
    before, after = change.before, change.after
    active = change.made or (before.deployments - _left_behind(before.deployments))
    if not set(active) <= after.deployments:
        yield f"{sorted(active)} were to be there; {sorted(after.deployments)} are"
    if change.up.ok and after.running and after.deployments != set(active):
        yield f"beside {sorted(active)}, which the job runs on, {sorted(after.deployments)} are"


def _left_behind(deployments: frozenset[str]) -> set[str]:
    """All but those of the newest revision."""
    if not deployments:
        return set()
    newest = max(int(name.split("-")[1][1:]) for name in deployments)
    return set(deployments) - deployments_of(newest)


def _of_savepoints(change: Change) -> Iterator[str]:
    decisions = change.plan["decisions"] if change.plan else {"restore": "", "order": ()}
    deletes = foretold(change) == Does.DELETES.value and change.before.running is not None
    foreseen = int(deletes or "stop with a savepoint" in decisions["order"])
    new = change.after.savepoints - change.before.savepoints
    if change.up.ok and len(new) != foreseen:
        yield f"{len(new)} savepoints more, and {foreseen} was foretold"
    if decisions["restore"] != "new savepoint" or not change.after.running:
        return
    restored = (change.after.restored or "").rstrip("/")
    if not any(restored.endswith(name) for name in new):
        yield f"restored {restored}, and the new savepoint was foretold"


def _after_a_failure(change: Change) -> Iterator[str]:
    """The old job runs, and where it ran; what was made beside it stays for the next `up`."""
    before, after = change.before, change.after
    if (before.running is None) is not (after.running is None):
        yield f"{before.running} ran, and {after.running} runs"
    if after.running and after.revision != before.revision:
        yield f"it ran on revision {before.revision} of the cluster, and runs on {after.revision}"
    if not before.deployments | change.made <= after.deployments:
        yield f"{sorted(after.deployments)} are left"
    went = after.record.phase if after.record else None
    if before.running != after.running and went is not Phase.ROLLED_BACK:
        yield f"the ledger says {went}"
