"""How many calls the provider process carries out at once.

The SDK serves four, however many the engine asks for by `--parallel`. A call that upgrades a job
waits nearly all of its time, so that four are far from keeping a machine busy.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

AT_ONCE = 64
"""The engine alone decides below that; its default is four for each processor."""


def widen() -> None:
    """Lets the pool that carries out this call have more threads; it starts them as needed.

    Called in a thread of any other kind it does nothing.
    """
    pool = _pool_of(sys._getframe())
    if pool is not None and getattr(pool, "_max_workers", AT_ONCE) < AT_ONCE:
        pool._max_workers = AT_ONCE


def _pool_of(frame: FrameType | None) -> ThreadPoolExecutor | None:
    """The pool whose worker has called down to this frame."""
    while frame is not None:
        pool = frame.f_locals.get("executor_reference")
        if callable(pool):
            found = pool()
            return found if isinstance(found, ThreadPoolExecutor) else None
        frame = frame.f_back
    return None
