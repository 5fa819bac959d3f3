"""An S3 on this machine, for processes beside the tests or, at the node's address, for pods."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import requests
from moto.server import ThreadedMotoServer


@dataclass(frozen=True)
class ObjectStore:
    """A client of it, and the variables by which others find it and are let in."""

    client: Any
    variables: dict[str, str]
    stop: Callable[[], None]

    @property
    def endpoint(self) -> str:
        return self.variables["AWS_ENDPOINT_URL"]

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """The names of the objects below a prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]


@contextmanager
def object_store(address: str = "127.0.0.1") -> Iterator[ObjectStore]:
    """An empty S3 that lives until the end of the block, or until it is stopped."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address=address, port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    # Servers of one process share what they keep.
    requests.post(f"{variables['AWS_ENDPOINT_URL']}/moto-api/reset", timeout=10)
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    try:
        yield ObjectStore(client, variables, server.stop)
    finally:
        server.stop()
