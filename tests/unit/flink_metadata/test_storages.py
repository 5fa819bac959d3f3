"""A snapshot is read from any storage that fsspec knows, under each spelling of its place."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pytest

from flink_components.flink.metadata.reading import read_snapshot
from tests.unit.flink_metadata.golden import FOLDER, location

_NAME = "2.3.0-heap-finished"


@pytest.fixture
def web() -> Iterator[str]:
    """A web server on loopback with the snapshots."""
    handler = functools.partial(_Silent, directory=str(FOLDER))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.mark.parametrize("ending", ["", "/", "/_metadata"])
def test_the_directory_or_its_metadata_may_be_given(ending: str) -> None:
    assert read_snapshot(location(_NAME) + ending) == read_snapshot(location(_NAME))


def test_flinks_spelling_of_a_local_path_is_understood() -> None:
    assert read_snapshot(f"file:{FOLDER}/{_NAME}") == read_snapshot(location(_NAME))


def test_an_object_store_is_read() -> None:
    content = (FOLDER / _NAME / "_metadata").read_bytes()
    fsspec.filesystem("memory").pipe_file("/savepoints/1/_metadata", content)
    assert read_snapshot("memory://savepoints/1") == read_snapshot(location(_NAME))


def test_a_web_server_is_read(web: str) -> None:
    assert read_snapshot(f"{web}/{_NAME}") == read_snapshot(location(_NAME))
