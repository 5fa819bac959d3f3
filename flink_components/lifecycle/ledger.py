"""The ledger of one key: a Lease whose annotation is the record and whose spec is the lock.

Every write is a compare-and-set on the Lease's resourceVersion, so whoever was suspended and
comes back fails at its next write.
"""

import json
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from flink_components.kube.api import Conflict, KubeApi, KubeError, NotFound, Unreachable
from flink_components.lifecycle.errors import LifecycleError, Locked, LockLost
from flink_components.lifecycle.waiting import Clock
from flink_components.spec.names import label_value, lease_name

RECORD = "flink-components/record"
KEY = "flink-components/key"
KIND = "flink-components/ledger"
LEASE_SECONDS = 20
RENEW_SECONDS = 5.0
_LONG_DEAD_SECONDS = 60.0
_WRITE_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5
_GIVEN_BACK = "another run has taken it and is done, or it was unlocked by hand"
_PATIENCE_SECONDS = 120.0
"""How long a write under the lock is tried while the API server is away: the job may be down."""


R = TypeVar("R", bound=BaseModel)
Json = dict[str, Any]


def _nothing_more(_: R) -> Mapping[str, str]:
    return {}


def _no_marks(_: R) -> Mapping[str, str]:
    return {}


def _as_it_is(record: R, _: Mapping[str, str]) -> R:
    return record


def _age(stamp: str | None, now: float) -> float:
    if not stamp:
        return float("inf")
    return now - datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def records(api: KubeApi, namespace: str, kind: str, model: type[R]) -> list[R]:
    """The records of all ledgers of a namespace, by one list call; unreadable ones are left out."""
    found = []
    for lease in api.list("Lease", namespace, f"{KIND}={kind}"):
        try:
            found.append(model.model_validate_json(lease["metadata"]["annotations"][RECORD]))
        except (KeyError, ValueError):
            continue
    return found


def own_labels(kind: str, key: str) -> dict[str, str]:
    """The labels of what is kept of `key` on the API server."""
    return {
        "app.kubernetes.io/managed-by": "flink-components",
        "app.kubernetes.io/part-of": "flink-components",
        KIND: kind,
        KEY: label_value(key),
    }


@dataclass(frozen=True)
class Ledger(Generic[R]):
    """The ledger of `key` in `namespace`; `kind` is `job` or `cluster`, `model` its record.

    `beside` is what is written together with a record, as annotations, `marks` the same as labels,
    for people; `take_in` adds to a record what others have written into annotations since.
    """

    api: KubeApi
    namespace: str
    key: str
    kind: str
    model: type[R]
    clock: Clock = field(default_factory=Clock)
    lease_seconds: int = LEASE_SECONDS
    renew_seconds: float = RENEW_SECONDS
    beside: Callable[[R], Mapping[str, str]] = _nothing_more
    take_in: Callable[[R, Mapping[str, str]], R] = _as_it_is
    marks: Callable[[R], Mapping[str, str]] = _no_marks

    @property
    def name(self) -> str:
        """The Lease's name."""
        return lease_name(self.kind, self.key)

    def read(self) -> R | None:
        """The record, or None where there is no ledger."""
        try:
            return self._record(self.api.get("Lease", self.namespace, self.name))
        except NotFound:
            return None

    def annotations(self) -> dict[str, str]:
        """Its annotations as they are now; none where there is no ledger."""
        try:
            return _annotations(self.api.get("Lease", self.namespace, self.name))
        except NotFound:
            return {}

    def create(self, record: R) -> bool:
        """Creates the ledger; False where there is one already."""
        body: Json = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {**own_labels(self.kind, self.key), **self.marks(record)},
                "annotations": {KEY: self.key, **self._written(record)},
            },
            "spec": {"holderIdentity": "", "leaseDurationSeconds": self.lease_seconds},
        }
        try:
            self.api.create("Lease", self.namespace, body)
        except Conflict:
            return False
        return True

    @contextmanager
    def lock(
        self, purpose: str, wait: float = 0.0, changes: Mapping[str, Any] | None = None
    ) -> Iterator["Held[R]"]:
        """Holds the lock of the key; waits `wait` seconds for a living holder.

        `changes` of the record are written together with the lock. Raises Locked where another
        process holds it, LifecycleError where there is no ledger.
        """
        holder = f"{uuid.uuid4()} {socket.gethostname()}/{os.getpid()} {purpose}"
        held = Held(self, self._acquire(holder, wait, changes or {}), holder)
        renewal = threading.Thread(target=held.keep_renewing, daemon=True, name=f"lock {self.key}")
        renewal.start()
        try:
            yield held
        except BaseException:
            with suppress(KubeError, LifecycleError):
                held.release()
            raise
        else:
            held.release()
        finally:
            renewal.join()

    def _acquire(self, holder: str, wait: float, changes: Mapping[str, Any]) -> Json:
        deadline = self.clock.monotonic() + wait
        seen: str | None = None
        seen_at, unanswered = 0.0, 0
        while True:
            lease = self._lease()
            record = self._record(lease)
            spec = lease["spec"]
            if spec.get("holderIdentity") == holder:
                return lease  # the answer to our own write was lost
            age = _age(spec.get("renewTime"), self.clock.now())
            unchanged = seen == spec.get("renewTime") and seen is not None
            expired = (unchanged and self.clock.monotonic() - seen_at > self.lease_seconds) or (
                age > self.lease_seconds + _LONG_DEAD_SECONDS
            )
            if not spec.get("holderIdentity") or expired:
                lease["spec"] = self._lock_spec(holder)
                changed = record.model_copy(update=changes)
                lease["metadata"]["annotations"] |= self._written(changed)
                self._mark(lease, changed)
                try:
                    return self.api.replace("Lease", self.namespace, self.name, lease)
                except Conflict:
                    continue
                except Unreachable:
                    unanswered += 1
                    if unanswered == _WRITE_ATTEMPTS:
                        raise
                    continue
            if not unchanged:
                alive = seen is not None
                seen, seen_at = spec.get("renewTime") or "", self.clock.monotonic()
                if alive and self.clock.monotonic() >= deadline:
                    raise Locked(
                        f"{self.key} is locked by {spec['holderIdentity'].partition(' ')[2]} "
                        f"since {spec.get('acquireTime')} (renewed {max(age, 0.0):.0f} s ago): "
                        f"wait for it and run again"
                    )
            self.clock.sleep(0.5)

    def _written(self, record: R) -> dict[str, str]:
        return {RECORD: _dumps(record), **self.beside(record)}

    def _mark(self, lease: Json, record: R) -> None:
        lease["metadata"]["labels"] = {
            **(lease["metadata"].get("labels") or {}),
            **self.marks(record),
        }

    def _lock_spec(self, holder: str) -> Json:
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": self.lease_seconds,
            "acquireTime": self.stamp(),
            "renewTime": self.stamp(),
        }

    def stamp(self) -> str:
        """Now, as Kubernetes writes it."""
        now = datetime.fromtimestamp(self.clock.now(), timezone.utc)
        return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _lease(self) -> Json:
        try:
            return self.api.get("Lease", self.namespace, self.name)
        except NotFound as error:
            raise LifecycleError(
                f"the ledger of {self.key} (Lease {self.namespace}/{self.name}) is not there: "
                f"someone deleted it; run `pulumi refresh`, then `pulumi up`"
            ) from error

    def _record(self, lease: Mapping[str, Any]) -> R:
        annotations = _annotations(lease)
        where = f"the ledger of {self.key} (Lease {self.namespace}/{self.name})"
        if annotations.get(KEY) != self.key:
            raise LifecycleError(
                f"{where} belongs to the key {annotations.get(KEY)!r}: choose another key"
            )
        try:
            record = json.loads(annotations[RECORD])
            if record.get("schema_version", 1) > 1:
                raise LifecycleError(
                    f"{where} was written by a later version of flink-components: update this one"
                )
            return self.take_in(self.model.model_validate(record), annotations)
        except (KeyError, ValueError, AttributeError, ValidationError) as error:
            raise LifecycleError(
                f"{where} can't be read: its annotation {RECORD} was edited by hand; "
                f"put back the last good one from the API server's audit log or a backup"
            ) from error


class Held(Generic[R]):
    """The lock while it is held. Not shared between threads, but for its own renewal."""

    def __init__(self, ledger: Ledger[R], lease: Json, holder: str) -> None:
        self._ledger = ledger
        self._lease = lease
        self._holder = holder
        self._mutex = threading.Lock()
        self._end = threading.Event()
        self._lost: str | None = None
        self._noted = False
        self.record: R = ledger._record(lease)

    @property
    def by(self) -> str:
        """Who holds it, for people: host, process and purpose."""
        return self._holder.partition(" ")[2]

    @property
    def annotations(self) -> dict[str, str]:
        """The ledger's annotations at our last write: what others had written until then."""
        return _annotations(self._lease)

    def seen(self) -> dict[str, str]:
        """The same, as they are now. Raises KubeError, LockLost."""
        lease = self._current()
        self._check_holder(lease)
        return _annotations(lease)

    def ask(self, name: str, text: str) -> None:
        """Writes an annotation that is no part of the record, at once."""
        self._write(lambda: self.record, patience=_PATIENCE_SECONDS, more={name: text})

    def commit(self, **changes: object) -> R:
        """Writes the changed fields: the compare-and-set before a call that changes something.

        An API server that is away for a while is waited for. Raises KubeError where it stays
        away, LockLost where another process has taken over.
        """
        self._write(lambda: self.record.model_copy(update=changes), patience=_PATIENCE_SECONDS)
        return self.record

    def note(self, **changes: object) -> None:
        """Changes fields that no later call hangs on: written with the next write.

        That is the next commit, renewal or release; whoever dies before has not lost more than
        one who dies just before a commit.
        """
        with self._mutex:
            self.record = self.record.model_copy(update=changes)
            self._noted = True

    def fence(self) -> None:
        """A compare-and-set without a change, where a call follows that needs no new record."""
        self._write(lambda: self.record, patience=_PATIENCE_SECONDS)

    def keep_renewing(self) -> None:
        """Renews until the lock is released or lost; runs in a thread of its own."""
        while not self._end.wait(self._ledger.renew_seconds):
            try:
                self._write(lambda: self.record)
            except LockLost:
                return
            except KubeError:
                continue

    def release(self) -> None:
        """Gives the lock back, with what was noted; one that was lost is left alone.

        Raises LockLost or KubeError where something was noted and can't be written.
        """
        self._end.set()
        free = {"holderIdentity": "", "leaseDurationSeconds": self._ledger.lease_seconds}
        try:
            patience = _PATIENCE_SECONDS if self._noted else 0.0
            self._write(lambda: self.record, free, patience)
        except (KubeError, LockLost):
            if self._noted:
                raise
            return  # it expires by itself
        finally:
            self._lost = self._lost or "it was released"

    def _write(
        self,
        change: Callable[[], R],
        spec: Json | None = None,
        patience: float = 0.0,
        more: Mapping[str, str] | None = None,
    ) -> None:
        with self._mutex:
            if self._lost:
                raise self._lock_lost(self._lost)
            record = change()
            body = json.loads(json.dumps(self._lease))
            ours = {**self._ledger._written(record), **(more or {})}
            body["metadata"]["annotations"] |= ours
            self._ledger._mark(body, record)
            body["spec"] = spec or {**body["spec"], "renewTime": self._ledger.stamp()}
            self._lease = self._replace(body, ours, patience)
            self.record = record
            self._noted = False

    def _replace(self, body: Json, ours: Mapping[str, str], patience: float) -> Json:
        """Writes as long as the Lease names us: a conflict may be with a write of our own, or with
        one of a guard, whose annotations are kept.
        """
        ledger = self._ledger
        deadline, attempts = ledger.clock.monotonic() + patience, 0
        while True:
            try:
                return ledger.api.replace("Lease", ledger.namespace, ledger.name, body)
            except (Conflict, Unreachable) as error:
                problem: KubeError = error
            except NotFound:
                raise self._lose("someone deleted the ledger") from None
            lease = self._seen()
            if lease is None:
                if ledger.clock.monotonic() >= deadline:
                    raise problem
                ledger.clock.sleep(_PAUSE_SECONDS)
                continue
            theirs = _annotations(lease)
            if lease["spec"] == body["spec"] and ours.items() <= theirs.items():
                return lease
            self._check_holder(lease)
            merged = {**theirs, **ours}
            attempts += merged == body["metadata"]["annotations"]
            if attempts == _WRITE_ATTEMPTS:
                raise problem
            body["metadata"]["annotations"] = merged
            body["metadata"]["resourceVersion"] = lease["metadata"]["resourceVersion"]

    def _seen(self) -> Json | None:
        """The Lease as it is; None while the API server does not answer."""
        try:
            return self._current()
        except Unreachable:
            return None

    def _current(self) -> Json:
        ledger = self._ledger
        try:
            return ledger.api.get("Lease", ledger.namespace, ledger.name)
        except NotFound:
            raise self._lose("someone deleted the ledger") from None

    def _check_holder(self, lease: Json) -> None:
        holder = lease["spec"].get("holderIdentity")
        if holder != self._holder:
            by = f"{holder.partition(' ')[2]} has taken it" if holder else _GIVEN_BACK
            raise self._lose(by)

    def _lose(self, how: str) -> LockLost:
        self._lost = how
        return self._lock_lost(how)

    def _lock_lost(self, how: str) -> LockLost:
        return LockLost(
            f"the lock of {self._ledger.key} was lost: {how}; this run does nothing more: "
            f"run it again"
        )


def _annotations(lease: Mapping[str, Any]) -> dict[str, str]:
    return dict((lease.get("metadata") or {}).get("annotations") or {})


def _dumps(record: BaseModel) -> str:
    return json.dumps(
        record.model_dump(mode="json", exclude_none=True), sort_keys=True, separators=(",", ":")
    )
