"""What does not become stable: the cause in one line, the job as it was, the ledger true."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.plan.record import Phase
from tests.lifecycle.jobs import JobUnderTest

pytestmark = pytest.mark.cluster

QUICK = {"stable": "12 s"}


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return text


@pytest.mark.newest_alone
@pytest.mark.parametrize(
    ("jar", "cause"),
    [
        pytest.param("stateful-v4", "must not be incompatible", id="a state of another type"),
        pytest.param("stateful-v5", "Cannot map checkpoint/savepoint state", id="no uids"),
    ],
)
def test_an_upgrade_that_cannot_take_the_state_leaves_the_old_one_running_with_it(
    job: JobUnderTest, jar: str, cause: str
) -> None:
    first = job.wish("stateful-v1")
    job.up(first)
    job.written("v1", 50)

    with pytest.raises(StepFailed) as error:
        job.up(job.wish(jar, deadlines=QUICK), first)

    assert cause in one_line(error)
    assert "The old revision 1 runs again from" in one_line(error)
    record = job.record
    assert record.run is not None
    assert record.restore is not None
    assert (record.phase, record.run.revision, record.run.attempt) == (Phase.ROLLED_BACK, 1, 3)
    assert record.run.restored_from == record.restore.path
    assert [failure.attempt for failure in record.failures] == [2]
    assert job.goes_on("v1").ok

    job.up(job.wish("stateful-v2"), first)
    report = job.written("v2", 20)
    assert report.ok, str(report)
    assert list(report.versions) == ["v1", "v2"]


@pytest.mark.parametrize(
    ("jar", "changes", "cause"),
    [
        pytest.param("fails-in-main", {}, "this job always fails in main()", id="main fails"),
        pytest.param("stateful-v2", {"entry_class": "org.acme.Gone"}, "org.acme.Gone", id="class"),
        pytest.param("stateful-v2", {"args": ["--colour", "red"]}, "--colour", id="argument"),
    ],
)
def test_what_cannot_start_is_found_before_anything_is_stopped(
    job: JobUnderTest, jar: str, changes: dict[str, object], cause: str
) -> None:
    first = job.wish("stateful-v1")
    before = job.up(first).run

    with pytest.raises(Refused) as error:
        job.up(job.wish(jar, **changes), first)

    assert cause in one_line(error)
    assert "nothing was changed" in one_line(error)
    assert job.run == before
    assert job.state() == "RUNNING"
    assert not job.savepoints.exists()


@pytest.mark.newest_alone
def test_a_first_start_that_fails_leaves_no_job_and_the_next_one_succeeds(
    job: JobUnderTest,
) -> None:
    job.output.parent.mkdir(parents=True, exist_ok=True)
    job.output.write_text("a file where a folder must be")

    with pytest.raises(StepFailed) as error:
        job.up(job.wish(deadlines=QUICK))

    assert "The job was removed from the cluster" in one_line(error)
    assert job.record.phase is Phase.FAILED
    assert job.state() == "CANCELED"

    job.output.unlink()
    record = job.up(job.wish())
    assert record.run is not None
    assert (record.phase, record.run.attempt, record.run.restored_from) == (Phase.STABLE, 2, None)


@pytest.mark.newest_alone
def test_missing_slots_are_counted_while_waiting_and_in_the_failure(job: JobUnderTest) -> None:
    with pytest.raises(StepFailed, match="waiting for slots: 2 missing") as error:
        job.up(job.wish(parallelism=6, deadlines={"stable": "6 s"}))

    assert "6 s" in one_line(error)
    assert any("waiting for slots: 2 missing" in line for line in job.said), job.said
    assert job.state() == "CANCELED"
