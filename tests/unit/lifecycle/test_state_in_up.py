"""`up` decides of the state as the plan does, and before anything is stopped."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.errors import Refused
from tests.unit.doubles.job_graphs import operator
from tests.unit.doubles.judged_job import NUMBERS, OFFSETS, RULES, SAME, WINDOW, JudgedJob
from tests.unit.doubles.world import World, ref

LOST = (NUMBERS, OFFSETS, WINDOW, RULES)
ACCEPT = [{"operator": "remember", "version": "2", "reason": "made again"}]


@pytest.fixture
def job(world: World) -> JudgedJob:
    return JudgedJob(world)


def refused(job: JudgedJob, **changes: object) -> str:
    """What is said; the job that ran has not been touched."""
    before = job.world.the_job()
    with pytest.raises(Refused) as error:
        job.up(**changes)
    assert job.world.the_job() is before
    assert before.state == "RUNNING"
    return str(error.value)


def test_partial_is_refused_before_anything_is_stopped(job: JudgedJob) -> None:
    changes = job.next(*LOST)
    first, *block = refused(job, **changes).splitlines()
    assert first == "state would be lost: keep it, or accept each loss by name"
    state = job.planned(**changes).state
    assert state is not None
    assert "\n".join(block) == state.text()


def test_incompatible_is_refused_whatever_is_accepted(job: JudgedJob) -> None:
    everything = [{"operator": "*", "version": "2", "reason": "made again"}]
    said = refused(job, **job.next(operator("other")), accept=everything)
    assert said.startswith("the new program can't go on from this state, whatever is accepted")


def test_a_graph_of_another_jar_is_refused(job: JudgedJob) -> None:
    said = refused(job, **job.next(*SAME, jar_content="0" * 32))
    assert "was made of another jar (dedup-4.2.0.jar)" in said


def test_a_loss_of_another_version_is_refused(job: JudgedJob) -> None:
    old = [{"operator": "remember", "version": "1", "reason": "made again"}]
    said = refused(job, **job.next(*LOST), accept=old)
    assert "it is accepted for version 1, and this is 2" in said


def test_full_does_not_allow_that_state_is_left_behind(job: JudgedJob) -> None:
    job.up(**job.next(*SAME))
    assert job.world.the_job().request["allowNonRestoredState"] is False
    assert job.world.record().accepted == ()


def test_an_accepted_loss_is_allowed_and_stands_in_the_ledger(job: JudgedJob) -> None:
    job.up(**job.next(*LOST), accept=ACCEPT)
    assert job.world.the_job().request["allowNonRestoredState"] is True
    assert [(one.version, one.reason) for one in job.world.record().accepted] == [
        ("2", "made again")
    ]


def test_an_accepted_loss_that_does_not_happen_allows_nothing(job: JudgedJob) -> None:
    job.up(**job.next(*SAME), accept=ACCEPT)
    assert job.world.the_job().request["allowNonRestoredState"] is False


def test_without_a_job_graph_flink_itself_refuses_to_lose_state(job: JudgedJob) -> None:
    job.up(jar=job.next_jar, accept=ACCEPT)
    assert job.world.the_job().request["allowNonRestoredState"] is False


def test_a_given_snapshot_that_is_missing_is_refused_without_a_job_graph(job: JudgedJob) -> None:
    (job.world.folder / "savepoints").mkdir()
    said = refused(job, restore_from=f"file://{job.world.folder}/savepoint-1")
    assert "there is no file file://" in said


def test_the_way_back_leaves_no_state_behind(job: JudgedJob) -> None:
    from tests.unit.doubles.flink_jobs import Behaviour

    job.world.flink.behaviours["org.acme.Next"] = Behaviour(fails="x.Boom: 1")
    changes = job.next(*LOST)
    with pytest.raises(Exception, match="runs again"):
        job.up(**changes, entry_class="org.acme.Next", accept=ACCEPT)
    assert job.world.the_job().request["allowNonRestoredState"] is False


def test_a_move_to_a_flink_that_can_not_read_the_state_is_refused(job: JudgedJob) -> None:
    job.world.add_cluster("older", 1)
    said = refused(job, cluster=ref("older", version="1.15.4"))
    assert "a snapshot of Flink 1.20.3 has format 4, that of Flink 1.16 or later" in said
