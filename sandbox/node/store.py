"""The images in containerd, kept from one run of the node to the next.

containerd's root is put back to how it was right after the last import whenever the node starts,
so that neither pods of an earlier run nor a database torn by a crash are ever seen.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox.node.layout import CONTAINERD_SOCKET, IMAGE_STORE
from sandbox.progress import SandboxError, step

_DATABASES = (
    "io.containerd.metadata.v1.bolt/meta.db",
    "io.containerd.snapshotter.v1.overlayfs/metadata.db",
)
_SNAPSHOTS = "io.containerd.snapshotter.v1.overlayfs/snapshots"
_KEPT = (
    "io.containerd.content.v1.content",
    "io.containerd.metadata.v1.bolt",
    "io.containerd.snapshotter.v1.overlayfs",
)


class ImageStore:
    """containerd's root folder and the copy of its databases from when only images were in it."""

    def __init__(self, folder: Path = IMAGE_STORE) -> None:
        self._root = folder / "root"
        self._copies = folder / "kept"
        self._list = folder / "kept.json"

    def images(self) -> dict[str, str]:
        """Return the kept images: the name of each, and the file name of its archive."""
        images: dict[str, str] = self._kept().get("images", {})
        return images

    def restore(self) -> None:
        """Put the root back to what was kept. Nothing may run in it or be mounted from it."""
        kept = self._kept()
        if not kept:
            shutil.rmtree(self._root, ignore_errors=True)
            return
        for path in self._root.iterdir():
            if path.name not in _KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for snapshot in (self._root / _SNAPSHOTS).iterdir():
            if snapshot.name not in kept["snapshots"]:
                shutil.rmtree(snapshot)
        for number, database in enumerate(_DATABASES):
            shutil.copyfile(self._copies / str(number), self._root / database)

    def keep(self, images: Mapping[str, str]) -> None:
        """Keep the root as it is now, with these images in it. containerd must not run."""
        self._list.unlink(missing_ok=True)
        self._copies.mkdir(parents=True, exist_ok=True)
        for number, database in enumerate(_DATABASES):
            shutil.copyfile(self._root / database, self._copies / str(number))
        snapshots = sorted(path.name for path in (self._root / _SNAPSHOTS).iterdir())
        made = self._list.with_suffix(".new")
        made.write_text(json.dumps({"images": dict(images), "snapshots": snapshots}, indent=2))
        made.rename(self._list)

    def _kept(self) -> dict[str, dict[str, str]]:
        if not self._list.is_file():
            return {}
        kept: dict[str, dict[str, str]] = json.loads(self._list.read_text())
        return kept


def load(ctr: Path, name: str, archive: Path) -> None:
    """Import an image's archive into the running containerd, in place of an older one."""
    with step(f"image {name}: importing", f"image {name}: imported"):
        # At once, so that nothing of the older one is deleted after the store was kept.
        _ctr(ctr, "images", "remove", "--sync", name)
        _ctr(ctr, "images", "import", str(archive))
        if name not in loaded(ctr):
            raise SandboxError(f"the archive {archive} holds no image {name}: delete the file")


def loaded(ctr: Path) -> list[str]:
    """Return the names of the images in the running containerd."""
    return _ctr(ctr, "images", "list", "--quiet").split()


def _ctr(ctr: Path, *arguments: str) -> str:
    command = [str(ctr), "--address", str(CONTAINERD_SOCKET), "--namespace", "k8s.io", *arguments]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise SandboxError(f"`ctr {' '.join(arguments[:2])}` failed: {said[0]}")
    return done.stdout
