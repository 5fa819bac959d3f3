"""The dynamic provider of `ClusterSwitch`. Its module path and class name are in users' states."""

from typing import Any

from pulumi.dynamic import (
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.session_cluster import switch
from flink_components.plan.changes import plain
from flink_components.plan.record import ClusterRecord
from flink_components.providers import process
from flink_components.providers.cluster_anchor import cluster_ledger, connection
from flink_components.spec.quantity import Duration
from flink_components.spec.ref import ClusterRef

_SAME = ("key", "revision", "service", "stable_service", "task_manager", "replicas", "slots")


class ClusterSwitchProvider(ResourceProvider):
    """Waits until a revision is ready, makes it the active one, and removes empty older ones."""

    serialize_as_secret_always = False

    @process.entry
    def check(self, _olds: Any, news: Any) -> CheckResult:
        """Nothing to refuse: the revision has checked the declaration."""
        return CheckResult(dict(news), [])

    @process.entry
    def diff(self, _id: str, _olds: Any, _news: Any) -> DiffResult:
        """Another revision or size, or older revisions that are still there."""
        if process.has_unknown({name: _news.get(name) for name in _SAME}):
            return DiffResult(changes=None)
        if any(plain(_olds.get(name)) != plain(_news.get(name)) for name in _SAME):
            return DiffResult(changes=None)
        return DiffResult(changes=_unfinished(_news))

    @process.entry
    def create(self, props: Any) -> CreateResult:
        """Switches; the id is the key."""
        self._switch(props)
        return CreateResult(props["key"], dict(props))

    @process.entry
    def update(self, _id: str, _olds: Any, _news: Any) -> UpdateResult:
        """Switches."""
        self._switch(_news)
        return UpdateResult(dict(_news))

    @staticmethod
    def _switch(props: Any) -> None:
        names = ("key", "namespace", "name", "service", "flink_version")
        ref = ClusterRef(
            **{name: props[name] for name in names},
            revision=int(props["revision"]),
            uid=props["service_uid"],
            slots=int(props["slots"]),
            leader=props.get("leader"),
            connection=connection(props),
        )
        shop = process.workshop(props["urn"])
        for kept in switch(
            shop,
            cluster_ledger(props),
            ref,
            props["stable_service"],
            props["task_manager"],
            int(props["replicas"]),
            Duration.parse(props["ready_within"]).seconds,
        ):
            shop.say(kept)

    @process.entry
    def delete(self, _id: str, _props: Any) -> None:
        """Nothing: the anchor removes the objects."""

    @process.entry
    def read(self, id_: str, props: Any) -> ReadResult:
        """What was switched to."""
        inputs = {key: value for key, value in props.items() if not key.startswith("__")}
        return ReadResult(id_, dict(props), inputs)


def _unfinished(props: Any) -> bool:
    """The ledger says that the switch, or a removal of older revisions, is not finished."""
    try:
        record: ClusterRecord | None = cluster_ledger(props).read()
    except (KubeError, AccessError) as error:
        process.warn(
            f"{props['key']}: the ledger can't be read, so whether the cluster is as it was left "
            f"can't be said: {error}",
            props["urn"],
        )
        return False
    if record is None or record.active != int(props["revision"]):
        return True
    return len(record.revisions) > 1
