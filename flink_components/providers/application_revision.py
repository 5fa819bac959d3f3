"""The provider of `ApplicationRevision`. Its module path and class name are in users' states."""

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
from flink_components.kube.objects.application import CHECKS, fingerprint
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.revisions import next_revision, write_revision
from flink_components.plan.changes import plain
from flink_components.plan.record import Record
from flink_components.providers import fields, process
from flink_components.providers.anchor import changed_job_key
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from flink_components.spec.connection import Connection

OURS = ("connection", "urn", "stack", "previous_key", "fingerprint", "number")
"""Inputs beside those of the spec: who asks, and what `check` adds."""


class ApplicationRevisionProvider(ResourceProvider):
    """Numbers what an application runs: the same number for the same pods and program.

    An update, never a replacement. `check` adds `fingerprint` and `number` to what is declared,
    so both are known in a preview.
    """

    serialize_as_secret_always = False

    @process.entry
    def check(self, _olds: Any, news: Any) -> CheckResult:
        """Refuses what can't be right, and gives the number."""
        failures = fields.failures(ApplicationSpec, news, OURS, CHECKS)
        failures += changed_job_key(_olds, news)
        if failures or not fields.known(news, *ApplicationSpec.model_fields):
            return CheckResult(dict(news), failures)
        new = fingerprint(fields.spec(ApplicationSpec, news))
        number = self._number(_olds, news, new)
        return CheckResult({**news, "fingerprint": new, "number": number}, [])

    @staticmethod
    def _number(olds: Any, news: Any, new: str) -> int:
        """The ledger knows best; where it can't be read, one more than before."""
        before = int(olds.get("number") or 0)
        if before and new == olds.get("fingerprint"):
            return before
        try:
            return next_revision(_ledger(news).read(), new, before or None)
        except (KubeError, AccessError, LifecycleError) as error:
            process.warn(
                f"{news['key']}: the ledger can't be read, so whether its next revision has this "
                f"number can't be said: {error}",
                news["urn"],
            )
            return before + 1

    @process.entry
    def diff(self, _id: str, _olds: Any, _news: Any) -> DiffResult:
        """How the ledger is reached is no difference."""
        names = (*ApplicationSpec.model_fields, "fingerprint", "number")
        if not fields.known(_news, *names):
            return DiffResult(changes=None)
        same = all(plain(_olds.get(name)) == plain(_news.get(name)) for name in names)
        return DiffResult(changes=False if same else None)

    @process.entry
    def create(self, props: Any) -> CreateResult:
        """Writes the revision into the ledger, before any of its objects is made."""
        write_revision(_ledger(props), int(props["number"]), props["fingerprint"])
        return CreateResult(props["key"], dict(props))

    @process.entry
    def update(self, _id: str, _olds: Any, _news: Any) -> UpdateResult:
        """The same for the next one."""
        write_revision(_ledger(_news), int(_news["number"]), _news["fingerprint"])
        return UpdateResult(dict(_news))

    @process.entry
    def delete(self, _id: str, _props: Any) -> None:
        """Nothing: the anchor removes the objects."""

    @process.entry
    def read(self, id_: str, props: Any) -> ReadResult:
        """What was declared; the number is a fact of the ledger."""
        inputs = {key: value for key, value in props.items() if not key.startswith("__")}
        return ReadResult(id_, dict(props), inputs)


def _ledger(props: Any) -> Ledger[Record]:
    connection = load(Connection, plain(props.get("connection") or {}), "connection")
    shop = process.workshop(props["urn"])
    return shop.ledger(connection, props["namespace"], props["key"])
