"""Jobs and ledgers that others touched, and JobManagers that forgot: found, said, mended."""

from __future__ import annotations

import pytest

from flink_components.lifecycle.drift import drifted
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.observing import observe
from flink_components.lifecycle.planning import plan
from flink_components.plan.record import Phase
from sandbox.images import DEFAULT_VERSIONS
from tests.lifecycle.conftest import make_job
from tests.lifecycle.jobs import JobUnderTest
from tests.lifecycle.kubernetes import Kubernetes, until
from tests.local_flink import LocalFlink

pytestmark = pytest.mark.cluster


def drift(job: JobUnderTest) -> str:
    return drifted(job.record, observe(job.shop, job.run), job.run.fingerprint)


def test_a_job_cancelled_by_hand_is_drift_and_goes_on_from_its_latest_checkpoint(
    job: JobUnderTest,
) -> None:
    wish = job.wish()
    first = job.up(wish).run
    assert first is not None
    job.written("v1", 50)
    assert drift(job) == ""

    job.flink.cancel(first.job_id)
    until("the end of the job", 20, lambda: job.state(first.job_id) == "CANCELED")

    assert drift(job) == "CANCELED: by someone or something else"
    found = plan(job.shop, wish, wish.spec.model_dump(mode="json"))
    assert found.headline == "STARTS AGAIN"
    assert "it goes on from its latest checkpoint" in found.why
    assert "/chk-" in found.restore

    job.up(wish, wish)
    assert job.run.attempt == 2
    assert "/chk-" in str(job.run.restored_from)
    report = job.goes_on()
    assert report.ok, str(report)


def test_a_ledger_deleted_by_hand_is_made_again_and_the_running_job_adopted(
    any_job: JobUnderTest, kubernetes: Kubernetes
) -> None:
    wish = any_job.wish()
    first = any_job.up(wish).run
    ledger = any_job.ledger
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{ledger.namespace}/leases"
    kubernetes.call("DELETE", f"{leases}/{ledger.name}")
    assert drifted(ledger.read(), None, wish.fingerprint) == "LOST: its ledger is not there"

    record = any_job.up(wish, wish, first)

    assert record.run == first
    assert record.phase is Phase.STABLE
    assert any_job.state() == "RUNNING"
    assert [job.id for job in any_job.flink.jobs() if job.state == "RUNNING"] == [
        any_job.run.job_id
    ]


@pytest.mark.newest_alone
@pytest.mark.parametrize("version", DEFAULT_VERSIONS)
def test_a_job_that_its_jobmanager_forgot_goes_on_from_its_storage_where_that_is_allowed(
    version: str, kubernetes: Kubernetes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("forgetful")
    config = {
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "state.checkpoints.dir": (folder / "checkpoints").as_uri(),
    }
    with LocalFlink(version, folder / "first", config=config) as flink:
        job = make_job(flink, kubernetes, f"forgotten-{version.replace('.', '-')}", folder)
        wish = job.wish()
        forgotten = job.up(wish).run
        assert forgotten is not None
        job.written("v1", 50)
    with LocalFlink(version, folder / "second", config=config) as flink:
        job = job.elsewhere(rest_url=flink.url)
        ledger = job.ledger
        with ledger.lock("test") as held:
            held.commit(run=forgotten.model_copy(update={"cluster": job.ref.to_json()}))
        left = (folder / "checkpoints" / forgotten.job_id).glob("chk-*/_metadata")
        newest = max(int(path.parent.name.removeprefix("chk-")) for path in left)

        assert drift(job) == f"LOST: the JobManager does not know {forgotten.job_id}"
        with pytest.raises(Refused, match=f"{forgotten.job_id}/chk-{newest}, .* old: choose"):
            job.up(job.wish(), wish)

        allowed = job.wish(upgrade_mode="last_state")
        found = plan(job.shop, allowed, wish.spec.model_dump(mode="json"))
        assert found.restore.endswith(f"{forgotten.job_id}/chk-{newest} (checkpoint)")
        job.up(allowed, wish)
        report = job.goes_on()
        assert report.ok, str(report)
