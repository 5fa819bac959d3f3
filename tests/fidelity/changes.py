"""The changes of a declaration that are drawn, each with how often it is."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.fidelity.ground import ADAPTIVE, NEWER, PLAIN

Change = dict[str, Any]
MODES = ("savepoint", "last_state", "stateless")
_ALL_LOST = {"operator": "*", "version": "2", "reason": "begun anew"}
_LARGEST_LOST = {"operator": "uid-largest", "version": "2", "reason": "nobody reads it"}


def _one(name: str, *values: Any) -> st.SearchStrategy[Change]:
    return st.sampled_from(values).map(lambda value: {name: value})


def _of(*changes: Change) -> st.SearchStrategy[Change]:
    return st.sampled_from(changes)


IN_PLACE = st.one_of(
    _one("description", "a", "b", None),
    _one("deadlines", {"stable": "20 s"}, {"stable": "25 s", "savepoint": "1 min"}),
    _one("keep_savepoints", {"count": 1}, {"count": 2}, {"count": 3}, None),
    _one("savepoints_in", "savepoints", "savepoints/elsewhere"),
    _one("savepoint_format", "native", "canonical"),
    _one("on_delete", "savepoint", "cancel", None),
    _one("max_restore_age", "1 h", None),
    _of(
        *({"upgrade_mode": mode, "fallback": None} for mode in MODES),
        {"upgrade_mode": "savepoint", "fallback": "last_state"},
    ),
    _of(
        {"version": "2", "accept": [_ALL_LOST]},
        {"version": "2", "accept": [_LARGEST_LOST]},
        {"version": "3", "accept": None},
    ),
)
"""What does nothing to the job that runs, by itself."""

PROGRAM = st.one_of(
    _one("parallelism", 1, 2, 3),
    _one("parallelism", 1, 2, 3),
    _one("args", ("--rate", "150"), ("--state-bytes", "100"), ("--keys", "12"), None),
    _one("args", ("--checkpoint-interval", "0"), ("--checkpoint-interval", "500"), None),
    _one("config", {"pipeline.object-reuse": "true"}, None),
    _one("restart", "1", "2", None),
    _one("jar", "stateful-v1", "stateful-v2"),
    _of(*({"jar": f"stateful-v{n}", "with_graph": graph} for n in range(1, 6) for graph in (1, 0))),
    _one("with_graph", True, False),
)
"""What makes it another program, or may."""

BROKEN = _of({"jar": "fails-in-main"}, {"entry_class": "org.acme.Missing"})
MENDED: Change = {"entry_class": None}

STATE = _one("state", "suspended", "cancelled", "running", "running")


def places(names: tuple[str, ...]) -> st.SearchStrategy[Change]:
    """Clusters."""
    return _one("on", *names)


HERE = (PLAIN, ADAPTIVE)
EVERYWHERE = (PLAIN, ADAPTIVE, NEWER)
