"""Another parallelism under Flink's adaptive scheduler: in place, with all the state."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from examples.jobs.check import check
from flink_components.lifecycle.errors import StepFailed
from flink_components.lifecycle.planning import plan
from flink_components.lifecycle.wish import Wish
from flink_components.plan.record import Phase
from sandbox.images import DEFAULT_VERSIONS
from tests import flink_jobs
from tests.lifecycle.conftest import CONFIG, make_job
from tests.lifecycle.jobs import JobUnderTest
from tests.lifecycle.kubernetes import Kubernetes
from tests.local_flink import LocalFlink

pytestmark = pytest.mark.cluster

# the old name, which every version reads; by default a rescale waits for 30 s after a start
_ADAPTIVE = {
    "jobmanager.scheduler": "adaptive",
    "jobmanager.adaptive-scheduler.scaling-interval.min": "1 s",
}
_numbers = count(1)


@pytest.fixture(scope="module", params=DEFAULT_VERSIONS)
def adaptive_flink(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalFlink]:
    """A Flink with the adaptive scheduler and four slots."""
    folder = tmp_path_factory.mktemp(f"adaptive-{request.param}")
    with LocalFlink(request.param, folder, config={**CONFIG, **_ADAPTIVE}) as flink:
        yield flink


@pytest.fixture
def scaled(adaptive_flink: LocalFlink, kubernetes: Kubernetes) -> Iterator[JobUnderTest]:
    """A key of its own there."""
    name = f"scaled-{next(_numbers)}"
    yield make_job(adaptive_flink, kubernetes, name, adaptive_flink.workdir / name)
    flink_jobs.cancel_all(adaptive_flink.url)


def previewed(job: JobUnderTest, wish: Wish, before: Wish) -> str:
    inputs = {**before.spec.model_dump(mode="json"), "jar_content": before.content}
    return plan(job.shop, wish, inputs).headline


def parallelism(job: JobUnderTest) -> set[int]:
    return set(job.flink.job(job.run.job_id).parallelism.values())


def test_it_goes_up_and_down_under_its_own_id_without_a_gap_or_a_double(
    scaled: JobUnderTest,
) -> None:
    one, three = scaled.wish(parallelism=1), scaled.wish(parallelism=3)
    first = scaled.up(one).run
    assert first is not None
    scaled.written("v1", 100)

    assert previewed(scaled, three, one) == "RESCALES IN PLACE"
    record = scaled.up(three, one)
    assert record.run is not None
    assert (record.run.revision, record.run.attempt) == (2, 1)
    assert (record.run.job_id, record.phase) == (first.job_id, Phase.STABLE)
    assert parallelism(scaled) == {3}
    report = scaled.goes_on()
    assert report.ok, str(report)

    scaled.up(one, three)
    assert parallelism(scaled) == {1}
    assert scaled.run.job_id == first.job_id
    assert not scaled.savepoints.exists()
    report = scaled.goes_on()
    assert report.ok, str(report)
    assert previewed(scaled, one, one) == "RUNS ON"


def test_long_checkpoint_intervals_do_not_delay_it(scaled: JobUnderTest) -> None:
    rarely = ("--checkpoint-interval", "600000")
    one = scaled.wish("stateful-v1", *rarely, parallelism=1)
    two = scaled.wish("stateful-v1", *rarely, parallelism=2)
    scaled.up(one)
    restored = scaled.flink.checkpoints(scaled.run.job_id).restored
    assert restored is None

    scaled.up(two, one)
    assert parallelism(scaled) == {2}
    restored = scaled.flink.checkpoints(scaled.run.job_id).restored
    assert restored is not None
    assert f"/{scaled.run.job_id}/chk-" in restored


def test_without_slots_the_job_is_left_alone(scaled: JobUnderTest) -> None:
    one = scaled.wish(parallelism=1)
    first = scaled.up(one).run
    with pytest.raises(StepFailed, match=r"^5 of 8 slots were missing for 3 s, so the job was not"):
        scaled.up(scaled.wish(parallelism=9, deadlines={"stable": "3 s"}), one)
    assert (scaled.run, scaled.state()) == (first, "RUNNING")
    assert parallelism(scaled) == {1}


def test_without_checkpointing_it_is_a_restart_with_a_savepoint(scaled: JobUnderTest) -> None:
    never = ("--checkpoint-interval", "0")
    one = scaled.wish("stateful-v1", *never, parallelism=1)
    two = scaled.wish("stateful-v1", *never, parallelism=2)
    first = scaled.up(one).run
    assert previewed(scaled, two, one) == "RESTARTS WITH ITS STATE"
    scaled.up(two, one)
    assert first is not None
    assert scaled.run.job_id != first.job_id
    assert scaled.run.restored_from is not None


def test_a_later_upgrade_that_fails_leads_back_to_the_rescaled_job(scaled: JobUnderTest) -> None:
    one, two = scaled.wish(parallelism=1), scaled.wish(parallelism=2)
    scaled.up(one)
    scaled.written("v1", 50)
    scaled.up(two, one)
    with pytest.raises(StepFailed, match="The old revision 2 runs again from"):
        scaled.up(scaled.wish("stateful-v4", parallelism=2, deadlines={"stable": "12 s"}), two)
    assert parallelism(scaled) == {2}
    scaled.goes_on()
    report = check(scaled.output)
    assert report.ok, str(report)


def test_flink_without_the_adaptive_scheduler_says_so(any_job: JobUnderTest) -> None:
    any_job.up(any_job.wish(parallelism=1))
    assert any_job.flink.requirements(any_job.run.job_id) is None
