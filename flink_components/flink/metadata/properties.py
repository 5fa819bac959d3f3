"""The `CheckpointProperties` behind the operators: an object by Java's own serialization."""

from flink_components.flink.metadata.cursor import Cursor, Damage

_MAGIC = 0xACED
_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _END, _ENUM = 0x70, 0x71, 0x72, 0x73, 0x74, 0x78, 0x7E
_SIZES = {"B": 1, "C": 2, "D": 8, "F": 4, "I": 4, "J": 8, "S": 2, "Z": 1}
_DEPTH = 20
_SAVEPOINT = "org.apache.flink.runtime.checkpoint.SavepointType"


def is_savepoint(cursor: Cursor) -> bool:
    """Reads the properties to their end; whether they are those of a savepoint."""
    start = cursor.offset
    if cursor.i16("properties") != _MAGIC or cursor.i16("properties") != 5:
        raise Damage(start, "properties", "not an object of Java")
    found = _Objects(cursor)
    found.value(0)
    return _SAVEPOINT in found.classes


class _Objects:
    """Steps over an object, and notes the classes on the way. A handle stands for what was met."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._met: list[tuple[str, ...] | None] = []
        self.classes: set[str] = set()

    def value(self, depth: int) -> None:
        """An object, a string, an enum's constant, or a reference."""
        start = self._cursor.offset
        tag = self._cursor.i8("properties")
        if depth > _DEPTH:
            raise Damage(start, "properties", "nested too deep")
        if tag == _REFERENCE:
            self._cursor.skip(4, "properties")
        elif tag == _STRING:
            self._met.append(None)
            self._cursor.utf("properties")
        elif tag == _ENUM:
            self._description(depth)
            self._met.append(None)
            self.value(depth + 1)
        elif tag == _OBJECT:
            fields = self._description(depth)
            self._met.append(None)
            for kind in fields:
                if kind in _SIZES:
                    self._cursor.skip(_SIZES[kind], "properties")
                else:
                    self.value(depth + 1)
        elif tag != _NULL:
            raise Damage(start, "properties", f"a value of the kind {tag} is not expected")

    def _description(self, depth: int) -> tuple[str, ...]:
        """The kinds of the fields of a class, in the order in which they are written."""
        cursor = self._cursor
        start = cursor.offset
        tag = cursor.i8("properties")
        if depth > _DEPTH:
            raise Damage(start, "properties", "nested too deep")
        if tag == _NULL:
            return ()
        if tag == _REFERENCE:
            number = cursor.i32("properties") - 0x7E0000
            known = self._met[number] if 0 <= number < len(self._met) else None
            if known is None:
                raise Damage(start, "properties", "a reference to no class")
            return known
        if tag != _CLASS:
            raise Damage(start, "properties", f"a class of the kind {tag} is not expected")
        self.classes.add(cursor.utf("properties"))
        cursor.skip(8, "properties")
        place = len(self._met)
        self._met.append(None)
        flags = cursor.i8("properties")
        if flags & 1:
            raise Damage(cursor.offset - 1, "properties", "a class that writes itself")
        own = [self._field(depth) for _ in range(cursor.i16("properties"))]
        if cursor.i8("properties") != _END:
            raise Damage(cursor.offset - 1, "properties", "a class with annotations")
        fields = (*self._description(depth + 1), *own)
        self._met[place] = fields
        return fields

    def _field(self, depth: int) -> str:
        kind = chr(self._cursor.i8("properties"))
        self._cursor.utf("properties")
        if kind in "L[":
            self.value(depth + 1)
        elif kind not in _SIZES:
            raise Damage(self._cursor.offset, "properties", f"a field of the kind {kind!r}")
        return kind
