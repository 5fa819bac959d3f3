"""The jars of the package: the same source gives the same jar, and a user needs no compiler."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from flink_components import guard, java

_PACKAGE = Path(java.__file__).parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the source without a jar."""
    copy = tmp_path / "flink_components"
    copy.mkdir()
    shutil.copyfile(_PACKAGE / "java.py", copy / "java.py")
    for part in java.PARTS:
        shutil.copytree(_PACKAGE / part.folder / "src", copy / part.folder / "src")
    return copy


@pytest.fixture
def copied(checkout: Path) -> Iterator[ModuleType]:
    """The module of that copy, loaded alone, as the build of the wheel does."""
    spec = importlib.util.spec_from_file_location("_copied_java", checkout / "java.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_same_source_gives_the_same_bytes(copied: ModuleType) -> None:
    assert copied.GUARD.content() == guard.jar()
    assert copied.GUARD.fingerprint() == guard.fingerprint()


def test_a_jar_runs_on_java_8_and_later() -> None:
    with zipfile.ZipFile(java.GUARD.built()) as jar:
        classes = [jar.read(name) for name in jar.namelist() if name.endswith(".class")]
    assert {int.from_bytes(one[6:8], "big") for one in classes} == {52}


def test_a_changed_source_is_compiled_again(copied: ModuleType, checkout: Path) -> None:
    before, known = copied.GUARD.content(), copied.GUARD.fingerprint()
    added = checkout / "guard/src/org/flinkcomponents/guard/Added.java"
    added.write_text("package org.flinkcomponents.guard; final class Added {}\n")
    assert copied.GUARD.fingerprint() != known
    assert copied.GUARD.content() != before


def test_a_jar_without_its_source_is_used_as_it_is(copied: ModuleType, checkout: Path) -> None:
    made, known = copied.GUARD.content(), copied.GUARD.fingerprint()
    shutil.rmtree(checkout / "guard" / "src")
    assert (copied.GUARD.content(), copied.GUARD.fingerprint()) == (made, known)


def test_a_missing_jar_is_said(copied: ModuleType, checkout: Path) -> None:
    shutil.rmtree(checkout / "guard" / "src")
    with pytest.raises(copied.JavaPartMissing) as error:
        copied.GUARD.content()
    assert str(error.value) == (
        "guard.jar is not in this installation of flink-components: install it again from its wheel"
    )


def test_a_missing_compiler_is_said(copied: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(copied.JavaPartMissing) as error:
        copied.GUARD.content()
    assert str(error.value) == (
        "guard.jar can't be compiled, since there is no javac: install a JDK (11 or later), or "
        "install flink-components from its wheel"
    )


def test_source_that_does_not_compile_is_said_in_a_line(copied: ModuleType, checkout: Path) -> None:
    (checkout / "guard/src/Broken.java").write_text("class Broken {\n")
    with pytest.raises(copied.JavaPartMissing, match=r"can't be compiled: .*Broken\.java"):
        copied.GUARD.content()
