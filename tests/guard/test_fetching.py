"""The jar of an application that its pods get themselves, by the command that they run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flink_components.java import GUARD
from flink_components.kube.objects.application_pods import fetch_script
from sandbox.images import distribution
from tests.cluster.object_store import object_store

JAR = b"PK a jar of a few bytes"
SHA256 = hashlib.sha256(JAR).hexdigest()


class _Web(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/fraud.jar"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(JAR if found else b"")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def web() -> Iterator[str]:
    """The address of a server that has `fraud.jar`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    folder = tmp_path / "conf"
    folder.mkdir()
    (folder / "config.yaml").touch()
    return folder


def fetch(
    conf: Path, location: str, sha256: str = "-", plugins: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the pod's own command, with the jar below the folder of the test."""
    to = conf.parent / "usrlib" / "job.jar"
    to.parent.mkdir(exist_ok=True)
    library = distribution("1.20.3") / "lib"
    script = fetch_script(str(GUARD.built()), str(library))
    return subprocess.run(
        ["sh", "-c", script, "fetch", str(conf), location, sha256, str(to)],
        env={**os.environ, "FLINK_PLUGINS_DIR": str(plugins or conf.parent / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )


def files(conf: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (conf.parent / "usrlib").iterdir()}


def test_a_jar_of_a_web_server_is_checked_and_kept(conf: Path, web: str) -> None:
    assert fetch(conf, f"{web}/fraud.jar", SHA256).returncode == 0
    assert files(conf)["job.jar"] == JAR


def test_a_jar_with_another_sha_is_no_jar(conf: Path, web: str) -> None:
    done = fetch(conf, f"{web}/fraud.jar", "0" * 64)
    assert done.returncode == 1
    assert done.stdout.strip().endswith(
        f"can't be fetched: IOException: its SHA-256 is {SHA256}, and {'0' * 64} is declared"
    )
    assert "job.jar" not in files(conf)


def test_a_jar_that_is_not_there_is_named(conf: Path, web: str) -> None:
    done = fetch(conf, f"{web}/other.jar", SHA256)
    assert done.returncode == 1
    assert f"the jar {web}/other.jar can't be fetched: FileNotFoundException" in done.stdout


def test_a_jar_in_s3_is_read_as_flink_reads_it(conf: Path, tmp_path: Path) -> None:
    plugin = next((distribution("1.20.3") / "opt").glob("flink-s3-fs-hadoop-*.jar"))
    (tmp_path / "plugins" / "s3").mkdir(parents=True)
    shutil.copy(plugin, tmp_path / "plugins" / "s3")
    with object_store() as store:
        store.client.create_bucket(Bucket="jars")
        store.client.put_object(Bucket="jars", Key="fraud.jar", Body=JAR)
        options = {
            "s3.endpoint": store.variables["AWS_ENDPOINT_URL"],
            "s3.path.style.access": "true",
            "s3.access-key": "test",
            "s3.secret-key": "test",
        }
        lines = [f"{name}: {value}\n" for name, value in options.items()]
        (conf / "config.yaml").write_text("".join(lines))
        done = fetch(conf, "s3://jars/fraud.jar", SHA256, tmp_path / "plugins")
    assert done.returncode == 0, done.stdout
    assert files(conf)["job.jar"] == JAR
