"""The provider of `ApplicationRevision`. Its module path and class name are in users' states."""

from collections.abc import Mapping
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
from flink_components.kube.objects.application import CHECKS, fingerprint
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.revisions import next_revision, write_revision
from flink_components.plan.changes import plain
from flink_components.plan.record import Record
from flink_components.providers import process
from flink_components.providers.anchor import changed_job_key
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load, load_known
from flink_components.spec.connection import Connection
from flink_components.spec.errors import hiding_secrets

_SAME = ("key", "namespace", "spec", "fingerprint", "number")


class ApplicationRevisionProvider(ResourceProvider):
    """Numbers what an application runs: the same number for the same pods and program.

    An update, never a replacement. `spec` is the declared application; `check` adds `fingerprint`
    and `number`, so both are known in a preview.
    """

    serialize_as_secret_always = False

    @process.entry
    def check(self, _olds: Any, news: Any) -> CheckResult:
        """Refuses what can't be right, and gives the number."""
        failures = changed_job_key(_olds, news)
        declared = plain(news["spec"])
        if not isinstance(declared, Mapping):
            return CheckResult(dict(news), failures)
        problems = load_known(ApplicationSpec, declared, process.is_unknown, checks=CHECKS)
        failures += [CheckFailure("", str(hiding_secrets(problem))) for problem in problems]
        if failures or process.has_unknown(news):
            return CheckResult(dict(news), failures)
        new = fingerprint(load(ApplicationSpec, declared))
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
        if process.has_unknown(_news):
            return DiffResult(changes=None)
        same = all(plain(_olds.get(name)) == plain(_news.get(name)) for name in _SAME)
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
