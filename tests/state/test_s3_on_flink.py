"""State in S3 on real Flinks, with the options and variables that the package renders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from examples.jobs.jars import build
from flink_components.flink.rest import FlinkClient
from flink_components.flink.state_storage import storage_options
from flink_components.spec.base import load
from flink_components.spec.options import written
from flink_components.spec.state_storage import StateStorage
from sandbox.images import DEFAULT_VERSIONS
from tests import flink_jobs
from tests.cluster.object_store import ObjectStore, object_store
from tests.local_flink import LocalFlink

BUCKET = "acme-flink"


@dataclass
class WithStore:
    """A Flink whose state is in an S3 of its own."""

    flink: LocalFlink
    store: ObjectStore
    storage: StateStorage
    output: Path

    @property
    def client(self) -> FlinkClient:
        return FlinkClient(self.flink.url, requests.Session(), self.flink.version)

    def start(self, savepoint: str | None = None, interval: int = 300) -> str:
        """A job with a checkpoint every so many milliseconds, once all of it runs."""
        args = ["--output", str(self.output), "--rate", "100"]
        args += ["--checkpoint-interval", str(interval)]
        jar = build()["stateful-v1"]
        job = flink_jobs.run(self.flink.url, jar, args, savepoint=savepoint)
        flink_jobs.until("all of the job", 30, lambda: self.client.job(job).all_running)
        return job

    def checkpoints(self) -> list[str]:
        return [
            key for key in self.store.keys(BUCKET, "prod/checkpoints/") if key.endswith("_metadata")
        ]


@pytest.fixture(scope="module", params=DEFAULT_VERSIONS)
def with_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WithStore]:
    folder = tmp_path_factory.mktemp("flink")
    with object_store() as store:
        store.client.create_bucket(Bucket=BUCKET)
        access = {"endpoint": store.endpoint, "path_style": True, "keys": {"secret": "s3-keys"}}
        storage = load(StateStorage, {"uri": f"s3://{BUCKET}/prod", "s3": access})
        config = {
            **{name: written(value) for name, value in storage_options(storage).items()},
            "state.checkpoints.dir": storage.checkpoint_dir,
            "state.savepoints.dir": storage.savepoint_dir,
        }
        # As a pod gets them from the Secret; nothing of them is in the configuration.
        variables = {name: store.variables[name] for name in storage.variables}
        plugin = storage.plugin_name
        assert plugin is not None
        made = LocalFlink(
            request.param, folder, config=config, plugins=[plugin], variables=variables
        )
        with made as flink:
            yield WithStore(flink, store, storage, folder / "output")


@pytest.mark.newest_alone
def test_checkpoints_and_savepoints_go_to_s3_and_a_job_starts_from_there(
    with_store: WithStore,
) -> None:
    job, client = with_store.start(), with_store.client
    flink_jobs.until("a checkpoint in S3", 30, lambda: with_store.checkpoints() != [])
    client.stop(job, f"{with_store.storage.savepoint_dir}/one", "1" * 32)
    flink_jobs.until("savepoint", 30, lambda: client.savepoint_result(job, "1" * 32).done)
    result = client.savepoint_result(job, "1" * 32)
    assert result.failure is None
    assert str(result.location).startswith("s3://acme-flink/prod/savepoints/one/savepoint-")
    again = with_store.start(savepoint=result.location)
    restored = flink_jobs.until("restored", 10, lambda: client.checkpoints(again).restored)
    assert restored == result.location
    flink_jobs.cancel_all(with_store.flink.url)


@pytest.mark.newest_alone
def test_an_s3_that_is_away_is_said_in_seconds(with_store: WithStore) -> None:
    # No checkpoint fails before the savepoint, which would restart the job.
    job, client = with_store.start(interval=600_000), with_store.client
    with_store.store.stop()
    client.savepoint(job, with_store.storage.savepoint_dir, "2" * 32)
    flink_jobs.until("an answer", 25, lambda: client.savepoint_result(job, "2" * 32).done)
    assert "Connection refused" in str(client.savepoint_result(job, "2" * 32).failure)
