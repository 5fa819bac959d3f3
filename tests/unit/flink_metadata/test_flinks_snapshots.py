"""Snapshots of real Flinks are read as Flink itself reads them."""

from __future__ import annotations

from typing import Any

import pytest

from flink_components.flink.metadata.contents import OperatorState, Snapshot, State
from flink_components.flink.metadata.heads import with_states
from flink_components.flink.metadata.reading import read_snapshot
from tests.unit.flink_metadata.golden import NAMES, expected, location

_KINDS = {
    "KeyGroupsSavepointStateHandle": "canonical",
    "KeyGroupsStateHandle": "key groups",
    "IncrementalRemoteKeyedStateHandle": "incremental",
    "ChangelogStateBackendHandleImpl": "changelog",
}
_MODES = {"SPLIT_DISTRIBUTE": "list", "UNION": "union list", "BROADCAST": "broadcast"}


def _read(name: str) -> Snapshot:
    return with_states(read_snapshot(location(name)), location(name))


def _pairs(name: str) -> list[tuple[OperatorState, dict[str, Any]]]:
    seen = {operator.id: operator for operator in _read(name).operators}
    return [(seen.pop(one["id"]), one) for one in expected(name)["operators"]] + [
        (one, {}) for one in seen.values()
    ]


def test_there_are_snapshots_of_each_version() -> None:
    assert {expected(name)["version"] for name in NAMES} == {2, 3, 4, 5, 6}


@pytest.mark.parametrize("name", NAMES)
def test_the_snapshot_is_as_flink_reads_it(name: str) -> None:
    seen, flink = _read(name), expected(name)
    assert seen.version == flink["version"]
    assert seen.checkpoint_id == flink["checkpoint_id"]
    assert list(seen.master_states) == flink["master_states"]
    assert seen.savepoint == flink.get("savepoint")


@pytest.mark.parametrize("name", NAMES)
def test_its_operators_are_as_flink_reads_them(name: str) -> None:
    for seen, flink in _pairs(name):
        fields = ("uid", "name", "parallelism", "max_parallelism", "finished", "stateful", "size")
        assert {field: getattr(seen, field) for field in fields} == {
            field: flink[field] for field in fields
        }
        assert set(seen.keyed) == {_KINDS[kind] for kind in flink["keyed"]}


@pytest.mark.parametrize("name", NAMES)
def test_its_operator_states_have_the_modes_that_flink_reads(name: str) -> None:
    for seen, flink in _pairs(name):
        assert {state.name: state.kind for state in seen.states if not _is_keyed(state)} == {
            state: _MODES[mode] for state, mode in flink["modes"].items()
        }


@pytest.mark.parametrize("name", [name for name in NAMES if "merged" not in name])
def test_its_states_have_the_kinds_and_serializers_that_flink_reads(name: str) -> None:
    for seen, flink in _pairs(name):
        only_changes = flink["keyed"] == ["ChangelogStateBackendHandleImpl"]
        assert seen.unread == ("its changes do not name their states" if only_changes else "")
        assert {state.name: _as_flink(state) for state in seen.states} == {
            state: (_kind(one), {k: v for k, v in one["serializers"].items() if _own(one, k)})
            for state, one in flink["states"].items()
        }


@pytest.mark.parametrize("name", [name for name in NAMES if "merged" in name])
def test_states_in_files_that_are_gone_are_unread(name: str) -> None:
    unread = {seen.unread for seen, flink in _pairs(name) if flink["keyed"]}
    assert unread
    assert all(one.startswith("there is no file file:/tmp/flink-snapshots/") for one in unread)


def _is_keyed(state: State) -> bool:
    return state.kind.startswith(("keyed", "timers"))


def _as_flink(state: State) -> tuple[str, dict[str, str]]:
    types = {
        f"{role.upper().replace(' ', '_')}_SERIALIZER": serializer.snapshot
        for role, serializer in state.serializers
        if not (role == "key" and _is_keyed(state))
    }
    return state.kind, types


def _kind(flink: dict[str, Any]) -> str:
    options = flink["options"]
    if "KEYED_STATE_TYPE" in options:
        return f"keyed {options['KEYED_STATE_TYPE'].lower()}"
    if "OPERATOR_STATE_DISTRIBUTION_MODE" in options:
        return _MODES[options["OPERATOR_STATE_DISTRIBUTION_MODE"]]
    return "timers"


def _own(flink: dict[str, Any], role: str) -> bool:
    """The key's type is said once for all keyed states."""
    return role != "KEY_SERIALIZER" or _kind(flink) == "broadcast"
