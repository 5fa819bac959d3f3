"""The dynamic provider of a snapshot. Its module path and class name are in users' states."""

from typing import Any

from pulumi.dynamic import (
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from flink_components.lifecycle.history import book_of
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.snapshot import dispose_of, snapshot
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Record, Taken
from flink_components.providers import fields, process
from flink_components.spec.snapshot import KeepOrDispose, SnapshotSpec

OURS = ("urn",)
_TAKEN_WITH = ("name", "savepoint_format")


class SavepointSnapshotProvider(ResourceProvider):
    """Takes a savepoint once, and keeps it or disposes of it on a delete."""

    serialize_as_secret_always = False

    @process.entry
    def check(self, _olds: Any, news: Any) -> CheckResult:
        """Refuses what can't be right."""
        return CheckResult(dict(news), fields.failures(SnapshotSpec, news, OURS))

    @process.entry
    def diff(self, _id: str, _olds: Any, _news: Any) -> DiffResult:
        """Another name, job or format is another snapshot; how the job is reached is not."""
        replaces = [name for name in _TAKEN_WITH if _olds.get(name) != _news.get(name)]
        if _key(_olds) != _key(_news):
            replaces.append("job")
        same = all(_olds.get(name) == _news.get(name) for name in ("on_delete", "deadlines", "urn"))
        return DiffResult(changes=bool(replaces) or not same, replaces=replaces)

    @process.entry
    def create(self, props: Any) -> CreateResult:
        """Takes the savepoint, or finds the one that a run before has taken."""
        spec, shop = fields.spec(SnapshotSpec, props), process.workshop(props["urn"])
        taken = snapshot(shop, _ledger(shop, spec), spec.stop_spec(), spec.name)
        return CreateResult(f"{spec.job.key}/{spec.name}", _outputs(props, taken))

    @process.entry
    def update(self, _id: str, _olds: Any, _news: Any) -> UpdateResult:
        """Changes what a delete will do; the snapshot stays as it is."""
        kept = {name: _olds.get(name) for name in ("location", "taken_at", "flink_version")}
        return UpdateResult({**_news, **kept})

    @process.entry
    def delete(self, _id: str, _props: Any) -> None:
        """Keeps the files, or lets Flink remove them."""
        spec, shop = fields.spec(SnapshotSpec, _props), process.workshop(_props["urn"])
        if spec.on_delete is KeepOrDispose.DISPOSE:
            shop.say(dispose_of(shop, _ledger(shop, spec), spec.name))

    @process.entry
    def read(self, id_: str, props: Any) -> ReadResult:
        """Gone only where the history says that its files were disposed of."""
        spec, shop = fields.spec(SnapshotSpec, props), process.workshop(props["urn"])
        points = book_of(_ledger(shop, spec)).read().points
        own = [point for point in points if point.path == props.get("location")]
        if own and own[-1].disposed_at is not None:
            return ReadResult("", {})
        return ReadResult(id_, dict(props))


def _key(props: Any) -> Any:
    return (props.get("job") or {}).get("key")


def _ledger(shop: Workshop, spec: SnapshotSpec) -> Ledger[Record]:
    return shop.ledger(spec.job.connection, spec.job.namespace, spec.job.key)


def _outputs(props: Any, taken: Taken) -> dict[str, Any]:
    return {
        **props,
        "location": taken.path,
        "taken_at": taken.at,
        "flink_version": taken.flink_version,
    }
