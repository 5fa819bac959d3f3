"""The script that offers an image's jars, run by a shell on folders of the test."""

from __future__ import annotations

import subprocess
from pathlib import Path

from flink_components.kube.objects.pods import offer_image_jars
from flink_components.spec.base import load
from flink_components.spec.cluster import SessionClusterSpec


def run(script: str, image: Path) -> None:
    subprocess.run(
        ["sh", "-ec", script.replace("/opt/flink/usrlib", str(image))], check=True, cwd="/"
    )


def script(upload: Path) -> str:
    values = {"name": "etl", "namespace": "payments", "flink_version": "1.20.3"}
    spec = load(SessionClusterSpec, {**values, "config": {"web.upload.dir": str(upload)}})
    return offer_image_jars(spec)


def test_jars_of_the_image_are_offered_under_names_that_flink_lists(tmp_path: Path) -> None:
    image, upload = tmp_path / "usrlib", tmp_path / "upload"
    image.mkdir()
    (image / "fraud.jar").write_text("jar")
    (image / "notes.txt").write_text("no jar")

    run(script(upload), image)

    (offered,) = (upload / "flink-web-upload").iterdir()
    assert offered.name == "image_fraud.jar"
    assert offered.read_text() == "jar"


def test_an_image_without_jars_is_no_error(tmp_path: Path) -> None:
    run(script(tmp_path / "upload"), tmp_path / "usrlib")

    assert list((tmp_path / "upload" / "flink-web-upload").iterdir()) == []


def test_a_second_start_of_the_container_offers_the_same(tmp_path: Path) -> None:
    image, upload = tmp_path / "usrlib", tmp_path / "upload"
    image.mkdir()
    (image / "fraud.jar").write_text("jar")

    run(script(upload), image)
    run(script(upload), image)

    assert [path.name for path in (upload / "flink-web-upload").iterdir()] == ["image_fraud.jar"]
