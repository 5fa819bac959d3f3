"""One life of a job on each version of Flink: `make matrix` on all, else on the oldest and newest.

Create, upgrade, suspend, resume, restore from the savepoint before, delete.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flink_components.lifecycle.history import book_of
from flink_components.plan.record import Phase
from sandbox.images.versions import VERSIONS
from tests.lifecycle.conftest import CONFIG, make_job
from tests.lifecycle.jobs import JobUnderTest
from tests.lifecycle.kubernetes import Kubernetes
from tests.local_flink import LocalFlink

pytestmark = pytest.mark.cluster

_ENDS = ("1.15.4", "2.3.0")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All versions where the whole matrix is asked for."""
    whole: bool = metafunc.config.getoption("--matrix")
    metafunc.parametrize("version", list(VERSIONS) if whole else list(_ENDS))


@pytest.fixture
def job(
    version: str, kubernetes: Kubernetes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JobUnderTest]:
    """A job on a Flink of that version."""
    folder = tmp_path_factory.mktemp(version)
    with LocalFlink(version, folder, config=CONFIG) as flink:
        name = f"matrix-{version.replace('.', '-')}"
        yield make_job(flink, kubernetes, name, folder / "job")


def test_a_job_lives_on_every_version_with_its_state(job: JobUnderTest) -> None:
    first, second = job.wish("stateful-v1"), job.wish("stateful-v2")
    job.up(first)
    job.written("v1", 50)

    job.up(second, first)
    assert (job.record.phase, job.run.revision) == (Phase.STABLE, 2)
    assert job.written("v2", 50).ok

    suspended = job.wish("stateful-v2", state="suspended")
    job.up(suspended, second)
    assert (job.record.phase, job.state()) == (Phase.SUSPENDED, "FINISHED")
    point = job.record.restore
    assert point is not None

    job.up(second, suspended)
    assert job.run.restored_from == point.path
    report = job.goes_on("v2")
    assert report.ok, str(report)

    before_the_upgrade = book_of(job.ledger).read().points[0]
    back = job.wish("stateful-v2", restore_from=before_the_upgrade.path)
    job.up(back, second)
    assert job.run.restored_from == before_the_upgrade.path
    repeated = job.goes_on("v2")
    assert (repeated.missing, repeated.duplicated != []) == ([], True)

    job.destroy(back)
    assert (job.record.deleted, job.state()) == (True, "FINISHED")
