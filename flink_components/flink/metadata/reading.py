"""Reads `_metadata` of versions 2 to 6: what a savepoint or checkpoint is made of.

The file is read once from front to back; state that lies in it is stepped over.
"""

from dataclasses import replace

from flink_components.flink.metadata.contents import OperatorState, Snapshot
from flink_components.flink.metadata.cursor import (
    Cursor,
    Damage,
    MetadataError,
    MissingFile,
    UnreadableFile,
)
from flink_components.flink.metadata.files import SnapshotFiles
from flink_components.flink.metadata.handles import (
    METADATA,
    Tally,
    channel_state,
    keyed_state,
    operator_state,
    stream,
)
from flink_components.flink.metadata.properties import is_savepoint
from flink_components.spec.state_access import StateAccess

_VERSIONS = range(2, 7)
_MAGIC = 0x4960672D
_MASTER_MAGIC = 0xC96B1696 - (1 << 32)
_PARTS = ("coordinator", "operator", "raw operator", "keyed", "raw keyed", "channel")
_WITH_COORDINATORS = 3
"""And with channel state."""
_WITH_PROPERTIES = 4
_WITH_NAMES = 5
_WITH_TAGGED_CHANNELS = 6


def read_snapshot(location: str, access: StateAccess | None = None) -> Snapshot:
    """The savepoint or checkpoint in a directory; its `_metadata` may be given, too.

    `access` says how its storage is reached from here, where that is declared.

    Raises MetadataError where it is missing, damaged or of an unknown version, and StorageError
    where its storage can't be read from here.
    """
    with SnapshotFiles(access) as files:
        return read_metadata(location, files)


def read_metadata(location: str, files: SnapshotFiles) -> Snapshot:
    """The same by files that stay open for whoever reads on."""
    path = metadata_path(location)
    try:
        found = _snapshot(Cursor(files.metadata(path)), path)
    except Damage as damage:
        raise MetadataError(f"{path} is damaged {damage}; use another snapshot") from None
    except MissingFile as error:
        raise MissingFile(f"{error}; give the directory of one savepoint or checkpoint") from None
    except UnreadableFile as error:
        raise UnreadableFile(
            f"{error}; it is read {files.by}: see that it can be reached so"
        ) from error
    return replace(found, bytes_read=files.bytes_read)


def metadata_path(location: str) -> str:
    """Where the metadata of a snapshot lies."""
    directory = location.rstrip("/").removesuffix(f"/{METADATA}")
    return f"{directory}/{METADATA}"


def _snapshot(cursor: Cursor, path: str) -> Snapshot:
    if cursor.i32("magic number") != _MAGIC:
        raise MetadataError(
            f"{path} is not the metadata of a snapshot; give the directory of a savepoint or "
            f"checkpoint"
        )
    version = cursor.i32("version")
    if version not in _VERSIONS:
        raise MetadataError(
            f"{path} is of version {version} of the format: "
            "versions 2 to 6 (Flink 1.3 to 2.3) can be read; use a snapshot of such a Flink"
        )
    number = cursor.i64("number of the checkpoint")
    masters = [_master(cursor) for _ in range(cursor.count("number of master states"))]
    operators = [
        _operator(cursor, version, place + 1)
        for place in range(cursor.count("number of operators"))
    ]
    savepoint = is_savepoint(cursor) if version >= _WITH_PROPERTIES else None
    return Snapshot(version, number, tuple(operators), savepoint, tuple(masters))


def _master(cursor: Cursor) -> str:
    start = cursor.offset
    if cursor.i32("magic number of a master state") != _MASTER_MAGIC:
        raise Damage(start, "magic number of a master state", "another number")
    length = cursor.count("length of a master state")
    end = cursor.offset + length
    cursor.skip(4, "version of a master state")
    name = cursor.utf("name of a master state")
    if cursor.offset > end:
        raise Damage(start, "length of a master state", f"{length} is too short")
    cursor.skip(end - cursor.offset, "master state")
    return name


def _operator(cursor: Cursor, version: int, place: int) -> OperatorState:
    which = f"operator {place}"
    try:
        name = uid = None
        if version >= _WITH_NAMES:
            name = cursor.utf("name") or None
            uid = cursor.utf("uid") or None
        identifier = cursor.raw(16, "id").hex()
        which = f"operator {uid or name or identifier}"
        parallelism = cursor.i32("parallelism")
        max_parallelism = cursor.i32("max parallelism")
        if not 0 < parallelism <= max_parallelism:
            given = f"parallelism {parallelism} of at most {max_parallelism}"
            raise Damage(cursor.offset - 8, "parallelism", given)
        tally = Tally()
        _before_subtasks(cursor, tally, version)
        finished_subtasks = _subtasks(cursor, tally, parallelism, version)
    except Damage as damage:
        raise damage.within(which) from None
    return OperatorState(
        id=identifier,
        uid=uid,
        name=name,
        parallelism=parallelism,
        max_parallelism=max_parallelism,
        finished=finished_subtasks is None,
        finished_subtasks=parallelism if finished_subtasks is None else finished_subtasks,
        size=tally.size,
        parts=tuple(part for part in _PARTS if part in tally.parts),
        keyed=tuple(sorted(tally.keyed)),
        states=tally.states(),
        files=tally.files(),
        keyed_head=tally.keyed_head,
        operator_head=tally.operator_head,
    )


def _before_subtasks(cursor: Cursor, tally: Tally, version: int) -> None:
    if version < _WITH_COORDINATORS:
        cursor.skip(4, "length of a chain")
        return
    coordinator = stream(cursor, tally.own)
    if coordinator is not None:
        tally.parts.add("coordinator")
        tally.size += coordinator.new


def _subtasks(cursor: Cursor, tally: Tally, parallelism: int, version: int) -> int | None:
    """How many of them have finished; None where the operator has as a whole."""
    count = cursor.i32("number of subtasks")
    if count == -1 and version >= _WITH_COORDINATORS:
        return None
    if not 0 <= count <= parallelism:
        raise Damage(cursor.offset - 4, "number of subtasks", f"{count} of {parallelism}")
    finished = 0
    for _ in range(count):
        index = cursor.i32("index of a subtask")
        if not -parallelism <= index < parallelism:
            raise Damage(cursor.offset - 4, "index of a subtask", f"{index} of {parallelism}")
        if index < 0:
            finished += 1
        else:
            _subtask(cursor, tally, version)
    return finished


def _subtask(cursor: Cursor, tally: Tally, version: int) -> None:
    if version < _WITH_COORDINATORS:
        cursor.skip(8, "duration")
        if cursor.i32("number of states of Flink 1.1"):
            raise Damage(cursor.offset - 4, "number of states of Flink 1.1", "can't be read")
    for part in ("operator", "raw operator"):
        if cursor.flag(f"whether there is {part} state"):
            operator_state(cursor, tally, part)
    for part in ("keyed", "raw keyed"):
        keyed_state(cursor, tally, part)
    if version >= _WITH_COORDINATORS:
        tagged = version >= _WITH_TAGGED_CHANNELS
        channel_state(cursor, tally, tagged)
        channel_state(cursor, tally, tagged)
