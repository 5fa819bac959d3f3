"""The wheel holds the package alone, and works where nothing else of the project is."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from flink_components.java import PARTS

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(PROJECT)], check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/", 1)[0] for name in archive.namelist()}
    assert tops == {"flink_components", "flink_components-0.1.0.dist-info"}


def test_the_wheel_says_that_it_is_typed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert "flink_components/py.typed" in archive.namelist()


def test_the_wheel_holds_the_jars_and_not_their_source(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for part in PARTS:
            jar = f"flink_components/{part.folder}/{part.jar}"
            assert archive.read(jar) == part.content()
    assert not [name for name in names if "/src/" in name]


def test_the_public_names_load_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import flink_components\n"
        "print([getattr(flink_components, name).__name__ for name in flink_components.__all__])\n"
        "print(flink_components.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(wheel)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    names, file = done.stdout.splitlines()
    assert names == (
        "['ApplicationDeployment', 'ApplicationDeploymentArgs', 'Environment', 'Fleet', "
        "'FleetArgs', 'JobRef', 'SavepointSnapshot', 'SavepointSnapshotArgs', 'SessionCluster', "
        "'SessionClusterArgs', 'SessionJob', 'SessionJobArgs']"
    )
    assert file.startswith(str(wheel))
