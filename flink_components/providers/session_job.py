"""The dynamic provider of a session job. Its module path and class name are in users' states.

The life cycle is loaded by what starts a job: the preview of an unchanged job does not.
"""

from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from flink_components.flink.jar import JarError, content
from flink_components.plan.changes import changes, fingerprint, plain
from flink_components.plan.record import Record, Run
from flink_components.providers import fields, process
from flink_components.providers.anchor import changed_job_key
from flink_components.providers.in_turn import in_turn
from flink_components.providers.standing import (
    AS_DECLARED,
    compared,
    left_unfinished,
    looked_at,
    refuse_to_leave,
    running,
    standing,
)
from flink_components.spec.base import load
from flink_components.spec.connection import Connection
from flink_components.spec.job import SessionJobSpec

if TYPE_CHECKING:
    from flink_components.lifecycle.session_job import Wish

OURS = ("urn", "stack", "jar_content", "drift", "previous_key", "fleet")
"""Inputs beside those of the spec: who asks, what the jar contains, what a refresh found."""


class SessionJobProvider(ResourceProvider):
    """Runs a job, upgrades it with its state, and shows what became of it."""

    serialize_as_secret_always = False

    @process.entry
    def check(self, _olds: Any, news: Any) -> CheckResult:
        """Refuses what can't be right, and adds what the jar contains."""
        failures = fields.failures(SessionJobSpec, news, OURS)
        failures += changed_job_key(_olds, news)
        inputs = {**news, "drift": AS_DECLARED}
        # The engine has put the old content here where the program ignores changes of the jar.
        stays = news.get("jar_content")
        if not failures and not stays and fields.known(news, "jar", "jar_sha256"):
            try:
                inputs["jar_content"] = content(news["jar"], news.get("jar_sha256"))
            except JarError as error:
                failures.append(CheckFailure("", f"jar: {error}"))
        return CheckResult(inputs, failures)

    @process.entry
    def diff(self, _id: str, _olds: Any, _news: Any) -> DiffResult:
        """Changed inputs, or a ledger that says that the job is not as it was declared."""
        names = (*SessionJobSpec.model_fields, "jar_content")
        changed = not fields.known(_news, *names) or bool(changes(_olds, _news))
        return compared(_olds, _news, changed, _left_unfinished)

    @process.entry
    def create(self, props: Any) -> CreateResult:
        """Runs the job and waits until it is stable; the id is the key."""
        from flink_components.lifecycle.session_job import ensure

        with in_turn(props):
            record = ensure(process.workshop(props["urn"]), _wish(props), stack=props["stack"])
        return CreateResult(props["key"], outputs(props, record))

    @process.entry
    def update(self, _id: str, _olds: Any, _news: Any) -> UpdateResult:
        """Brings what runs to what is declared now, with its state."""
        from flink_components.lifecycle.session_job import ensure

        with in_turn(_news):
            record = ensure(
                process.workshop(_news["urn"]),
                _wish(_news),
                _wish(_olds),
                last_run(_olds),
                _news["stack"],
            )
        return UpdateResult(outputs(_news, record))

    @process.entry
    def delete(self, _id: str, _props: Any) -> None:
        """The anchor, which is deleted after this, ends what runs, if its ledger is there."""
        spec = fields.spec(SessionJobSpec, _props)
        refuse_to_leave(process.workshop(_props["urn"]), spec, last_run(_props))

    @process.entry
    def read(self, id_: str, props: Any) -> ReadResult:
        """What became of the job; gone only where the ledger says that it was deleted."""
        spec = fields.spec(SessionJobSpec, props)
        found = looked_at(process.looking(props["urn"]), spec, fingerprint(props), props["urn"])
        if found is None:
            return ReadResult("", {})
        record, drift = found
        outs = outputs({**props, "drift": drift}, record, drift)
        return ReadResult(id_, outs, _inputs(outs))


def outputs(props: Any, record: Record | None, drift: str = AS_DECLARED) -> dict[str, Any]:
    """The whole new state: the inputs, and what the ledger says of the run."""
    found = {**props, "drift": drift, **standing(record, drift), **running(record)}
    if record is not None and record.run is not None:
        found["revision"] = record.run.revision
    return found


def _wish(props: Any) -> "Wish":
    from flink_components.lifecycle.session_job import Wish

    return Wish(fields.spec(SessionJobSpec, props), props["jar_content"])


def _inputs(props: Any) -> dict[str, Any]:
    names = (*SessionJobSpec.model_fields, *OURS)
    return {name: props[name] for name in names if name in props}


def last_run(olds: Any) -> Run | None:
    """What ran when the state was written, for a ledger that was deleted by hand."""
    if not olds.get("job_id"):
        return None
    return Run(
        revision=int(olds["revision"]),
        attempt=int(olds["attempt"]),
        job_id=olds["job_id"],
        fingerprint=fingerprint(olds),
        jar=olds["jar_content"],
        cluster=fields.spec(SessionJobSpec, olds).cluster.to_json(),
        upgrade_mode=olds.get("upgrade_mode", "savepoint"),
        restored_from=olds.get("restored_from") or None,
        stateless=olds.get("upgrade_mode") == "stateless",
        parallelism=plain(olds.get("parallelism")),
    )


def _left_unfinished(olds: Any, news: Any) -> bool:
    connection = load(Connection, news["cluster"].get("connection") or {})
    key, namespace = news["key"], news["namespace"]
    return left_unfinished(connection, namespace, key, fingerprint(olds), olds, news["urn"])
