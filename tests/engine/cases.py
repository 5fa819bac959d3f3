"""What a case of bad input is, and what all of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flink_components import Environment

NAMESPACE = "test-bad-input"
SECRET = "hunter2"
"""What may never be printed."""

ENVIRONMENT = Environment(
    namespace=NAMESPACE, flink_version="1.20.3", savepoint_dir="file:///data/savepoints"
)
TAKEN = f"{NAMESPACE}/taken"
"""The key of a cluster and of a job that another stack manages."""
OTHER_STACK = "acme/flink/prod"


@dataclass(frozen=True)
class Place:
    """What a case may use: a folder of files, and in it a jar that is one."""

    folder: Path
    jar: Path


@dataclass(frozen=True)
class Case:
    """A program, and the one message that its preview ends with.

    `severity` is `warning` where the preview succeeds all the same. `{folder}` in the message is
    that of the place, `{here}` the folder of the run, `{server}` the API server.
    """

    program: Callable[[Place], None]
    says: str
    severity: str = "error"


def in_a_program(component: str, name: str, said: str) -> str:
    """What a program says that makes this component; `said` has a line for each problem."""
    lines = said.split("\n")
    if len(lines) == 1:
        return f"{component} {name}: {said}"
    listed = "".join(f"\n  - {line}" for line in lines)
    return f"{component} {name}: {len(lines)} arguments to correct:{listed}"
