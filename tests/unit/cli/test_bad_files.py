"""Files that can't be used, as a person gives them: one line says what is wrong and what to do."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.asyn import AsyncFileSystem

from flink_components.flink import storage
from tests.bad_wishes import graphs, metadata
from tests.unit.flink_metadata.golden import location

Run = Callable[..., int]

_SNAPSHOT = location("1.20.3-heap-files")
_MEBIBYTE = 1 << 20
_DIRECTORY = "; give the directory of one savepoint or checkpoint"
_CREDENTIALS = "; it is read with this machine's own credentials: see that it can be reached so"
_SCHEMES = "; give a path of this machine, or s3://, gs://, abfss:// or https://"


class _Store(AsyncFileSystem):
    """An object store that answers as it is told."""

    protocol = "teststore"
    error: Exception = OSError()
    asked = 0

    async def _cat_file(self, path: str, **_: Any) -> bytes:
        type(self).asked += 1
        raise self.error


class EndpointConnectionError(Exception):
    """As the client of S3 says that nobody answers."""


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Store]]:
    fsspec.register_implementation("teststore", _Store, clobber=True)
    monkeypatch.setattr(storage, "_away", {})
    _Store.asked = 0
    yield _Store
    _Store.clear_instance_cache()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[[], str]:
    """What was printed: what this tool says, on stderr."""

    def read() -> str:
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("flink-components: ")
        assert "Traceback" not in err
        return err.removeprefix("flink-components: ").rstrip().replace(str(tmp_path), "HERE")

    return read


@pytest.mark.parametrize("name", metadata.FILES)
def test_what_is_no_metadata_is_said_at_once_in_little_memory(
    run: Run, said: Callable[[], str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "_metadata").write_bytes(metadata.FILES[name])
    run("savepoint", "show", "nosuch://")  # loads what it takes
    said()
    started = time.monotonic()
    tracemalloc.start()
    try:
        assert run("savepoint", "show", str(tmp_path), "--states") == 1
        assert tracemalloc.get_traced_memory()[1] < 8 * _MEBIBYTE
    finally:
        tracemalloc.stop()
    assert said() == metadata.said(name, "HERE/_metadata")
    assert time.monotonic() - started < 10


PATHS = {
    "nothing": ("", f"there is no file /_metadata{_DIRECTORY}"),
    "nowhere": ("HERE/chk-9", f"there is no file HERE/chk-9/_metadata{_DIRECTORY}"),
    "nowhere with a scheme": (
        "file:HERE/chk-9/",
        f"there is no file file:HERE/chk-9/_metadata{_DIRECTORY}",
    ),
    "the directory of all checkpoints": ("HERE", f"there is no file HERE/_metadata{_DIRECTORY}"),
    "a jar": ("HERE/job.jar", f"there is no file HERE/job.jar/_metadata{_DIRECTORY}"),
    "a directory in the place of the file": (
        "HERE/chk-3",
        "HERE/chk-3/_metadata can't be read: [Errno 21] Is a directory: 'HERE/chk-3/_metadata'"
        + _CREDENTIALS,
    ),
    "a bucket alone": ("s3://", f"there is no file s3:/_metadata{_DIRECTORY}"),
    "no scheme of anything": (
        "nosuch://bucket/chk-3",
        f"nosuch://bucket/chk-3/_metadata can't be read: Protocol not known: nosuch{_SCHEMES}",
    ),
    "a library that is not there": (
        "abfss://data@acme.dfs.core.windows.net/chk-3",
        "reading abfss:// needs `pip install adlfs`",
    ),
    "a library that fsspec names": (
        "hdfs://namenode/chk-3",
        "reading hdfs:// needs `pip install pyarrow`",
    ),
    "a byte of zero": (
        "HERE/chk\0-3",
        f"HERE/chk\0-3/_metadata can't be read: embedded null byte{_CREDENTIALS}",
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_a_path_without_a_snapshot_is_said(
    run: Run, said: Callable[[], str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "job.jar").write_bytes(b"PK\3\4")
    (tmp_path / "chk-3/_metadata").mkdir(parents=True)
    path, expected = PATHS[name]
    assert run("savepoint", "show", path.replace("HERE", str(tmp_path))) == 1
    assert said() == expected


STORES: dict[str, tuple[Exception, str]] = {
    "nobody is let in": (PermissionError("Access Denied"), "can't be read: Access Denied"),
    "unknown keys": (
        PermissionError("The AWS Access Key Id you provided does not exist in our records."),
        "can't be read: The AWS Access Key Id you provided does not exist in our records.",
    ),
    "several lines": (OSError("SlowDown\nplease"), "can't be read: SlowDown"),
    "no words": (TimeoutError(), "can't be read: FSTimeoutError"),
    "nobody answers": (
        EndpointConnectionError("Could not connect to the endpoint URL"),
        "can't be read: Could not connect to the endpoint URL",
    ),
}


@pytest.mark.parametrize("name", STORES)
def test_a_store_that_cannot_be_read_is_said(
    run: Run, said: Callable[[], str], store: type[_Store], name: str
) -> None:
    store.error, expected = STORES[name]
    assert run("savepoint", "show", "teststore://acme/chk-3") == 1
    assert said() == f"teststore://acme/chk-3/_metadata {expected}{_CREDENTIALS}"


def test_a_bucket_or_object_that_is_missing_is_said(
    run: Run, said: Callable[[], str], store: type[_Store]
) -> None:
    store.error = FileNotFoundError("The specified bucket does not exist")
    assert run("savepoint", "show", "teststore://acme/chk-3") == 1
    assert said() == f"there is no file teststore://acme/chk-3/_metadata{_DIRECTORY}"


def test_a_store_that_did_not_answer_is_not_waited_for_again(
    run: Run, said: Callable[[], str], store: type[_Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.error = EndpointConnectionError("Could not connect")
    for name in ("chk-3", "chk-4"):
        assert run("savepoint", "show", f"teststore://acme/{name}") == 1
        assert said().startswith(f"teststore://acme/{name}/_metadata can't be read: Could not conn")
    assert store.asked == 1
    run("savepoint", "show", "teststore://other/chk-3")
    assert store.asked == 2
    now = time.monotonic()
    monkeypatch.setattr(storage.time, "monotonic", lambda: now + 61)
    run("savepoint", "show", "teststore://acme/chk-3")
    assert store.asked == 3


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_web_server_that_does_not_answer_is_not_one_without_the_file(
    run: Run, said: Callable[[], str], scheme: str
) -> None:
    assert run("savepoint", "show", f"{scheme}://127.0.0.1:9/chk-3") == 1
    assert said().startswith(
        f"{scheme}://127.0.0.1:9/chk-3/_metadata can't be read: Cannot connect to host 127.0.0.1:9 "
    )


@pytest.mark.parametrize("name", graphs.FILES)
def test_what_is_no_job_graph_is_said_at_once_in_little_memory(
    run: Run, said: Callable[[], str], tmp_path: Path, name: str
) -> None:
    content, expected = graphs.FILES[name]
    path = tmp_path / "graph.json"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        assert run("savepoint", "check", _SNAPSHOT, "--graph", str(path)) == 1
        assert tracemalloc.get_traced_memory()[1] < 16 * _MEBIBYTE
    finally:
        tracemalloc.stop()
    assert said().replace("HERE/graph.json", "GRAPH") == expected


GRAPH_PATHS = {
    "nowhere": (
        "HERE/no.json",
        "HERE/no.json is not there: make it with `flink-components graph JAR -o HERE/no.json`",
    ),
    "a folder": ("HERE", "HERE can't be read: Is a directory; give the file of a job graph"),
    "below a file": (
        "HERE/job.jar/graph.json",
        "HERE/job.jar/graph.json can't be read: Not a directory; give the file of a job graph",
    ),
    "a name that is too long": (
        f"HERE/{'x' * 300}.json",
        f"HERE/{'x' * 300}.json can't be read: File name too long; give the file of a job graph",
    ),
    "another storage": (
        "s3://acme/graph.json",
        "s3:/acme/graph.json is not there: make it with `flink-components graph JAR -o "
        "s3:/acme/graph.json`",
    ),
}


@pytest.mark.parametrize("name", GRAPH_PATHS)
def test_a_path_without_a_job_graph_is_said(
    run: Run, said: Callable[[], str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "job.jar").write_bytes(b"PK\3\4")
    path, expected = GRAPH_PATHS[name]
    path = path.replace("HERE", str(tmp_path))
    assert run("savepoint", "check", _SNAPSHOT, "--graph", path) == 1
    assert said() == expected


def test_a_graph_that_is_larger_than_any_is_not_read(
    run: Run, said: Callable[[], str], tmp_path: Path
) -> None:
    path = tmp_path / "graph.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert run("savepoint", "check", _SNAPSHOT, "--graph", str(path)) == 1
    assert said() == (
        "HERE/graph.json is not a job graph: it has more than 64 MiB; make it again with "
        "`flink-components graph JAR -o HERE/graph.json`"
    )
