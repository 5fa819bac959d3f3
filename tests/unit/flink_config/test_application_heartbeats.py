"""TaskManagers notice soon that their JobManager has started again, where nothing else tells."""

from __future__ import annotations

import pytest

from flink_components.flink.application_config import application_options
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load

BASE = {
    "name": "fraud",
    "namespace": "payments",
    "key": "payments/fraud",
    "flink_version": "1.20.3",
    "image": "acme/fraud:4.2.0",
    "jar": "local:///opt/flink/usrlib/fraud.jar",
    "savepoint_dir": "s3://acme/savepoints",
}


@pytest.mark.parametrize(
    ("more", "interval", "timeout"),
    [
        ({}, 3000, 15000),
        ({"config": {"heartbeat.timeout": "60 s"}}, 3000, "60 s"),
        ({"high_availability": {"storage_dir": "s3://acme/ha"}}, None, None),
    ],
    ids=["without-high-availability", "as-the-user-says", "with-high-availability"],
)
def test_heartbeats_are_quick_only_where_they_are_needed(
    more: dict[str, object], interval: object, timeout: object
) -> None:
    spec = load(ApplicationSpec, {**BASE, **more})
    options = application_options(spec, rpc_address="fraud", cluster_id="fraud", agent="-agent")
    assert options.get("heartbeat.interval") == interval
    assert options.get("heartbeat.timeout") == timeout
