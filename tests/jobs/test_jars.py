"""The jars of the example jobs: small, complete, the same each time."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from examples.jobs import jars

CLASS_FILE_OF_JAVA_8 = 52


@pytest.fixture(scope="module")
def built() -> dict[str, Path]:
    return jars.build()


@pytest.mark.parametrize("name", jars.JARS)
def test_a_jar_names_its_main_class_and_holds_it(built: dict[str, Path], name: str) -> None:
    with zipfile.ZipFile(built[name]) as jar:
        manifest = jar.read("META-INF/MANIFEST.MF").decode()
        entry = f"org.flinkcomponents.examples.{jars.JARS[name]}"
        assert f"Main-Class: {entry}\n" in manifest
        assert f"{entry.replace('.', '/')}.class" in jar.namelist()


@pytest.mark.parametrize("name", jars.JARS)
def test_a_jar_is_below_100_kilobytes(built: dict[str, Path], name: str) -> None:
    assert built[name].stat().st_size < 100_000


def test_jars_differ_from_each_other(built: dict[str, Path]) -> None:
    assert len({path.read_bytes() for path in built.values()}) == 8


def test_classes_run_on_java_8(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["stateful-v1"]) as jar:
        classes = [jar.read(name) for name in jar.namelist() if name.endswith(".class")]
    assert {int.from_bytes(content[6:8], "big") for content in classes} == {CLASS_FILE_OF_JAVA_8}


def test_times_in_a_jar_are_fixed(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["stateful-v1"]) as jar:
        assert {entry.date_time for entry in jar.infolist()} == {(2020, 1, 1, 0, 0, 0)}
