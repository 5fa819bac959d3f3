"""An S3 on this machine that takes a while to answer, as one does that is elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "acme-flink"


@dataclass
class SlowStore:
    """Its variables, a client, after how many seconds it answers, and how often it was asked."""

    variables: dict[str, str]
    client: Any
    seconds: float = 0.0
    asked: int = 0


@contextmanager
def slow_s3() -> Iterator[SlowStore]:
    """An S3 with one bucket; it answers at once until told otherwise."""
    answer = DomainDispatcherApplication(create_backend_app)

    def after_a_while(environ: Any, start: Any) -> Any:
        store.asked += 1
        time.sleep(store.seconds)
        return answer(environ, start)

    server = make_server("127.0.0.1", 0, after_a_while, threaded=True)
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    store = SlowStore(variables, client)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        client.create_bucket(Bucket=BUCKET)
        yield store
    finally:
        server.shutdown()
        thread.join()
