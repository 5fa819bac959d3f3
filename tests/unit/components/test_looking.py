"""What a program uses to look at clusters, in a process that was forked."""

from __future__ import annotations

import multiprocessing

from flink_components.components.looking import threads, workshop

_SECONDS = 20.0


def _look() -> None:
    assert threads().submit(lambda: 1).result(_SECONDS) == 1


def test_a_forked_process_looks_with_threads_of_its_own() -> None:
    _look()
    child = multiprocessing.get_context("fork").Process(target=_look)
    child.start()
    child.join(2 * _SECONDS)
    assert child.exitcode == 0


def test_a_forked_process_shares_no_connection() -> None:
    reach = workshop().reach

    def is_another() -> None:
        assert workshop().reach is not reach

    child = multiprocessing.get_context("fork").Process(target=is_another)
    child.start()
    child.join(_SECONDS)
    assert child.exitcode == 0
