"""Ledgers that are read by one list call, for those who only look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flink_components.kube.api import NotFound
from flink_components.kube.listed import ListedApi
from flink_components.lifecycle.ledger import KIND, records
from flink_components.plan.record import Record
from tests.unit.doubles.wire import Answer, Fault
from tests.unit.doubles.world import NAMESPACE, Process, World, calls_to

KEYS = ("payments/a", "payments/b", "payments/c")


@pytest.fixture
def process(tmp_path: Path) -> Process:
    made = Process(World(tmp_path))
    for key in KEYS:
        made.anchor(key)
    made.wire.calls.clear()
    return made


def listed(process: Process, **options: Any) -> ListedApi:
    return ListedApi(process.api(None), KIND, monotonic=process.world.clock.monotonic, **options)


def read(process: Process, api: ListedApi, key: str) -> Record | None:
    return replace(process.ledger(key), api=api).read()


def test_all_ledgers_of_a_namespace_come_by_one_call(process: Process) -> None:
    api = listed(process)
    found = [read(process, api, key) for key in (*KEYS, "payments/none")]
    assert [record.key if record else None for record in found] == [*KEYS, None]
    assert [one.key for one in records(api, NAMESPACE, "job", Record)] == list(KEYS)
    assert records(api, NAMESPACE, "cluster", Record) == []
    assert [str(call) for call in process.wire.calls] == [
        "#1 GET /apis/coordination.k8s.io/v1/namespaces/payments/leases"
    ]


def test_what_was_listed_is_listed_again_after_a_while(process: Process) -> None:
    api = listed(process, fresh=15.0)
    assert read(process, api, "payments/d") is None
    Process(process.world).anchor("payments/d")
    assert read(process, api, "payments/d") is None
    process.world.advance(16)
    assert read(process, api, "payments/d") is not None


def test_where_listing_is_not_allowed_each_is_read_by_itself(process: Process) -> None:
    forbidden = Answer(403, {"message": "leases is forbidden"})
    process.inject(forbidden, calls_to("GET", "/leases"), 9)
    api = listed(process)
    assert [read(process, api, key) is not None for key in KEYS] == [True, True, True]


def test_an_api_server_that_was_away_is_asked_again(process: Process) -> None:
    process.inject(Fault.REFUSED, calls_to("GET", "/leases"))
    api = listed(process)
    with pytest.raises(Exception, match="does not answer"):
        read(process, api, "payments/a")
    assert read(process, api, "payments/a") is not None


def test_what_one_reader_changes_no_other_sees(process: Process) -> None:
    api = listed(process)
    name = process.ledger("payments/a").name
    api.get("Lease", NAMESPACE, name)["metadata"].clear()
    assert api.get("Lease", NAMESPACE, name)["metadata"]["name"] == name
    with pytest.raises(NotFound):
        api.get("Lease", NAMESPACE, "other")
