"""How a savepoint or checkpoint looks on a terminal; the same values are the JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from flink_components.cli.printing import lines, table
from flink_components.flink.metadata.contents import OperatorState, Snapshot
from flink_components.flink.metadata.difference import OperatorDifference
from flink_components.flink.metadata.types import state_text

_FLINKS = {2: "1.3 to 1.10", 3: "1.11 to 1.15", 4: "1.16 to 1.20", 5: "2.0", 6: "2.1 to 2.3"}
_KINDS = {True: "savepoint", False: "checkpoint", None: None}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def facts(path: str, snapshot: Snapshot, verbose: bool) -> dict[str, Any]:
    """What a snapshot holds. The states of an operator are in it as far as they were read.

    `verbose`: its files too, and how much of them was read.
    """
    return {
        "path": path,
        "kind": _KINDS[snapshot.savepoint],
        "flink": _FLINKS[snapshot.version],
        "version": snapshot.version,
        "checkpoint id": snapshot.checkpoint_id,
        "size": snapshot.size,
        "files": len({file.path for operator in snapshot.operators for file in operator.files}),
        "movable": snapshot.movable,
        "master states": list(snapshot.master_states),
        **({"bytes read": snapshot.bytes_read} if verbose else {}),
        "operators": [_operator(operator, verbose) for operator in snapshot.operators],
    }


def print_facts(found: Mapping[str, Any]) -> None:
    """The snapshot, its operators, and what is known of their states and files."""
    lines(
        {
            **found,
            "flink": f"{found['flink']} (version {found['version']} of the format)",
            "version": None,
            "size": f"{_bytes(found['size'])} in {_places(found['files'])}",
            "files": None,
            "movable": "yes, with its directory" if found["movable"] else "no",
            "bytes read": _bytes(found["bytes read"]) if "bytes read" in found else None,
            "operators": None,
        }
    )
    print()
    table([_row(operator) for operator in found["operators"]])
    _table_of(
        [
            {"operator": _label(operator), **state}
            for operator in found["operators"]
            for state in operator["states"]
        ]
    )
    _table_of(
        [
            {
                "operator": _label(operator),
                "file": file["path"],
                "size": _bytes(file["size"]),
            }
            for operator in found["operators"]
            for file in operator.get("files", ())
        ]
    )
    for operator in found["operators"]:
        if operator["unread"]:
            print(f"\n{_label(operator)}: not all is known of its states: {operator['unread']}")


def differences(
    before: Snapshot, after: Snapshot, found: Sequence[OperatorDifference]
) -> dict[str, Any]:
    """What differs, with the sizes of the whole."""
    return {
        "checkpoint id": [before.checkpoint_id, after.checkpoint_id],
        "size": [before.size, after.size],
        "operators": [_difference(one) for one in found],
    }


def print_differences(found: Mapping[str, Any]) -> None:
    """A line for each thing that differs."""
    old, new = found["size"]
    print(f"size           {_bytes(old)} -> {_bytes(new)}")
    if not found["operators"]:
        print("operators      the same, with the same states")
    for one in found["operators"]:
        print(f"\n{_label(one)}: {one['difference']}")
        for name, (was, now) in one["fields"].items():
            print(f"  {name.replace('_', ' ')}: {_value(was)} -> {_value(now)}")
        for name, (was, now) in one["states"].items():
            print(f"  state {name}: {was or 'not there'} -> {now or 'not there'}")
        print(f"  size: {_bytes(one['size'][0])} -> {_bytes(one['size'][1])}")


def _operator(operator: OperatorState, with_files: bool) -> dict[str, Any]:
    files = [file._asdict() for file in operator.files]
    return {
        "id": operator.id,
        "uid": operator.uid,
        "name": operator.name,
        "parallelism": operator.parallelism,
        "max parallelism": operator.max_parallelism,
        "stateful": operator.stateful,
        "finished": operator.finished,
        "finished subtasks": operator.finished_subtasks,
        "size": operator.size,
        "holds": list(operator.parts),
        "keyed": list(operator.keyed),
        "states": [
            {"state": state.name, "kind": state.kind, "type": state_text(state)}
            for state in operator.states
        ],
        "unread": operator.unread or None,
        **({"files": files} if with_files else {}),
    }


def _row(operator: Mapping[str, Any]) -> dict[str, Any]:
    finished = operator["finished subtasks"]
    held = [
        f"keyed ({', '.join(operator['keyed'])})" if part == "keyed" else part
        for part in operator["holds"]
    ]
    if operator["finished"]:
        held = ["finished"]
    elif finished:
        held.append(f"{finished} of {operator['parallelism']} subtasks finished")
    return {
        "operator": operator["id"],
        "uid": operator["uid"],
        "name": operator["name"],
        "parallelism": f"{operator['parallelism']} of {operator['max parallelism']}",
        "size": _bytes(operator["size"]) if operator["stateful"] else "-",
        "holds": ", ".join(held) or "nothing",
    }


def _difference(one: OperatorDifference) -> dict[str, Any]:
    either = one.after or one.before
    assert either is not None
    what = "changed"
    if one.before is None or one.after is None:
        what = "new" if one.before is None else "gone"
        what += "" if either.stateful else ", without state"
    return {
        "id": either.id,
        "uid": either.uid,
        "name": either.name,
        "difference": what,
        "size": [one.before.size if one.before else 0, one.after.size if one.after else 0],
        "fields": {name: [_plain(was), _plain(now)] for name, was, now in one.fields},
        "states": {name: [was or None, now or None] for name, was, now in one.states},
    }


def _label(operator: Mapping[str, Any]) -> str:
    return str(operator["uid"] or operator["name"] or operator["id"])


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _table_of(rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        print()
        table(rows)


def _places(files: int) -> str:
    if files == 0:
        return "_metadata alone"
    return f"_metadata and {files} file{'' if files == 1 else 's'}"


def _bytes(size: float) -> str:
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError(size)
