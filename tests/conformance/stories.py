"""What happened on the cluster, told once and looked at by many tests.

A story is a function that runs stacks and returns what was seen. Stories that the selected tests
need are told side by side, from the first one that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.conformance.cluster import Cluster
from tests.conformance.lab import Lab

_AT_ONCE = 3

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """What a story may use."""

    lab: Lab
    cluster: Cluster
    kubeconfig: str
    pause_image: str
    folder: Path


Tell = Callable[[World], T]

_LONG: list[Tell[Any]] = []
_SHORT: list[Tell[Any]] = []


def story(tell: Tell[T]) -> Callable[..., T]:
    """Make a story a fixture of the module that it is in."""
    _SHORT.append(tell)
    return _fixture(tell)


def long_story(tell: Tell[T]) -> Callable[..., T]:
    """The same for one that waits a lot, and is therefore begun first."""
    _LONG.append(tell)
    return _fixture(tell)


class Stories:
    """The stories of one test run."""

    def __init__(self, world: World, items: Iterable[pytest.Item]) -> None:
        wanted = {
            (getattr(item, "module").__name__, name)  # noqa: B009
            for item in items
            for name in getattr(item, "fixturenames", ())
        }
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._told: dict[Tell[Any], Future[Any]] = {
            tell: self._pool.submit(tell, world)
            for tell in (*_LONG, *_SHORT)
            if (tell.__module__, tell.__name__) in wanted
        }

    def of(self, tell: Tell[T]) -> T:
        """What the story tells, once it is told."""
        told: T = self._told[tell].result()
        return told

    def close(self) -> None:
        """Let the stories that are being told come to their end, and begin no other."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _fixture(tell: Tell[T]) -> Callable[..., T]:
    @pytest.fixture(scope="module", name=tell.__name__)
    def told(stories: Stories) -> T:
        return stories.of(tell)

    return told
