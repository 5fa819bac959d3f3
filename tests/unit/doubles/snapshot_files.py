"""The beginning of real `_metadata` files."""

from __future__ import annotations

import os
import struct
from pathlib import Path

MAGIC = 0x4960672D


def metadata(number: int, magic: int = MAGIC) -> bytes:
    """What is read of the metadata of a snapshot with that number."""
    return struct.pack(">Iiq", magic, 4, number)


def write_metadata(folder: Path, number: int, at: float) -> None:
    """Writes it as Flink does at `at` (seconds since 1970)."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "_metadata"
    file.write_bytes(metadata(number))
    os.utime(file, (at, at))
