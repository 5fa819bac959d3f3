"""The one table of what a change of each field does. Diff, plan and life cycle all read it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple


class Kind(str, Enum):
    """What a change does to the job, from nothing to a restart; in order of weight."""

    NONE = "nothing"
    IN_PLACE = "in place"
    RESCALE = "rescales"
    RESTART = "restarts the job"
    MOVE = "moves the job to another cluster"
    STATE = "starts or stops the job"
    REFUSED = "refused"


JOB: Mapping[str, Kind] = {
    "key": Kind.REFUSED,
    "name": Kind.IN_PLACE,
    "namespace": Kind.REFUSED,
    "cluster": Kind.MOVE,
    "adopt": Kind.IN_PLACE,
    "jar": Kind.IN_PLACE,
    "jar_sha256": Kind.IN_PLACE,
    "jar_content": Kind.RESTART,
    "entry_class": Kind.RESTART,
    "args": Kind.RESTART,
    "parallelism": Kind.RESCALE,
    "config": Kind.RESTART,
    "upgrade_mode": Kind.IN_PLACE,
    "savepoint_dir": Kind.IN_PLACE,
    "savepoint_format": Kind.IN_PLACE,
    "drain": Kind.IN_PLACE,
    "state": Kind.STATE,
    "fallback": Kind.IN_PLACE,
    "max_restore_age": Kind.IN_PLACE,
    "keep_savepoints": Kind.IN_PLACE,
    "restart": Kind.RESTART,
    "restore_from": Kind.RESTART,
    "claim_mode": Kind.IN_PLACE,
    "version": Kind.IN_PLACE,
    "accept": Kind.IN_PLACE,
    "job_graph": Kind.IN_PLACE,
    "preview_graph": Kind.IN_PLACE,
    "state_access": Kind.IN_PLACE,
    "on_delete": Kind.IN_PLACE,
    "deadlines": Kind.IN_PLACE,
    "description": Kind.IN_PLACE,
}
"""Fields of a session job. `jar` is only where the jar comes from; `jar_content` is what it is."""

FINGERPRINTED = ("jar_content", "entry_class", "args", "parallelism", "config")
"""What a job runs: a change of one of these, or of the cluster, is a new revision."""

ASKED_FOR = ("restart", "restore_from")
"""Wishes for one restart each; the ledger remembers which of them was done."""

_IN_PLACE_OF_APPLICATIONS = (
    "labels",
    "annotations",
    "service_account_annotations",
    "network_policy",
    "surge",
    "cleanup",
    "ready_within",
    "job_manager.replicas",
    "task_manager.replicas",
)
_RESTARTS_APPLICATIONS = ("name", "parallelism", "jar", "jar_sha256")
"""What is less for a session job: its objects, and the pods that get the jar, are not its own."""

_OF_A_CLUSTER = ("key", "revision", "namespace", "service")
"""What of a ClusterRef names the cluster; the connection and the slots do not."""


class Change(NamedTuple):
    """One changed field: `old` and `new` as they were given, None where absent."""

    field: str
    old: Any
    new: Any
    kind: Kind


def of_application(field: str) -> Kind:
    """What a change of a field of an application does: what its job is, is no matter of pods."""
    if field in JOB and field not in _RESTARTS_APPLICATIONS:
        return JOB[field]
    return Kind.IN_PLACE if field in _IN_PLACE_OF_APPLICATIONS else Kind.RESTART


def of_session_job(field: str) -> Kind | None:
    """The same for a session job; None for what is no field of it."""
    return JOB.get(field)


def changes(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    kind_of: Callable[[str], Kind | None] = of_session_job,
) -> tuple[Change, ...]:
    """The changed fields of a job in the order of the table; numbers compare as numbers."""
    found = []
    others = (field for field in {**old, **new} if field not in JOB)
    for field in (*JOB, *others):
        kind = kind_of(field)
        if kind is None:
            continue
        before, after = plain(old.get(field)), plain(new.get(field))
        if field == "cluster":
            before, after = cluster_identity(before), cluster_identity(after)
        if _text(before or None) != _text(after or None):
            found.append(Change(field, before, after, _kind(field, after, kind)))
    return tuple(found)


def _kind(field: str, after: Any, kind: Kind) -> Kind:
    """To take back a wish for a restart does nothing to the job."""
    return Kind.IN_PLACE if field in ASKED_FOR and not after else kind


def cluster_identity(ref: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The part of a ClusterRef that says which cluster it is."""
    return {name: ref.get(name) for name in _OF_A_CLUSTER} if ref else None


def same_cluster(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> bool:
    """Both references name the same revision of the same cluster."""
    return cluster_identity(plain(a)) == cluster_identity(plain(b))


def fingerprint(inputs: Mapping[str, Any]) -> str:
    """16 hex digits that name what a job runs, wherever it runs."""
    what = {field: plain(inputs.get(field)) or None for field in FINGERPRINTED}
    return hashlib.sha256(_text(what).encode()).hexdigest()[:16]


def _text(value: Any) -> str:
    """Plain values compared as text: to Python `True` is 1, to Flink it is not."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def plain(value: Any) -> Any:
    """Whole floats as ints, tuples as lists, absent keys left out: Pulumi's wire form undone."""
    if isinstance(value, bool) or value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {
            str(key): plain(item)
            for key, item in value.items()
            if item is not None and not str(key).startswith("__")
        }
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
