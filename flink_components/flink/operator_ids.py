"""Operator ids, as Flink makes them: from a uid, or from the place in the job graph."""

from collections.abc import Sequence
from functools import lru_cache

_MASK = (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
_TIMES_37 = bytes(byte * 37 & 0xFF for byte in range(256))


def id_of_uid(uid: str) -> str:
    """The id of an operator with `uid(…)`: 32 hex digits, as REST and metadata show them."""
    return murmur3_x64_128(uid.encode()).hex()


def generated_id(position: int, chained_outputs: int, inputs: Sequence[str]) -> str:
    """The id of an operator without a uid.

    `position` counts the operators before it, breadth first from the sources; `chained_outputs`
    its outgoing edges inside its chain; `inputs` are the ids of its inputs, one an edge, in order.
    Nothing else enters: no name, no class, no parallelism.
    """
    made = start_of_generated(position, chained_outputs)
    for before in inputs:
        made = with_input(made, bytes.fromhex(before))
    return made.hex()


@lru_cache(maxsize=4096)
def start_of_generated(position: int, chained_outputs: int) -> bytes:
    """A generated id before the inputs have entered; that of a source."""
    return murmur3_x64_128(position.to_bytes(4, "little") * (1 + chained_outputs))


def with_input(made: bytes, before: bytes) -> bytes:
    """A generated id after one more of the inputs has entered.

    It goes both ways: given the id that came out in place of the input, it is the input.
    """
    mixed = int.from_bytes(made.translate(_TIMES_37), "big") ^ int.from_bytes(before, "big")
    return mixed.to_bytes(16, "big")


def murmur3_x64_128(data: bytes) -> bytes:
    """MurmurHash3 x64 128 with seed 0: both halves in little-endian order.

    Own code, since the libraries that have it are C extensions, and what is hashed is short.
    """
    h1 = h2 = 0
    whole = len(data) & ~15
    for start in range(0, whole, 16):
        h1 ^= _mix_k1(int.from_bytes(data[start : start + 8], "little"))
        h1 = ((_rotate(h1, 27) + h2) * 5 + 0x52DCE729) & _MASK
        h2 ^= _mix_k2(int.from_bytes(data[start + 8 : start + 16], "little"))
        h2 = ((_rotate(h2, 31) + h1) * 5 + 0x38495AB5) & _MASK
    h1 ^= _mix_k1(int.from_bytes(data[whole : whole + 8], "little"))
    h2 ^= _mix_k2(int.from_bytes(data[whole + 8 :], "little"))
    h1, h2 = h1 ^ len(data), h2 ^ len(data)
    h1 = (h1 + h2) & _MASK
    h2 = (h2 + h1) & _MASK
    h1, h2 = _finish(h1), _finish(h2)
    h1 = (h1 + h2) & _MASK
    h2 = (h2 + h1) & _MASK
    return h1.to_bytes(8, "little") + h2.to_bytes(8, "little")


def _mix_k1(k: int) -> int:
    return _rotate(k * _C1 & _MASK, 31) * _C2 & _MASK


def _mix_k2(k: int) -> int:
    return _rotate(k * _C2 & _MASK, 33) * _C1 & _MASK


def _rotate(value: int, by: int) -> int:
    return (value << by | value >> (64 - by)) & _MASK


def _finish(k: int) -> int:
    k = (k ^ k >> 33) * 0xFF51AFD7ED558CCD & _MASK
    k = (k ^ k >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return k ^ k >> 33
