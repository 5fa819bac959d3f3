"""How an application's revisions are numbered, and what their provider refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pulumi.output import Unknown

from flink_components.kube.objects.application import fingerprint
from flink_components.plan.record import Record
from flink_components.providers import application_revision, process
from flink_components.providers.application_revision import ApplicationRevisionProvider
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from tests.unit.doubles.world import Process, World

DECLARED: dict[str, Any] = {
    "name": "fraud",
    "namespace": "payments",
    "key": "payments/fraud",
    "flink_version": "1.20.3",
    "image": "acme/fraud:4.1.3",
    "jar": "local:///opt/flink/usrlib/fraud.jar",
    "savepoint_dir": "s3://acme/savepoints",
}
BESIDE = {"connection": {}, "urn": "urn:…::fraud", "stack": "acme/flink/dev"}

Check = Callable[..., Any]


def declared(**changes: Any) -> dict[str, Any]:
    return {**DECLARED, **BESIDE, **changes}


def hashed(**changes: Any) -> str:
    return fingerprint(load(ApplicationSpec, {**DECLARED, **changes}))


@pytest.fixture
def there(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Process:
    """The API server that providers of this process talk to."""
    found = Process(World(tmp_path))
    monkeypatch.setattr(process, "workshop", lambda _: found.shop)
    monkeypatch.setattr(application_revision.process, "workshop", lambda _: found.shop)
    return found


def check(news: dict[str, Any], olds: dict[str, Any] | None = None) -> Any:
    return ApplicationRevisionProvider().check(olds or {}, news)


def number(news: dict[str, Any], olds: dict[str, Any] | None = None) -> int:
    found = check(news, olds)
    assert found.failures == []
    return int(found.inputs["number"])


def test_the_first_revision_is_one(there: Process) -> None:
    assert number(declared()) == 1


def test_what_restarts_nothing_keeps_the_number(there: Process) -> None:
    olds = declared(number=7.0, fingerprint=hashed())
    assert number(declared(labels={"team": "risk"}), olds) == 7


def test_other_pods_are_the_next_revision(there: Process) -> None:
    there.ledger().create(Record(key="payments/fraud", highest=7))
    olds = declared(number=7.0, fingerprint=hashed())
    assert number(declared(image="acme/fraud:4.2.0"), olds) == 8


def test_a_lost_state_does_not_begin_at_one_again(there: Process) -> None:
    there.ledger().create(Record(key="payments/fraud", highest=7, revisions={"7": hashed()}))
    assert number(declared(image="acme/fraud:4.2.0")) == 8
    assert number(declared()) == 7


def test_a_revert_after_a_failed_upgrade_is_a_new_revision(there: Process) -> None:
    failed = hashed(image="acme/fraud:4.2.0")
    there.ledger().create(
        Record(key="payments/fraud", highest=8, revisions={"7": hashed(), "8": failed})
    )
    olds = declared(image="acme/fraud:4.2.0", number=8.0, fingerprint=failed)
    assert number(declared(), olds) == 9


def test_a_retry_is_the_same_revision(there: Process) -> None:
    failed = hashed(image="acme/fraud:4.2.0")
    olds = declared(image="acme/fraud:4.2.0", number=8.0, fingerprint=failed)
    assert number(declared(image="acme/fraud:4.2.0"), olds) == 8


def test_every_problem_is_a_failure_of_its_own(there: Process) -> None:
    found = check(declared(parallelism=0.0, surge="no"))
    assert [failure.reason for failure in found.failures] == [
        "parallelism: must be at least 1 (given: 0)",
        "surge: must be true or false (given: 'no')",
    ]
    assert "number" not in found.inputs


def test_a_changed_key_must_name_the_old_one(there: Process) -> None:
    olds = declared(number=1.0, fingerprint=hashed())
    refused = check(declared(key="payments/other"), olds)
    assert [failure.reason for failure in refused.failures] == [
        "key: was payments/fraud and is now payments/other, which would be another job; "
        'to rename it set previous_key="payments/fraud"'
    ]
    renamed = declared(key="payments/other", previous_key="payments/fraud")
    assert check(renamed, olds).failures == []


def test_what_is_not_known_yet_has_no_number(there: Process) -> None:
    found = check(declared(image=Unknown()))
    assert found.failures == []
    assert "number" not in found.inputs


def test_a_new_connection_is_no_difference() -> None:
    made = declared(number=1.0, fingerprint=hashed())
    provider = ApplicationRevisionProvider()
    assert provider.diff("id", made, {**made, "connection": {"context": "prod"}}).changes is False
    assert provider.diff("id", made, {**made, "image": "acme/fraud:4.2.0"}).changes is None


def test_a_revision_is_in_the_ledger_before_its_objects_are_made(there: Process) -> None:
    there.ledger().create(Record(key="payments/fraud"))
    made = ApplicationRevisionProvider().create(declared(number=1.0, fingerprint="9f2c"))
    assert made.id == "payments/fraud"
    record = there.ledger().read()
    assert record is not None
    assert (record.highest, record.revisions) == (1, {"1": "9f2c"})
