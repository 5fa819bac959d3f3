"""The history of a key: a Lease of its own, written after the ledger, kept after a delete."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pydantic import ValidationError

from flink_components.flink.answers import below
from flink_components.flink.errors import FlinkError
from flink_components.kube.api import Conflict, KubeApi, KubeError, NotFound
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.history_file import copy_history
from flink_components.lifecycle.ledger import KEY, RECORD, Ledger, own_labels
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop, meanwhile
from flink_components.plan.history import (
    disposable,
    in_use,
    with_points,
    with_switch,
    without_files,
)
from flink_components.plan.record import History, Record, RestorePoint, Run, Step, Switch, Taken
from flink_components.spec.job import JobSpec, StopSpec
from flink_components.spec.names import lease_name
from flink_components.spec.state_access import StateAccess

_WRITE_ATTEMPTS = 3
_DISPOSED_AT_ONCE = 5
_DISPOSAL_SECONDS = 60.0


def noted(
    held: HeldRecord, spec: StopSpec, point: RestorePoint, run: Run, step: Step | None, why: str
) -> dict[str, object]:
    """The changes of a record that has a new restore point: it, and its line for the history.

    `step` is the stop that took it; None for what was found.
    """
    ours = step is not None and bool(step.directory) and below(point.path, step.directory)
    line = Taken(
        path=point.path,
        kind=point.kind,
        at=point.at,
        format=spec.savepoint_format.value if ours else None,
        flink_version=str(run.cluster.get("flink_version", "")),
        job_id=point.job_id,
        revision=point.revision,
        attempt=point.attempt,
        size=point.size,
        why=why,
        by=held.by,
        ours=ours,
        snapshot=step.snapshot if step else None,
    )
    others = tuple(other for other in held.record.unlisted if other.path != line.path)
    return {"restore": point, "unlisted": (*others, line)}


@dataclass(frozen=True)
class Book:
    """Where the history of a key is written."""

    api: KubeApi
    namespace: str
    key: str

    @property
    def name(self) -> str:
        """The Lease's name."""
        return lease_name("history", self.key)

    def read(self) -> History:
        """The history; an empty one where nothing was written yet.

        Raises LifecycleError where it was edited to something else.
        """
        try:
            return self._history(self.api.get("Lease", self.namespace, self.name))
        except NotFound:
            return History(key=self.key)

    def add(self, points: tuple[Taken, ...], switch: Switch | None = None) -> History:
        """Writes points that it does not have yet, and how a switch of an application went."""
        for _ in range(_WRITE_ATTEMPTS):
            try:
                lease = self.api.get("Lease", self.namespace, self.name)
            except NotFound:
                lease = {}
            history = with_points(self._history(lease) if lease else History(key=self.key), points)
            history = with_switch(history, switch) if switch else history
            try:
                return self._write(lease, history)
            except Conflict:
                continue
        raise LifecycleError(f"the history of {self.key} is written by someone else all the time")

    def dispose(self, paths: list[str], now: float) -> History:
        """Notes that the files of these points are gone."""
        lease = self.api.get("Lease", self.namespace, self.name)
        return self._write(lease, without_files(self._history(lease), paths, now))

    def _history(self, lease: dict[str, object]) -> History:
        try:
            annotations = lease["metadata"]["annotations"]  # type: ignore[index]
            return History.model_validate_json(annotations[RECORD])
        except (KeyError, TypeError, ValidationError) as error:
            raise LifecycleError(
                f"the history of {self.key} (Lease {self.namespace}/{self.name}) can't be read: "
                f"it was edited by hand; delete it, and a new one is begun"
            ) from error

    def _write(self, lease: dict[str, object], history: History) -> History:
        text = json.dumps(history.model_dump(mode="json", exclude_none=True), separators=(",", ":"))
        if lease:
            lease["metadata"]["annotations"][RECORD] = text  # type: ignore[index]
            self.api.replace("Lease", self.namespace, self.name, lease)
            return history
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": own_labels("history", self.key),
                "annotations": {KEY: self.key, RECORD: text},
            },
            "spec": {},
        }
        self.api.create("Lease", self.namespace, body)
        return history


def book_of(ledger: Ledger[Record]) -> Book:
    """The history that belongs to a ledger."""
    return Book(ledger.api, ledger.namespace, ledger.key)


@contextmanager
def writing_down(
    shop: Workshop, held: HeldRecord, ledger: Ledger[Record], access: StateAccess | None = None
) -> Iterator[None]:
    """Moves the ledger's new points to the history beside what is done in the block, by its end.

    What can't be written now is written later, and is no error. `access` is how this machine
    reaches the storage of the savepoints, where that is declared.
    """
    points, run = held.record.unlisted, held.record.run
    if not points:
        yield
        return
    problems = []

    def write() -> None:
        history = book_of(ledger).add(points)
        problems.append(copy_history(history, run.savepoint_dir if run else None, access))

    def then() -> None:
        held.note(unlisted=tuple(p for p in held.record.unlisted if p not in points))
        for problem in filter(None, problems):
            shop.say(problem)

    failed = "the history was not written, and will be by the next run"
    with meanwhile(shop, write, failed, then):
        yield


def write_down(
    shop: Workshop, held: HeldRecord, ledger: Ledger[Record], access: StateAccess | None = None
) -> None:
    """The same, before anything else is done."""
    with writing_down(shop, held, ledger, access):
        pass


def tidy_savepoints(
    shop: Workshop, held: HeldRecord, ledger: Ledger[Record], spec: JobSpec
) -> None:
    """Disposes of savepoints that `keep_savepoints` does not keep, a few at a time.

    Flink removes the files, with the pods' identity. What fails is tried again by the next run.
    """
    run, retention = held.record.run, spec.keep_savepoints
    if run is None or (retention.count is None and retention.age is None):
        return
    with suppress(KubeError, LifecycleError, FlinkError):
        book = book_of(ledger)
        found = disposable(book.read(), in_use(held.record), retention, shop.clock.now())
        gone = []
        for point in found[:_DISPOSED_AT_ONCE]:
            held.fence()
            if disposed(shop, run, point.path):
                gone.append(point.path)
        if gone:
            history = book.dispose(gone, shop.clock.now())
            copy_history(history, run.savepoint_dir, spec.state_access)


def disposed(shop: Workshop, run: Run, path: str) -> bool:
    """Lets Flink remove the files of a savepoint, on the cluster of `run`; whether it did."""
    flink = shop.flink(run.cluster)
    trigger = flink.dispose(path)
    result, done = poll(
        shop.clock, lambda: flink.disposal_result(trigger), lambda r: r.done, _DISPOSAL_SECONDS
    )
    gone_before = "FileNotFoundException" in (result.failure or "")
    if done and result.failure is not None and not gone_before:
        shop.say(f"{path} could not be disposed of: {result.failure}")
    return done and (result.failure is None or gone_before)
