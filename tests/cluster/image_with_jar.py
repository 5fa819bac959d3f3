"""An image of Flink with a job's jar in it, on the sandbox's node."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flink_components.flink.image_jars import USER_JARS
from sandbox.images.archive import LayerWriter
from sandbox.images.flink import ensure
from sandbox.node import packages, store
from sandbox.node.layout import CONTAINERD_SOCKET

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


@contextmanager
def image_with_jar(version: str, jar: Path, folder: Path) -> Iterator[str]:
    """The name of an image `flink:<version>` with the jar in usrlib; removed at the end."""
    name = f"docker.io/library/flink-with-{jar.stem}:{version}"
    archive = folder / "image.tar"
    _write(archive, name, version, _layer_of(jar, folder))
    ctr = packages.unpacked_root() / "usr/bin/ctr"
    store.load(ctr, name, archive)
    try:
        yield name
    finally:
        at = ["--address", str(CONTAINERD_SOCKET), "--namespace", "k8s.io"]
        subprocess.run([ctr, *at, "images", "remove", name], check=True, capture_output=True)


def _layer_of(jar: Path, folder: Path) -> bytes:
    layer = LayerWriter(folder / "layer.tar")
    layer.directory(USER_JARS)
    layer.file(f"{USER_JARS}/{jar.name}", jar.read_bytes())
    return layer.finish().path.read_bytes()


def _write(archive: Path, name: str, version: str, layer: bytes) -> None:
    """An OCI archive that names the layers which the node has, and holds the new one."""
    config, sizes = _config_of(ensure(version))
    config["rootfs"]["diff_ids"].append(_digest(layer))
    config["history"].append(config["history"][-1])
    blobs = {_digest(layer): layer}
    layers = [
        {"mediaType": _LAYER, "digest": digest, "size": sizes.get(digest, len(layer))}
        for digest in config["rootfs"]["diff_ids"]
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _add(blobs, config, _CONFIG),
        "layers": layers,
    }
    described = _add(blobs, manifest, _MANIFEST)
    described["annotations"] = {"io.containerd.image.name": name}
    index = {"schemaVersion": 2, "manifests": [described]}
    files = {f"blobs/{digest.replace(':', '/')}": content for digest, content in blobs.items()}
    files["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    files["index.json"] = json.dumps(index).encode()
    with tarfile.open(archive, "w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def _config_of(docker_archive: Path) -> tuple[Any, dict[str, int]]:
    """The image's configuration, and the size of each of its layers by digest."""
    with tarfile.open(docker_archive) as tar:
        (manifest,) = json.load(_member(tar, "manifest.json"))
        config = json.load(_member(tar, manifest["Config"]))
        sizes = [tar.getmember(layer).size for layer in manifest["Layers"]]
    return config, dict(zip(config["rootfs"]["diff_ids"], sizes, strict=True))


def _member(tar: tarfile.TarFile, name: str) -> io.BufferedReader:
    found = tar.extractfile(name)
    assert isinstance(found, io.BufferedReader), name
    return found


def _add(blobs: dict[str, bytes], document: object, media_type: str) -> dict[str, Any]:
    content = json.dumps(document).encode()
    digest = _digest(content)
    blobs[digest] = content
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
