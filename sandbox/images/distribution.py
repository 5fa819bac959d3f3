"""A Flink distribution, put together from the Python packages that carry its parts."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

from sandbox.images import tools
from sandbox.images.versions import Release, release
from sandbox.paths import CACHE
from sandbox.progress import step


def distribution(version: str) -> Path:
    """Return the folder of an unpacked Flink (``bin conf lib log opt plugins``), made if missing.

    Where there is an S3 plugin for this version it lies in ``opt``, as in the official download.
    Raises SandboxError for an unknown version or a failed download.
    """
    packages = release(version)
    root = CACHE / "flink" / version
    if root.is_dir():
        return root
    with tools.locked(CACHE / "flink" / f".{version}.lock"):
        if root.is_dir():
            return root
        downloading = f"flink {version} distribution: downloading"
        with step(downloading, f"flink {version} distribution: downloaded"):
            _assemble(version, packages, root)
    return root


def _assemble(version: str, packages: Release, root: Path) -> None:
    with tools.scratch(root.parent) as work:
        made = work / "flink"
        made.mkdir(mode=0o755)
        (made / "log").mkdir()
        wheel = tools.pip_download(
            f"apache-flink=={version}",
            work / "wheel",
            "--only-binary=:all:",
            "--implementation=cp",
            f"--python-version={packages.wheel_python}",
            f"--platform={packages.wheel_platform}",
        )
        _take_scripts(wheel, made)
        libraries = tools.pip_download(
            f"apache-flink-libraries=={version}", work / "libraries", "--no-binary=:all:"
        )
        _take_libraries(libraries, made)
        if packages.s3_plugin:
            artifact = f"org.apache.flink:flink-s3-fs-hadoop:{packages.s3_plugin}"
            (jar,) = tools.maven_copy([artifact], work / "s3")
            # under the distribution's own version: the name that users write in their settings
            jar.rename(made / "opt" / f"flink-s3-fs-hadoop-{version}.jar")
        made.rename(root)


def _take_scripts(wheel: Path, made: Path) -> None:
    with zipfile.ZipFile(wheel) as package:
        for entry in package.infolist():
            parts = Path(entry.filename).parts
            if entry.is_dir() or parts[:2] not in {("pyflink", "bin"), ("pyflink", "conf")}:
                continue
            target = made.joinpath(*parts[1:])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(package.read(entry))
            target.chmod(0o755 if target.suffix == ".sh" or target.name == "flink" else 0o644)


def _take_libraries(sdist: Path, made: Path) -> None:
    with tarfile.open(sdist) as package:
        for entry in package:
            parts = Path(entry.name).parts[1:]
            inside = parts[1:] if parts[:1] == ("deps",) else parts
            wanted = inside in {("LICENSE",), ("NOTICE",)} or parts[:1] == ("deps",)
            source = package.extractfile(entry) if wanted and entry.isfile() else None
            if source is None or ".." in inside:
                continue
            target = made.joinpath(*inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(source, file)
            target.chmod(0o644)
