"""Much state is planned by reading its metadata and the beginnings of its files alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import s3fs
from moto.s3.models import s3_backends

from flink_components.flink import storage
from flink_components.plan.state.verdict import Verdict
from tests.cluster.object_store import ObjectStore, object_store
from tests.unit.doubles import large_snapshot
from tests.unit.doubles.judged_job import SAME, JudgedJob
from tests.unit.doubles.world import World

GIBIBYTE = 1 << 30
EACH = GIBIBYTE // 8
BUCKET = "acme-flink"
_ACCOUNT = "123456789012"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """An S3, to which whatever reads s3:// in this process goes."""
    with object_store() as made:
        for name, value in made.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(storage, "_away", {})
        s3fs.S3FileSystem.clear_instance_cache()
        made.client.create_bucket(Bucket=BUCKET)
        yield made
        s3fs.S3FileSystem.clear_instance_cache()


def put(store: ObjectStore, folder: str, size: int) -> str:
    """The same checkpoint in S3, whose objects are made longer where it keeps them."""
    kept = s3_backends[_ACCOUNT]["aws"].buckets[BUCKET].keys
    metadata = large_snapshot.metadata(size)
    store.client.put_object(Bucket=BUCKET, Key=f"{folder}/_metadata", Body=metadata)
    for path in large_snapshot.state_files():
        key = f"{folder}/{path.name}"
        store.client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
        kept[key]._value_buffer.truncate(size)
        kept[key].contentsize = size
    head = store.client.head_object(Bucket=BUCKET, Key=key)
    assert head["ContentLength"] == size
    return f"s3://{BUCKET}/{folder}"


def test_a_plan_reads_a_few_kilobytes_of_a_gigabyte(world: World) -> None:
    job = JudgedJob(world)
    large_snapshot.write(job.checkpoint, EACH)
    state = job.planned(**job.next(*SAME)).state
    assert state is not None
    assert (state.verdict.verdict, state.verdict.stateful) == (Verdict.FULL, 5)
    assert state.verdict.size >= GIBIBYTE
    assert 3_271 < state.verdict.read < 100_000


def test_so_does_a_plan_of_state_in_s3(world: World, store: ObjectStore) -> None:
    job = JudgedJob(world)
    location = put(store, "checkpoints/large", EACH)
    world.flink.checkpoint(world.the_job().id).path = location
    state = job.planned(**job.next(*SAME)).state
    assert state is not None
    assert (state.verdict.verdict, state.verdict.stateful) == (Verdict.FULL, 5)
    assert state.verdict.size >= GIBIBYTE
    assert 3_271 < state.verdict.read < 100_000
