"""The image of the process that holds a pod's namespaces: it only waits to be ended."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from sandbox.images import tools
from sandbox.images.archive import ImageConfig, LayerWriter, write_image
from sandbox.paths import CACHE
from sandbox.progress import SandboxError, step

PAUSE_IMAGE = "docker.io/flink-sandbox/pause:1"
"""Name under which a node finds the image after the import."""

_HERE = Path(__file__).parent


def pause() -> Path:
    """Return the docker-archive of the pause image, made by gcc or else Go if it is missing.

    Raises SandboxError when there is neither.
    """
    digest = hashlib.sha256()
    for source in ("archive.py", "pause.c", "pause.go", "pause.py"):
        digest.update((_HERE / source).read_bytes())
    path = CACHE / "images" / f"pause-{digest.hexdigest()[:12]}.tar"
    if path.is_file():
        return path
    with tools.locked(path.parent / ".pause.lock"):
        if not path.is_file():
            _make(path)
    return path


def _make(path: Path) -> None:
    with (
        step("image pause: building", "image pause: built"),
        tools.scratch(path.parent) as work,
    ):
        _compile(work / "pause")
        layer = LayerWriter(work / "layer.tar")
        layer.file("pause", (work / "pause").read_bytes(), mode=0o755)
        made = work / "image.tar"
        write_image(made, PAUSE_IMAGE, [layer.finish()], ImageConfig(entrypoint=["/pause"]))
        for older in path.parent.glob("pause-*.tar"):
            older.unlink()
        made.rename(path)


def _compile(target: Path) -> None:
    if shutil.which("gcc"):
        command = ["gcc", "-static", "-Os", "-s", "-o", str(target), str(_HERE / "pause.c")]
        tools.run(command, "compiling pause")
    elif shutil.which("go"):
        command = ["go", "build", "-ldflags=-s -w", "-o", str(target), str(_HERE / "pause.go")]
        tools.run(["env", "CGO_ENABLED=0", *command], "compiling pause")
    else:
        raise SandboxError("the pause image needs a compiler: install gcc or Go, and try again")
