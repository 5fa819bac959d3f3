"""A large jar reaches Flink whole, and in little memory, wherever it comes from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from examples.jobs.jars import build
from sandbox.images.archive import file_digest
from tests.cluster.ground import VERSION
from tests.cluster.object_store import object_store
from tests.local_flink import LocalFlink
from tests.unit.doubles.https import Authority, serving

MIB = 1 << 20
SIZE = 200 * MIB

# Uploads a small and a large jar, and prints by how much the second raised the peak of its memory.
UPLOAD = """
import sys
from pathlib import Path
import requests
from flink_components.flink.jar import content, fetched
from flink_components.flink.rest import FlinkClient

def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])

def upload(location, sha256):
    sha256 = sha256 if location.startswith("https://") else None
    content(location, sha256)
    with fetched(location, sha256) as path:
        flink.upload_jar(path, Path(location).name)
    return peak()

url, version, folder, small, large = sys.argv[1:]
flink = FlinkClient(url, requests.Session(), version)
print(-upload(f"{folder}/small.jar", small) + upload(f"{folder}/large.jar", large))
"""


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `small.jar`, a job, and `large.jar`, the same with much beside it."""
    folder = tmp_path_factory.mktemp("jars")
    shutil.copy(build()["stateful-v1"], folder / "small.jar")
    shutil.copy(folder / "small.jar", folder / "large.jar")
    with (
        zipfile.ZipFile(folder / "large.jar", "a") as jar,
        jar.open("model.bin", "w") as entry,
    ):
        for _ in range(SIZE // MIB):
            entry.write(os.urandom(MIB))
    return folder


@pytest.fixture(scope="module")
def flink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFlink]:
    with LocalFlink(VERSION, tmp_path_factory.mktemp("flink")) as made:
        yield made


@pytest.fixture
def folder(jars: Path) -> tuple[str, dict[str, str]]:
    """Where the jars are on this machine."""
    return str(jars), {}


@pytest.fixture
def web(jars: Path, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """An HTTPS server that has the jars, and the variable by which it is trusted."""
    authority = Authority(tmp_path)
    with serving(authority.issue("web")) as server:
        server.answers = {f"/{jar.name}": jar.read_bytes() for jar in jars.iterdir()}
        yield server.url, {"REQUESTS_CA_BUNDLE": str(authority.cert)}


@pytest.fixture
def bucket(jars: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """An S3 bucket that has the jars, and the variables by which it is found."""
    with object_store() as store:
        store.client.create_bucket(Bucket="jars")
        for jar in jars.iterdir():
            store.client.upload_file(str(jar), "jars", jar.name)
        yield "s3://jars", store.variables


@pytest.mark.parametrize("place", ["folder", "web", "bucket"])
def test_a_jar_of_200_mib_is_uploaded_whole_in_less_than_64_mib_of_memory(
    place: str, flink: LocalFlink, jars: Path, request: pytest.FixtureRequest
) -> None:
    where, variables = request.getfixturevalue(place)
    before = set(uploaded(flink))

    grown = growth(flink, jars, where, variables)

    (large,) = (path for path in set(uploaded(flink)) - before if "_large" in path.name)
    assert file_digest(large) == file_digest(jars / "large.jar")
    assert grown < 64 * MIB
    large.unlink()


def uploaded(flink: LocalFlink) -> list[Path]:
    return list((flink.workdir / "upload").rglob("*.jar"))


def growth(flink: LocalFlink, jars: Path, place: str, variables: Mapping[str, str]) -> int:
    """By how many bytes an upload of the large jar raises the peak of a process's memory."""
    digests = [file_digest(jars / name) for name in ("small.jar", "large.jar")]
    done = subprocess.run(
        [sys.executable, "-c", UPLOAD, flink.url, flink.version, place, *digests],
        env={**os.environ, **variables},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
