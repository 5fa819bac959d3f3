"""The dynamic provider of `Revision`. Its module path and class name are in users' states."""

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
from flink_components.kube.objects.session_cluster import CHECKS, fingerprint, names
from flink_components.lifecycle.session_cluster import next_revision, write_revision
from flink_components.plan.changes import plain
from flink_components.providers import process
from flink_components.providers.cluster_anchor import cluster_ledger
from flink_components.spec.base import load, load_known
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.errors import hiding_secrets


class ClusterRevisionProvider(ResourceProvider):
    """Numbers what a session cluster runs: the same number for the same pods and configuration.

    An update, never a replacement. `spec` is the declared cluster; `check` adds `fingerprint`
    and `number`, so both are known in a preview.
    """

    serialize_as_secret_always = False

    @process.entry
    def check(self, _olds: Any, news: Any) -> CheckResult:
        """Refuses what can't be right, and gives the number."""
        declared = plain(news["spec"])
        if not isinstance(declared, Mapping):
            return CheckResult(dict(news), [])
        problems = load_known(SessionClusterSpec, declared, process.is_unknown, checks=CHECKS)
        if problems or process.has_unknown(declared):
            failures = [CheckFailure("", str(hiding_secrets(problem))) for problem in problems]
            return CheckResult(dict(news), failures)
        spec = load(SessionClusterSpec, declared)
        new = fingerprint(spec)
        if new == _olds.get("fingerprint") and _olds.get("number"):
            number = int(_olds["number"])
        else:
            number = self._number(_olds, news, new)
        return CheckResult({**news, "fingerprint": new, "number": number}, [])

    @staticmethod
    def _number(olds: Any, news: Any, new: str) -> int:
        """The ledger knows best; where it can't be read, one more than before."""
        try:
            record = cluster_ledger(news).read()
        except (KubeError, AccessError) as error:
            process.warn(
                f"{news['key']}: the ledger can't be read, so whether its next revision has this "
                f"number can't be said: {error}",
                news["urn"],
            )
            return int(olds.get("number") or 0) + 1
        return max(next_revision(record, new), int(olds.get("number") or 0))

    @process.entry
    def diff(self, _id: str, _olds: Any, _news: Any) -> DiffResult:
        """How the ledger is reached is no difference."""
        if process.has_unknown(_news):
            return DiffResult(changes=None)
        names = ("key", "namespace", "spec", "fingerprint", "number")
        same = all(plain(_olds.get(name)) == plain(_news.get(name)) for name in names)
        return DiffResult(changes=False if same else None)

    @process.entry
    def create(self, props: Any) -> CreateResult:
        """Writes the revision into the ledger, before any of its objects is made."""
        self._write(props)
        return CreateResult(props["key"], dict(props))

    @process.entry
    def update(self, _id: str, _olds: Any, _news: Any) -> UpdateResult:
        """The same for the next one."""
        self._write(_news)
        return UpdateResult(dict(_news))

    @staticmethod
    def _write(props: Any) -> None:
        number = int(props["number"])
        spec = load(SessionClusterSpec, plain(props["spec"]))
        write_revision(
            process.workshop(props["urn"]),
            cluster_ledger(props),
            number,
            props["fingerprint"],
            names(spec, number).rest_service,
        )

    @process.entry
    def delete(self, _id: str, _props: Any) -> None:
        """Nothing: the anchor removes the objects."""

    @process.entry
    def read(self, id_: str, props: Any) -> ReadResult:
        """What was declared; the number is a fact of the ledger."""
        inputs = {key: value for key, value in props.items() if not key.startswith("__")}
        return ReadResult(id_, dict(props), inputs)
