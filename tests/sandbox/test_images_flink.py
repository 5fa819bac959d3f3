"""The Flink images themselves: from the cache, or made now."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sandbox import images
from sandbox.images import class_archives, flink
from sandbox.images.archive import ImageConfig
from sandbox.images.flink import container_settings
from sandbox.progress import SandboxError


@pytest.mark.parametrize(
    "shipped",
    [
        "jobmanager:\n  bind-host: localhost\n  rpc:\n    # a comment: x\n    address: localhost\n"
        "taskmanager:\n  bind-host: localhost\n  host: localhost\n  memory:\n    process:\n"
        "      size: 1728m\nrest:\n  # port: 8081\n  address: localhost\n",
        "# a comment: x\njobmanager.bind-host: localhost\njobmanager.rpc.address: localhost\n"
        "taskmanager.bind-host: localhost\n\ntaskmanager.host: localhost\n"
        "taskmanager.memory.process.size: 1728m\n#rest.port: 8081\nrest.address: localhost\n",
    ],
    ids=["nested", "flat"],
)
def test_shipped_settings_listen_everywhere_in_a_container(shipped: str) -> None:
    assert container_settings(shipped).splitlines() == [
        "jobmanager.bind-host: 0.0.0.0",
        "jobmanager.rpc.address: localhost",
        "taskmanager.bind-host: 0.0.0.0",
        "taskmanager.memory.process.size: 1728m",
        "rest.address: 0.0.0.0",
    ]


def test_an_unknown_version_is_named_with_those_that_there_are() -> None:
    with pytest.raises(SandboxError, match=r"no Flink '1\.16\.0' .* 1\.20\.3, 2\.0\.2, 2\.3\.0"):
        images.ensure("1.16.0")


def read(path: Path, name: str) -> Any:
    with tarfile.open(path) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return json.load(file)


def flink_layer(path: Path) -> dict[str, tarfile.TarInfo]:
    (manifest,) = read(path, "manifest.json")
    with tarfile.open(path) as archive:
        layer = archive.extractfile(manifest["Layers"][1])
        with tarfile.open(fileobj=layer) as files:
            return {entry.name: entry for entry in files}


@pytest.mark.parametrize("version", images.DEFAULT_VERSIONS)
def test_an_image_has_the_official_name_and_place(version: str) -> None:
    path = images.ensure(version)
    (manifest,) = read(path, "manifest.json")
    config = read(path, manifest["Config"])["config"]
    assert manifest["RepoTags"] == [f"flink:{version}"]
    assert config["Entrypoint"] == ["/docker-entrypoint.sh"]
    assert "FLINK_HOME=/opt/flink" in config["Env"]
    assert "JAVA_HOME=/opt/java/openjdk" in config["Env"]


@pytest.mark.parametrize("version", images.DEFAULT_VERSIONS)
def test_an_image_holds_a_flink_that_belongs_to_its_user(version: str) -> None:
    files = flink_layer(images.ensure(version))
    assert files["opt/flink/bin/jobmanager.sh"].mode == 0o755
    assert files["docker-entrypoint.sh"].mode == 0o755
    wanted = {
        f"opt/flink/lib/flink-dist-{version}.jar",
        f"opt/flink/opt/flink-s3-fs-hadoop-{version}.jar",
        "opt/flink/bin/bash-java-utils.jar",
        "opt/flink/conf/config.yaml",
        "opt/flink/conf/log4j-console.properties",
        "opt/flink/plugins/metrics-prometheus",
        "opt/flink/log",
    }
    assert wanted <= files.keys()
    owners = {entry.uid for name, entry in files.items() if name.startswith("opt/flink")}
    assert owners == {9999}


def test_images_of_two_versions_share_their_base() -> None:
    bases = set()
    for version in images.DEFAULT_VERSIONS:
        (manifest,) = read(images.ensure(version), "manifest.json")
        bases.add(manifest["Layers"][0])
    assert len(bases) == 1


def test_the_pause_image_is_small_and_starts_its_only_program() -> None:
    path = images.pause()
    (manifest,) = read(path, "manifest.json")
    assert manifest["RepoTags"] == [images.PAUSE_IMAGE]
    assert read(path, manifest["Config"])["config"]["Entrypoint"] == ["/pause"]
    assert path.stat().st_size < 5_000_000


def test_an_image_is_made_without_class_archives_where_flink_can_not_be_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> Path:
        raise SandboxError("no namespaces here")

    monkeypatch.setattr(class_archives, "dump", fails)
    assert flink.class_layers("1.20.3", [], ImageConfig(entrypoint=[]), tmp_path) == []
    assert capsys.readouterr().out == (
        "image flink:1.20.3: without class archives, so that Flink starts slower: "
        "no namespaces here\n"
    )
