"""What is kept of a job's programs, where, and that it never stands in the way of an upgrade."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from flink_components.lifecycle.errors import LifecycleError, Refused
from flink_components.lifecycle.programs import shelf_of
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Phase
from tests.unit.doubles.fake_kube import status
from tests.unit.doubles.flink_jobs import Behaviour
from tests.unit.doubles.wire import Answer, Fault, When
from tests.unit.doubles.world import KEY, NAMESPACE, Process, World
from tests.unit.lifecycle.scenarios import running

NAME = "programs-payments-fraud-9cb4b7a5-ledger"
FORBIDDEN = Answer(*status(403, "Forbidden", 'secrets is forbidden: User "ci" cannot get it'))
NOT_KEPT = "the program was not kept for `flink-components resume` and `rollback`: "


def secret(world: World, name: str = NAME) -> Any:
    return world.kube.objects[("Secret", NAMESPACE, name)]


def kept(world: World) -> list[Any]:
    return json.loads(base64.b64decode(secret(world)["data"]["programs"]))["kept"]  # type: ignore[no-any-return]


def revisions(world: World) -> list[tuple[int, bool]]:
    return [(one["revision"], one["stable"]) for one in kept(world)]


def upgrade(world: World, entries: str, process: Process | None = None, **changes: Any) -> None:
    wish = world.wish(jar=world.jar(entries=entries), **changes)
    (process or Process(world)).ensure(wish, world.wish())


def secrets(method: str) -> When:
    return lambda call: call.method == method and "/secrets" in call.path


def test_a_program_is_in_a_secret_with_the_labels_of_a_ledger(world: World) -> None:
    running(world)
    found = secret(world)
    assert found["type"] == "Opaque"
    assert found["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "flink-components",
        "app.kubernetes.io/part-of": "flink-components",
        "flink-components/ledger": "programs",
        "flink-components/key": "payments-fraud-41992dc6",
    }
    assert found["metadata"]["annotations"] == {"flink-components/key": "payments/fraud"}


def test_it_says_all_that_is_declared_and_what_the_jar_contains(world: World) -> None:
    process = Process(world)
    process.anchor()
    wish = world.wish(config={"pipeline.object-reuse": True}, parallelism=2)
    process.ensure(wish)
    (one,) = kept(world)
    assert (one["fingerprint"], one["content"]) == (wish.fingerprint, wish.content)
    assert (one["revision"], one["stable"]) == (1, False)
    assert one["spec"] == wish.spec.model_dump(mode="json", exclude_none=True)
    assert one["spec"]["config"] == {"pipeline.object-reuse": True}


def test_passwords_are_in_the_secret_and_never_in_a_ledger(world: World) -> None:
    process = Process(world)
    process.anchor()
    hidden = {"args": ["fraud", "--password", "hunter2"], "config": {"my.password": "hunter3"}}
    process.ensure(world.wish(**hidden))
    process.ensure(world.wish(**hidden, parallelism=2), world.wish(**hidden))
    assert kept(world)[-1]["spec"]["args"] == ["fraud", "--password", "hunter2"]
    leases = [str(body) for (kind, *_), body in world.kube.objects.items() if kind == "Lease"]
    assert len(leases) == 2
    assert "hunter" not in "".join(leases)
    assert "hunter" not in "".join(process.said)


def test_the_last_three_programs_are_kept(world: World) -> None:
    running(world)
    for entries in ("2", "3", "4"):
        upgrade(world, entries)
    assert revisions(world) == [(2, True), (3, True), (4, False)]


def test_one_that_did_not_become_stable_goes_first(world: World) -> None:
    running(world)
    upgrade(world, "2")
    world.flink.behaviours["org.acme.Broken"] = Behaviour(fails="java.lang.Exception: broken")
    for number in ("3", "4"):
        with pytest.raises(LifecycleError, match="The old revision 2 runs again"):
            Process(world).ensure(
                world.wish(entry_class="org.acme.Broken", args=["fraud", number]),
                world.wish(jar=world.jar(entries="2")),
            )
    assert [one["spec"]["entry_class"] for one in kept(world)] == [
        "org.acme.Fraud",
        "org.acme.Fraud",
        "org.acme.Broken",
    ]


def test_an_up_that_finds_it_there_writes_nothing(world: World) -> None:
    running(world)
    Process(world).ensure(world.wish(), world.wish())
    process = Process(world)
    process.ensure(world.wish(), world.wish())
    assert [call.method for call in process.wire.calls if "/secrets" in call.path] == ["GET"]


def test_a_change_in_place_is_kept_too(world: World) -> None:
    running(world)
    Process(world).ensure(world.wish(savepoint_dir="file:///elsewhere"), world.wish())
    assert [one["spec"]["savepoint_dir"] for one in kept(world)] == ["file:///elsewhere"]


def test_it_is_written_beside_the_dry_run_and_before_the_submission(world: World) -> None:
    running(world)
    process = Process(world)
    process.shop = Workshop(process, world.clock, process.said.append)
    upgrade(world, "2", process)
    (run,) = [call for call in process.wire.calls if call.path.endswith("/run")]
    found = [call for call in process.wire.calls if "/secrets" in call.path]
    assert [call.method for call in found] == ["GET", "PUT"]
    assert found[-1].number < run.number


@pytest.mark.parametrize("what", [FORBIDDEN, Fault.REFUSED, Fault.LOST], ids=str)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_can_not_be_kept_does_not_fail_an_upgrade(
    method: str, what: Fault | Answer, world: World
) -> None:
    running(world)
    process = Process(world)
    process.inject(what, secrets(method))
    upgrade(world, "2", process)
    assert world.record().phase is Phase.STABLE
    (line,) = [said for said in process.said if said.startswith(NOT_KEPT)]
    assert "\n" not in line


def test_a_first_start_does_not_fail_either(world: World) -> None:
    process = Process(world)
    process.anchor()
    process.inject(FORBIDDEN, secrets("POST"))
    process.ensure(world.wish())
    assert world.record().phase is Phase.STABLE
    assert NOT_KEPT + 'secrets is forbidden: User "ci" cannot get it' in process.said


def test_one_that_was_written_by_another_meanwhile_is_written_again(world: World) -> None:
    running(world)
    process = Process(world)
    process.inject(Answer(*status(409, "Conflict", "was modified")), secrets("PUT"))
    upgrade(world, "2", process)
    assert revisions(world) == [(1, True), (2, False)]


def test_one_that_was_edited_by_hand_is_left_alone_and_said(world: World) -> None:
    running(world)
    secret(world)["data"]["programs"] = base64.b64encode(b"{hunter2").decode()
    process = Process(world)
    upgrade(world, "2", process)
    assert (
        NOT_KEPT + f"the programs of payments/fraud (Secret payments/{NAME}) can't be read: they "
        "were edited by hand; delete it, and the next upgrade makes a new one"
    ) in process.said


def test_what_a_later_version_has_kept_is_left_alone(world: World) -> None:
    running(world)
    later = json.dumps({"schema_version": 2, "key": KEY, "kept": []}).encode()
    secret(world)["data"]["programs"] = base64.b64encode(later).decode()
    process = Process(world)
    upgrade(world, "2", process)
    assert (
        NOT_KEPT + "the programs of payments/fraud were kept by a later version of "
        "flink-components: update this one"
    ) in process.said
    assert base64.b64decode(secret(world)["data"]["programs"]) == later


def test_a_refused_start_leaves_what_ran(world: World) -> None:
    running(world)
    world.flink.behaviours["org.acme.Broken"] = Behaviour(plan_refused="java.lang.Exception: x")
    with pytest.raises(Refused):
        upgrade(world, "2", entry_class="org.acme.Broken")
    assert shelf_of(Process(world).ledger()).read().of(world.wish().fingerprint) is not None


def test_a_delete_removes_the_programs(world: World) -> None:
    running(world)
    Process(world).release(world.wish())
    assert world.kube.names("Secret", NAMESPACE) == []
    assert world.record().deleted


def test_a_delete_that_may_not_remove_them_says_so_and_goes_on(world: World) -> None:
    running(world)
    process = Process(world)
    process.inject(FORBIDDEN, secrets("DELETE"))
    process.release(world.wish())
    assert world.record().deleted
    assert (
        f"Secret payments/{NAME} with the job's programs was not removed, and may hold passwords: "
        'delete it (secrets is forbidden: User "ci" cannot get it)'
    ) in process.said


def test_a_rename_takes_the_programs_of_the_old_key_away(world: World) -> None:
    running(world)
    Process(world).anchor("payments/fraud-2", previous_key=KEY)
    Process(world).ensure(world.wish(key="payments/fraud-2"), world.wish())
    (name,) = world.kube.names("Secret", NAMESPACE)
    assert [one["spec"]["key"] for one in json.loads(_data(world, name))["kept"]] == [
        "payments/fraud-2"
    ]


def _data(world: World, name: str) -> bytes:
    return base64.b64decode(secret(world, name)["data"]["programs"])
