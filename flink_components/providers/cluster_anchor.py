"""The dynamic provider of `ClusterAnchor`. Its module path and class name are in users' states."""

from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.errors import LifecycleError, Refused
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.session_cluster import (
    anchor_cluster,
    check_cluster_owner,
    release_cluster,
)
from flink_components.plan.changes import plain
from flink_components.plan.record import ClusterRecord, Owner
from flink_components.providers import process
from flink_components.providers.anchor import MISSING, THERE, changed_key
from flink_components.spec.base import load
from flink_components.spec.connection import Connection

_SAME = ("key", "namespace", "name", "flink_version", "stack", "urn", "adopt", "ledger")


class ClusterAnchorProvider(ResourceProvider):
    """Creates the ledger of a session cluster; its delete removes every revision."""

    serialize_as_secret_always = False

    @process.entry
    def check(self, _olds: Any, news: Any) -> CheckResult:
        """Refuses a key that changed, and one that another stack manages."""
        failures = _changed_key(_olds, news)
        if not _olds.get("key") and not process.has_unknown(news):
            failures += _owned_by_another(news)
        return CheckResult({**news, "ledger": THERE}, failures)

    @process.entry
    def diff(self, _id: str, _olds: Any, _news: Any) -> DiffResult:
        """How the ledger is reached is no difference."""
        same = all(plain(_olds.get(name)) == plain(_news.get(name)) for name in _SAME)
        replaces = ["key"] if _olds.get("key") != _news.get("key") else []
        return DiffResult(changes=False if same else None, replaces=replaces)

    @process.entry
    def create(self, props: Any) -> CreateResult:
        """Creates or adopts the ledger; the id is the key."""
        anchor_cluster(cluster_ledger(props), owner(props), bool(props.get("adopt")))
        return CreateResult(props["key"], dict(props))

    @process.entry
    def update(self, _id: str, _olds: Any, _news: Any) -> UpdateResult:
        """Writes the owner, and creates a ledger that someone deleted."""
        anchor_cluster(cluster_ledger(_news), owner(_news), bool(_news.get("adopt")))
        return UpdateResult(dict(_news))

    @process.entry
    def delete(self, _id: str, _props: Any) -> None:
        """Removes the objects of every revision; refused while a job runs there, or may again."""
        shop = process.workshop(_props["urn"])
        names = ("key", "namespace", "name", "flink_version")
        refs = {name: _props[name] for name in names} | {"connection": connection(_props)}
        shop.say(release_cluster(shop, cluster_ledger(_props), owner(_props), refs))

    @process.entry
    def read(self, id_: str, props: Any) -> ReadResult:
        """Gone only where the ledger says so; one that is not there is drift."""
        record = cluster_ledger(props).read()
        if record is not None and record.deleted:
            return ReadResult("", {})
        found = {**props, "ledger": THERE if record else MISSING}
        inputs = {key: value for key, value in found.items() if not key.startswith("__")}
        return ReadResult(id_, found, inputs)


def _changed_key(olds: Any, news: Any) -> list[CheckFailure]:
    """A changed key would leave the cluster and its jobs behind."""
    if not changed_key(olds, news):
        return []
    old, new = olds["key"], news["key"]
    return [
        CheckFailure(
            "",
            f"key: was {old} and is now {new}, which would be another cluster; to keep this one "
            f'set name="{olds["name"]}" and key="{old}"',
        )
    ]


def _owned_by_another(news: Any) -> list[CheckFailure]:
    """Refused before anything is made; a ledger that can't be read is the revision's to tell."""
    try:
        record = cluster_ledger(news).read()
        if record is not None:
            check_cluster_owner(record, owner(news), bool(news.get("adopt")))
    except Refused as error:
        return [CheckFailure("", str(error))]
    except (KubeError, AccessError, LifecycleError):
        return []
    return []


def connection(props: Any) -> Connection:
    """How the API server is reached."""
    return load(Connection, plain(props.get("connection") or {}), "connection")


def owner(props: Any) -> Owner:
    """Who manages the key."""
    return Owner(stack=props["stack"], urn=props["urn"])


def cluster_ledger(props: Any) -> Ledger[ClusterRecord]:
    """The ledger of the cluster that the properties name."""
    api = process.ACCESS.api(connection(props))
    return Ledger(api, props["namespace"], props["key"], "cluster", ClusterRecord)
