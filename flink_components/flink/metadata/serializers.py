"""Snapshots of serializers, as far as they can be read without the classes of the job."""

from flink_components.flink.metadata.contents import Serializer
from flink_components.flink.metadata.cursor import Cursor, Damage

_COMPOSITE = (911108).to_bytes(4, "big")
_NESTED = (1333245).to_bytes(4, "big") + (1).to_bytes(4, "big")
_MAP = 0x4F2C69A3D70
_DEPTH = 30
_LONGEST_OUTER = 1 << 16
_SIMPLE_VERSION = 3
"""Of a serializer without settings, of which nothing but the class is written."""
_BASE = "org.apache.flink.api.common.typeutils.base."
_HAVE_SETTINGS = ("AvroSerializerSnapshot",)
"""Of the same version, and with something written."""


class Unreadable(Exception):
    """A serializer that only its own class can read; what is behind it can't be found."""

    def __init__(self, serializer: Serializer) -> None:
        super().__init__(f"{serializer.snapshot} can't be read without its class")
        self.serializer = serializer


def serializer(cursor: Cursor) -> Serializer:
    """The next serializer. Raises Unreadable."""
    start = cursor.offset
    layout = cursor.i32("layout of a serializer")
    if layout != 2:
        raise Damage(start, "layout of a serializer", f"{layout} is unknown")
    return _versioned(cursor, 0)


def _versioned(cursor: Cursor, depth: int) -> Serializer:
    start = cursor.offset
    if depth > _DEPTH:
        raise Damage(start, "serializer", "nested too deep")
    name = cursor.utf("class of a serializer")
    version = cursor.i32("version of a serializer")
    found = Serializer(name, version)
    short = name.rpartition(".")[2].rpartition("$")[2]
    if short in ("PojoSerializerSnapshot", "KryoSerializerSnapshot"):
        return _mapped(cursor, found, depth, with_fields=short.startswith("Pojo"))
    if short == "EnumSerializerSnapshot":
        return _enum(cursor, found)
    if cursor.has(4) and cursor.buffer[cursor.at : cursor.at + 4] == _COMPOSITE:
        return _composite(cursor, found, depth)
    if version == _SIMPLE_VERSION and short not in _HAVE_SETTINGS:
        return found
    if version == 2 and name.startswith(_BASE):
        cursor.utf("class of a simple serializer")
        return found
    raise Unreadable(found)


def _composite(cursor: Cursor, found: Serializer, depth: int) -> Serializer:
    """What its class itself has written ends where the parts begin."""
    cursor.skip(8, "version of a serializer")
    cursor.has(_LONGEST_OUTER)
    place = cursor.buffer.find(_NESTED, cursor.at)
    if place < 0:
        raise Unreadable(found)
    own = cursor.raw(place - cursor.at, "serializer")
    cursor.skip(8, "parts of a serializer")
    count = cursor.count("number of parts of a serializer")
    parts = tuple(_versioned(cursor, depth + 1) for _ in range(count))
    return Serializer(found.snapshot, found.version, _class_name(own), parts)


def _class_name(own: bytes) -> str:
    """Of the class that is written, where a serializer says just that of itself."""
    if len(own) > 2 and int.from_bytes(own[:2], "big") == len(own) - 2:
        return own[2:].decode(errors="replace")
    return ""


def _mapped(cursor: Cursor, found: Serializer, depth: int, with_fields: bool) -> Serializer:
    """A class, and three maps; the first one of a POJO has its fields."""
    written = cursor.utf("class that is written")
    fields = _map(cursor, depth, with_fields)
    _map(cursor, depth, False)
    _map(cursor, depth, False)
    return Serializer(found.snapshot, found.version, written, (), fields)


def _map(
    cursor: Cursor, depth: int, with_fields: bool
) -> tuple[tuple[str, Serializer | None], ...]:
    start = cursor.offset
    if cursor.i64("start of a map") != _MAP:
        raise Damage(start, "start of a map", "another number")
    found: list[tuple[str, Serializer | None]] = []
    for _ in range(cursor.count("size of a map")):
        name = cursor.utf("name in a map")
        if cursor.flag("whether a key is there", "i8"):
            cursor.skip(cursor.count("length of a key"), "key in a map")
        value = None
        if cursor.flag("whether a value is there", "i8"):
            length = cursor.count("length of a value")
            end = cursor.offset + length
            if with_fields:
                try:
                    value = _versioned(cursor, depth + 1)
                except Unreadable as unreadable:
                    value = unreadable.serializer
            if cursor.offset > end:
                raise Damage(end, "length of a value", f"{length} is too short")
            cursor.skip(end - cursor.offset, "value in a map")
        if with_fields:
            found.append((name, value))
    return tuple(found)


def _enum(cursor: Cursor, found: Serializer) -> Serializer:
    written = cursor.utf("class of an enum")
    for _ in range(cursor.count("number of constants")):
        cursor.skip(cursor.i16("constant"), "constant")
    return Serializer(found.snapshot, found.version, written)
