"""What a program uses to look at clusters: all ledgers of a namespace come by one call."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from flink_components.flink.graph_cache import user_cache
from flink_components.kube.access import Access
from flink_components.kube.listed import ListedAccess
from flink_components.lifecycle.ledger import KIND
from flink_components.lifecycle.work import Workshop

_THREADS = 8


def workshop() -> Workshop:
    """What a plan needs."""
    return Workshop(_reach(), graphs=user_cache())


@cache
def _reach() -> ListedAccess:
    return ListedAccess(Access(), KIND)


@cache
def threads() -> ThreadPoolExecutor:
    """Where looks are taken.

    Not the event loop's own threads: each registration that waits for a hook holds one of them.
    """
    return ThreadPoolExecutor(_THREADS, "flink-plan")


def _begin_anew() -> None:
    """A forked process has none of its parent's threads, and must not share its connections."""
    threads.cache_clear()
    _reach.cache_clear()


os.register_at_fork(after_in_child=_begin_anew)
