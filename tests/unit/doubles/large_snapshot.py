"""A real checkpoint with much state: its files are as long as wanted, and hold little."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.unit.doubles.judged_job import SNAPSHOT
from tests.unit.flink_metadata.writer import i64, utf

METADATA = "_metadata"


def state_files() -> list[Path]:
    """Those of the checkpoint."""
    return [path for path in sorted(SNAPSHOT.iterdir()) if len(path.name) == 36]


def metadata(size: int) -> bytes:
    """What it says where each of its files has so many bytes; Flink writes a name, then a size."""
    content = (SNAPSHOT / METADATA).read_bytes()
    for path in state_files():
        name, before = utf(path.name), i64(path.stat().st_size)
        assert name + before in content
        content = content.replace(name + before, name + i64(size))
    return content


def write(folder: Path, size: int) -> None:
    """The checkpoint in a folder; each of its files has so many bytes and takes hardly any."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / METADATA).write_bytes(metadata(size))
    for path in state_files():
        shutil.copyfile(path, folder / path.name)
        os.truncate(folder / path.name, size)
