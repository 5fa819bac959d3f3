"""Layers and docker-archives: what is in them, and that the same content gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.images.archive import EPOCH, ImageConfig, Layer, LayerWriter, write_image


def members(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as archive:
        return {entry.name: entry for entry in archive}


def content(path: Path, name: str) -> bytes:
    with tarfile.open(path) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return file.read()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "run.sh").write_text("#!/bin/sh\n")
    (root / "bin" / "run.sh").chmod(0o755)
    (root / "cache").mkdir()
    (root / "cache" / "big").write_text("x")
    (root / "b.txt").write_text("b")
    (root / "a.txt").symlink_to("b.txt")
    os.link(root / "b.txt", root / "c.txt")
    return root


def layer_of(tree: Path, path: Path) -> Layer:
    writer = LayerWriter(path)
    writer.tree(tree, "opt/it", owner=9999, skip=["cache"])
    return writer.finish()


def test_a_layer_has_the_digest_of_its_bytes(tree: Path, tmp_path: Path) -> None:
    layer = layer_of(tree, tmp_path / "layer.tar")
    assert layer.digest == hashlib.sha256(layer.path.read_bytes()).hexdigest()


def test_the_same_tree_at_another_time_is_the_same_layer(tree: Path, tmp_path: Path) -> None:
    first = layer_of(tree, tmp_path / "first.tar")
    os.utime(tree / "b.txt", (1, 1))
    assert layer_of(tree, tmp_path / "second.tar").digest == first.digest


def test_a_changed_file_is_another_layer(tree: Path, tmp_path: Path) -> None:
    first = layer_of(tree, tmp_path / "first.tar")
    (tree / "b.txt").write_text("B")
    assert layer_of(tree, tmp_path / "second.tar").digest != first.digest


def test_a_tree_is_sorted_and_leaves_out_what_is_skipped(tree: Path, tmp_path: Path) -> None:
    layer = layer_of(tree, tmp_path / "layer.tar")
    assert list(members(layer.path)) == [
        "opt/it/a.txt",
        "opt/it/b.txt",
        "opt/it/bin",
        "opt/it/bin/run.sh",
        "opt/it/c.txt",
    ]


def test_modes_links_and_owners_are_kept(tree: Path, tmp_path: Path) -> None:
    found = members(layer_of(tree, tmp_path / "layer.tar").path)
    assert found["opt/it/bin/run.sh"].mode == 0o755
    assert (found["opt/it/a.txt"].issym(), found["opt/it/a.txt"].linkname) == (True, "b.txt")
    assert (found["opt/it/c.txt"].islnk(), found["opt/it/c.txt"].linkname) == (True, "opt/it/b.txt")
    assert {(entry.uid, entry.gid, entry.uname) for entry in found.values()} == {(9999, 9999, "")}


def test_a_time_is_kept_only_if_it_is_older_than_asked(tree: Path, tmp_path: Path) -> None:
    os.utime(tree / "b.txt", (1_000, 1_000))
    writer = LayerWriter(tmp_path / "layer.tar")
    writer.tree(tree, keep_times_before=2_000)
    found = members(writer.finish().path)
    assert (found["b.txt"].mtime, found["bin/run.sh"].mtime) == (1_000, EPOCH)


def test_files_directories_and_links_of_its_own(tmp_path: Path) -> None:
    writer = LayerWriter(tmp_path / "layer.tar")
    writer.directory("tmp", mode=0o1777)
    writer.file("/entry.sh", b"exit\n", mode=0o755)
    writer.link("opt/java", "/usr/lib/jvm/java")
    layer = writer.finish()
    found = members(layer.path)
    assert (found["tmp"].isdir(), found["tmp"].mode) == (True, 0o1777)
    assert (found["entry.sh"].mode, content(layer.path, "entry.sh")) == (0o755, b"exit\n")
    assert found["opt/java"].linkname == "/usr/lib/jvm/java"


def image(tmp_path: Path, name: str, *contents: bytes) -> Path:
    layers = []
    for number, text in enumerate(contents):
        writer = LayerWriter(tmp_path / f"{name}-{number}.tar")
        writer.file("file", text)
        layers.append(writer.finish())
    path = tmp_path / f"{name}.image.tar"
    config = ImageConfig(
        entrypoint=["/start"],
        command=["help"],
        environment={"HOME": "/opt"},
        working_dir="/opt",
        ports=["8081/tcp"],
    )
    write_image(path, f"{name}:1", layers, config)
    return path


def manifest(path: Path) -> dict[str, Any]:
    (only,) = json.loads(content(path, "manifest.json"))
    return dict(only)


def test_an_image_has_a_tag_a_configuration_and_layers_in_order(tmp_path: Path) -> None:
    path = image(tmp_path, "one", b"lower", b"upper")
    found = manifest(path)
    document = content(path, found["Config"])
    assert found["RepoTags"] == ["one:1"]
    assert found["Config"] == f"{hashlib.sha256(document).hexdigest()}.json"
    digests = [hashlib.sha256(content(path, name)).hexdigest() for name in found["Layers"]]
    assert json.loads(document)["rootfs"] == {
        "type": "layers",
        "diff_ids": [f"sha256:{digest}" for digest in digests],
    }


def test_an_image_says_how_its_containers_start(tmp_path: Path) -> None:
    path = image(tmp_path, "one", b"lower")
    document = json.loads(content(path, manifest(path)["Config"]))
    assert document["os"] == "linux"
    assert document["config"] == {
        "Entrypoint": ["/start"],
        "Cmd": ["help"],
        "Env": ["HOME=/opt"],
        "WorkingDir": "/opt",
        "ExposedPorts": {"8081/tcp": {}},
    }


def test_images_share_the_layer_they_have_in_common(tmp_path: Path) -> None:
    one, two = image(tmp_path, "one", b"base", b"1"), image(tmp_path, "two", b"base", b"2")
    assert manifest(one)["Layers"][0] == manifest(two)["Layers"][0]
    assert manifest(one)["Layers"][1] != manifest(two)["Layers"][1]


def test_the_same_image_has_the_same_bytes(tmp_path: Path) -> None:
    first = image(tmp_path, "one", b"lower", b"upper").read_bytes()
    assert image(tmp_path, "one", b"lower", b"upper").read_bytes() == first
