"""An S3 beside the node, which pods and the machine reach: moto's server, with all in memory."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from importlib.util import find_spec

from sandbox.node import layout, processes
from sandbox.node.cgroups import ControlGroups
from sandbox.node.start import was_ready
from sandbox.paths import PROJECT
from sandbox.progress import SandboxError

NAME = "s3"
ENDPOINT = f"http://{layout.address(NAME)}"
_START_SECONDS = 30.0


def ensure(buckets: Sequence[str] = ()) -> str:
    """Have the S3 with these buckets, and return its endpoint; any keys are accepted.

    It ends with the node, and nothing of it is kept. Raises SandboxError if the node is down, this
    Python has no moto, or it does not start.
    """
    if not was_ready():
        raise SandboxError("the node is down: `python -m sandbox up` starts it")
    if find_spec("moto") is None:
        raise SandboxError("this Python lacks the project's packages: use `make shell`")
    records = processes.Records(layout.PROCESSES)
    if NAME not in records.running():
        host, port = layout.PORTS[NAME]
        records.start(
            NAME,
            (sys.executable, "-m", "moto.server", "--host", host, "--port", str(port)),
            log=layout.LOGS / f"{NAME}.log",
            group=ControlGroups().create(),
            env={},
            folder=PROJECT,
        )
    _await(records)
    for bucket in buckets:
        _request("PUT", f"/{bucket}")
    return ENDPOINT


def _await(records: processes.Records) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers():
        if NAME not in records.running() or time.monotonic() > deadline:
            raise SandboxError(f"the S3 does not start: see {layout.LOGS / f'{NAME}.log'}")
        time.sleep(0.1)


def _answers() -> bool:
    try:
        # Not its data.json, which ends in HTTP 500 for some of the objects that Flink writes.
        _request("GET", "/moto-api/")
    except SandboxError:
        return False
    return True


def _request(method: str, path: str) -> None:
    request = urllib.request.Request(ENDPOINT + path, method=method)
    # Never by a proxy of the machine: the address is the node's own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(request, timeout=5).close()
    except urllib.error.HTTPError as error:
        raise SandboxError(f"the S3 answers {method} {path} with HTTP {error.code}") from error
    except OSError as error:
        raise SandboxError(f"the S3 does not answer: {error}") from error
