"""Writes layers and docker-archive files, byte for byte the same from the same content."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import stat
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.progress import SandboxError

EPOCH = 1_577_836_800
"""Time stamp of everything that has none of its own: 2020-01-01 UTC."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Layer:
    """A finished layer: an uncompressed tar and the sha256 of its bytes in hex."""

    path: Path
    digest: str


@dataclass(frozen=True)
class ImageConfig:
    """What a container of the image starts with."""

    entrypoint: Sequence[str]
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = "/"
    ports: Sequence[str] = ()


class LayerWriter:
    """Collects files into a layer; ``finish`` returns it.

    Entries are written in the order they are added. Owners are numbers, names are left out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tar = tarfile.open(path, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115

    def directory(self, name: str, mode: int = 0o755, owner: int = 0) -> None:
        """Add an empty directory."""
        self._tar.addfile(_entry(name, tarfile.DIRTYPE, mode, owner))

    def file(self, name: str, content: bytes, mode: int = 0o644, owner: int = 0) -> None:
        """Add a file with this content."""
        entry = _entry(name, tarfile.REGTYPE, mode, owner)
        entry.size = len(content)
        self._tar.addfile(entry, io.BytesIO(content))

    def link(self, name: str, target: str, owner: int = 0) -> None:
        """Add a symbolic link."""
        entry = _entry(name, tarfile.SYMTYPE, 0o777, owner)
        entry.linkname = target
        self._tar.addfile(entry)

    def tree(
        self,
        root: Path,
        name: str = "",
        *,
        owner: int | None = None,
        skip: Iterable[str] = (),
        keep_times_before: float = 0.0,
    ) -> None:
        """Add a directory and all in it, sorted by path.

        ``owner`` replaces every owner (default: as on disk). Paths in ``skip``, relative to
        ``root``, are left out with all below. A file keeps its time if that is earlier than
        ``keep_times_before`` (seconds since 1970; default: none does). Devices and sockets are
        left out.
        """
        skipped = {root / path for path in skip}
        links: dict[int, str] = {}
        for path in _walk(root, skipped):
            arcname = str(Path(name) / path.relative_to(root))
            self._add_from_disk(path, arcname, owner, keep_times_before, links)

    def _add_from_disk(
        self, path: Path, arcname: str, owner: int | None, keep: float, links: dict[int, str]
    ) -> None:
        info = path.lstat()
        if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode) or path.is_symlink()):
            return
        kind = tarfile.DIRTYPE if stat.S_ISDIR(info.st_mode) else tarfile.REGTYPE
        entry = _entry(arcname, kind, stat.S_IMODE(info.st_mode), 0)
        entry.uid, entry.gid = (info.st_uid, info.st_gid) if owner is None else (owner, owner)
        if info.st_mtime < keep:
            entry.mtime = int(info.st_mtime)
        if path.is_symlink():
            entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
        elif kind == tarfile.REGTYPE and info.st_ino in links:
            entry.type, entry.linkname = tarfile.LNKTYPE, links[info.st_ino]
        elif kind == tarfile.REGTYPE:
            if info.st_nlink > 1:
                links[info.st_ino] = entry.name
            entry.size = info.st_size
            with path.open("rb") as content:
                self._tar.addfile(entry, content)
            return
        self._tar.addfile(entry)

    def finish(self) -> Layer:
        """Close the tar and return it with its digest."""
        self._tar.close()
        return Layer(self._path, file_digest(self._path))


def write_image(path: Path, tag: str, layers: Sequence[Layer], config: ImageConfig) -> None:
    """Write a docker-archive of one image with one tag.

    A layer's name in it comes from its digest, so images that share a layer share it after an
    import too.
    """
    document = json.dumps(_config_document(layers, config), sort_keys=True).encode()
    config_name = f"{hashlib.sha256(document).hexdigest()}.json"
    names = [f"{layer.digest}/layer.tar" for layer in layers]
    manifest = [{"Config": config_name, "Layers": names, "RepoTags": [tag]}]
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in (
            ("manifest.json", json.dumps(manifest).encode()),
            (config_name, document),
        ):
            entry = _entry(name, tarfile.REGTYPE, 0o644, 0)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, layer in zip(names, layers, strict=True):
            entry = _entry(name, tarfile.REGTYPE, 0o644, 0)
            entry.size = layer.path.stat().st_size
            with layer.path.open("rb") as content_file:
                archive.addfile(entry, content_file)


def file_digest(path: Path) -> str:
    """Return the sha256 of a file in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _config_document(layers: Sequence[Layer], config: ImageConfig) -> dict[str, object]:
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise SandboxError(f"no images for a {machine} machine: x86_64 and aarch64 are known")
    return {
        "architecture": _ARCHITECTURES[machine],
        "os": "linux",
        "created": "2020-01-01T00:00:00Z",
        "config": {
            "Entrypoint": list(config.entrypoint),
            "Cmd": list(config.command),
            "Env": [f"{key}={value}" for key, value in config.environment.items()],
            "WorkingDir": config.working_dir,
            "ExposedPorts": {port: {} for port in config.ports},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.digest}" for layer in layers]},
        "history": [{"created": "2020-01-01T00:00:00Z"} for _ in layers],
    }


def _entry(name: str, kind: bytes, mode: int, owner: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name.strip("/") or ".")
    entry.type, entry.mode, entry.mtime = kind, mode, EPOCH
    entry.uid = entry.gid = owner
    return entry


def _walk(directory: Path, skipped: set[Path]) -> Iterable[Path]:
    for path in sorted(directory.iterdir()):
        if path in skipped:
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, skipped)
