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


@dataclass(frozen=True)
class Place:
    """What a case may use: a folder of files, a jar that is one, a kubeconfig that works."""

    folder: Path
    jar: Path
    kubeconfig: Path


@dataclass(frozen=True)
class Case:
    """A program, and the one message that its preview ends with.

    `severity` is `warning` where the preview succeeds all the same. `{folder}` in the message is
    that of the place.
    """

    program: Callable[[Place], None]
    says: str
    severity: str = "error"
