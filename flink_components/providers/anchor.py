"""The dynamic provider of `JobAnchor`. Its module path and class name are in users' states.

The life cycle is loaded by what changes a ledger: the preview of an unchanged job does not.
"""

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
from flink_components.plan.record import Owner
from flink_components.providers import fields, process
from flink_components.spec.job import AnchorSpec

OURS = ("urn", "stack", "ledger")
"""Properties beside those of the spec: who manages the key, and whether its ledger is there."""

THERE = "there"
MISSING = "missing: someone deleted it"


class JobAnchorProvider(ResourceProvider):
    """Creates the ledger of a key; its delete ends what runs under it."""

    serialize_as_secret_always = False

    @process.entry
    def check(self, _olds: Any, news: Any) -> CheckResult:
        """Refuses what can't be right, and a key that changed without saying so."""
        failures = fields.failures(AnchorSpec, news, OURS)
        failures += changed_job_key(_olds, news)
        if not failures and not _olds.get("key") and not process.has_unknown(news):
            failures += _owned_by_another(news)
        return CheckResult({**news, "ledger": THERE}, failures)

    @process.entry
    def diff(self, _id: str, _olds: Any, _news: Any) -> DiffResult:
        """How the ledger is reached is no difference; another key is another resource."""
        same = _without_connection(_olds) == _without_connection(_news)
        replaces = ["key"] if _olds.get("key") != _news.get("key") else []
        return DiffResult(changes=False if same else None, replaces=replaces)

    @process.entry
    def create(self, props: Any) -> CreateResult:
        """Creates or adopts the ledger; the id is the key."""
        from flink_components.lifecycle.anchoring import anchor

        spec = fields.spec(AnchorSpec, props)
        ledger = process.workshop(props["urn"]).ledger(spec.connection, spec.namespace, spec.key)
        anchor(ledger, _owner(props), spec.adopt, spec.previous_key)
        return CreateResult(spec.key, dict(props))

    @process.entry
    def update(self, _id: str, _olds: Any, _news: Any) -> UpdateResult:
        """Writes the owner, and creates a ledger that someone deleted."""
        from flink_components.lifecycle.anchoring import anchor

        spec = fields.spec(AnchorSpec, _news)
        ledger = process.workshop(_news["urn"]).ledger(spec.connection, spec.namespace, spec.key)
        anchor(ledger, _owner(_news), spec.adopt)
        return UpdateResult(dict(_news))

    @process.entry
    def delete(self, _id: str, _props: Any) -> None:
        """Does `on_delete` on what really runs; the ledger stays."""
        from flink_components.lifecycle.anchoring import release

        spec = fields.spec(AnchorSpec, _props)
        shop = process.workshop(_props["urn"])
        ledger = shop.ledger(spec.connection, spec.namespace, spec.key)
        shop.say(release(shop, ledger, _owner(_props), spec))

    @process.entry
    def read(self, id_: str, props: Any) -> ReadResult:
        """Gone only where the ledger says that it was deleted; one that is not there is drift."""
        spec = fields.spec(AnchorSpec, props)
        record = (
            process.looking(props["urn"]).ledger(spec.connection, spec.namespace, spec.key).read()
        )
        if record is not None and record.deleted:
            return ReadResult("", {})
        found = {**props, "ledger": THERE if record else MISSING}
        return ReadResult(id_, found, _inputs(found))


def changed_job_key(olds: Any, news: Any) -> list[CheckFailure]:
    """A changed key would leave the job behind: it must name the one that it had."""
    old, new = olds.get("key"), news.get("key")
    if not changed_key(olds, news) or news.get("previous_key") == old:
        return []
    return [
        CheckFailure(
            "",
            f"key: was {old} and is now {new}, which would be another job; "
            f'to rename it set previous_key="{old}"',
        )
    ]


def changed_key(olds: Any, news: Any) -> bool:
    """The resource had another key before."""
    old, new = olds.get("key"), news.get("key")
    return bool(old) and old != new and not process.is_unknown(new)


def _owned_by_another(news: Any) -> list[CheckFailure]:
    """Refused before anything is made; a ledger that can't be read is the plan's to tell."""
    from flink_components.lifecycle.anchoring import check_owner

    spec = fields.spec(AnchorSpec, news)
    try:
        shop = process.looking(news["urn"])
        record = shop.ledger(spec.connection, spec.namespace, spec.key).read()
        if record is not None:
            check_owner(record, _owner(news), spec.adopt)
    except Refused as error:
        return [CheckFailure("", str(error))]
    except (KubeError, AccessError, LifecycleError):
        return []
    return []


def _owner(props: Any) -> Owner:
    return Owner(stack=props["stack"], urn=props["urn"])


def _inputs(props: Any) -> dict[str, Any]:
    names = (*AnchorSpec.model_fields, *OURS)
    return {name: props[name] for name in names if name in props}


def _without_connection(props: Any) -> Any:
    plain = fields.of_spec(AnchorSpec, props) | {name: props.get(name) for name in OURS}
    plain.pop("connection", None)
    return plain
