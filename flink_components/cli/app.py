"""`flink-components`: what a person does to jobs at 3 a.m., without Pulumi."""

import sys
from typing import Annotated

import typer

from flink_components.cli import printing
from flink_components.cli.graph import graph
from flink_components.cli.plan import plan
from flink_components.cli.plan_error import PlanError
from flink_components.cli.savepoint import AsJson, savepoints
from flink_components.flink.errors import FlinkError
from flink_components.flink.jar import JarError
from flink_components.flink.job_graph import GraphError
from flink_components.flink.storage import StorageError
from flink_components.kube.access import Access, AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle import by_hand
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.history import book_of
from flink_components.lifecycle.ledger import Ledger, records
from flink_components.lifecycle.observing import observe
from flink_components.lifecycle.starting_by_hand import resume_by_hand, rollback_by_hand
from flink_components.lifecycle.waiting import Clock
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Record
from flink_components.spec.base import SpecError, load
from flink_components.spec.connection import Connection

app = typer.Typer(
    help="Looks at jobs, and does a step of their life cycle by hand under Pulumi's own lock.",
    no_args_is_help=True,
    add_completion=False,
)
app.add_typer(savepoints, name="savepoint")
app.command()(graph)
app.command()(plan)

Key = Annotated[str, typer.Argument(help="the job's key, such as payments/fraud")]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="of the ledger; by default the start of the key")
]
Kubeconfig = Annotated[str, typer.Option(help="a kubeconfig; by default $KUBECONFIG")]
Context = Annotated[str, typer.Option(help="a context of that file")]
Jar = Annotated[str, typer.Option(help="the job's jar, where its cluster has it no more")]


def _on_stderr(text: str) -> None:
    print(text, file=sys.stderr)


class Reached:
    """A job's ledger, and the way to it."""

    def __init__(self, kubeconfig: str, context: str) -> None:
        given = {"kubeconfig": kubeconfig or None, "context": context or None}
        self.connection = load(Connection, {k: v for k, v in given.items() if v})
        self.shop = Workshop(Access(), Clock(), _on_stderr, warn=_on_stderr)

    def ledger(self, key: str, namespace: str) -> Ledger[Record]:
        """The ledger of a key."""
        return self.shop.ledger(self.connection, namespace or key.partition("/")[0], key)

    def observed(self, record: Record) -> str:
        """What Flink says of the job now, in words."""
        if record.run is None:
            return "never ran"
        seen = observe(self.shop, record.run)
        if not seen.reached:
            return f"can't be asked: {seen.problem}"
        return seen.state or "not known to its JobManager"


@app.command()
def jobs(
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="where the ledgers are")],
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    as_json: AsJson = False,
) -> None:
    """Lists the jobs of a namespace, as their ledgers know them."""
    reached = Reached(kubeconfig, context)
    api = reached.shop.reach.api(reached.connection)
    found = sorted(records(api, namespace, "job", Record), key=lambda record: record.key)
    printing.show([printing.row(record) for record in found], as_json, printing.table)


@app.command()
def status(
    key: Key,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    as_json: AsJson = False,
) -> None:
    """Says where a job stands: its ledger, its lock, and what Flink says of it."""
    reached = Reached(kubeconfig, context)
    ledger = reached.ledger(key, namespace)
    lock = by_hand.lock_of(ledger)
    record = ledger.read() or Record(key=key)
    printing.show(printing.facts(record, reached.observed(record), lock), as_json, printing.lines)


@app.command()
def history(
    key: Key,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    as_json: AsJson = False,
) -> None:
    """Lists the restore points of a job and the switches of an application, newest first."""
    ledger = Reached(kubeconfig, context).ledger(key, namespace)
    by_hand.lock_of(ledger)
    printing.show(printing.told(book_of(ledger).read()), as_json, printing.table)


@savepoints.command()
def take(
    key: Key,
    name: Annotated[str, typer.Option(help="keeps it out of the retention, under this name")] = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    as_json: AsJson = False,
) -> None:
    """Takes a savepoint of a job that runs on."""
    reached = Reached(kubeconfig, context)
    ledger = reached.ledger(key, namespace)
    by_hand.lock_of(ledger)
    taken = by_hand.savepoint_by_hand(reached.shop, ledger, name or None)
    printing.show({"key": key, "location": taken.path}, as_json, printing.lines)


@app.command()
def suspend(
    key: Key,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    as_json: AsJson = False,
) -> None:
    """Stops a job with a savepoint; the next `pulumi up` starts it from there."""
    reached = Reached(kubeconfig, context)
    ledger = reached.ledger(key, namespace)
    by_hand.lock_of(ledger)
    taken = by_hand.suspend_by_hand(reached.shop, ledger)
    printing.show(
        {"key": key, "state": "SUSPENDED", "location": taken.path}, as_json, printing.lines
    )


@app.command()
def resume(
    key: Key,
    origin: Annotated[
        str, typer.Option("--from", help="a savepoint or checkpoint; by default where it stopped")
    ] = "",
    jar: Jar = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    as_json: AsJson = False,
) -> None:
    """Starts a job that is down again, with the program that it had."""
    reached = Reached(kubeconfig, context)
    ledger = reached.ledger(key, namespace)
    by_hand.lock_of(ledger)
    record = resume_by_hand(reached.shop, ledger, origin or None, jar or None)
    printing.show(printing.started(record), as_json, printing.lines)


@app.command()
def rollback(
    key: Key,
    jar: Jar = "",
    last_state: Annotated[
        bool, typer.Option("--last-state", help="from a checkpoint, if it can't take a savepoint")
    ] = False,
    accept_loss: Annotated[
        str,
        typer.Option(
            metavar="REASON",
            help="leaves out state that the earlier program has no operator for, and notes why",
        ),
    ] = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    as_json: AsJson = False,
) -> None:
    """Upgrades a job, with its state, to the program that was stable before the present one."""
    reached = Reached(kubeconfig, context)
    ledger = reached.ledger(key, namespace)
    by_hand.lock_of(ledger)
    record = rollback_by_hand(reached.shop, ledger, jar or None, last_state, accept_loss.strip())
    printing.show(printing.started(record), as_json, printing.lines)


@app.command()
def unlock(
    key: Key,
    force: Annotated[bool, typer.Option(help="also from a holder that is alive")] = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    as_json: AsJson = False,
) -> None:
    """Takes the lock of a job from a holder that died; one that lives fails at its next call."""
    lock = by_hand.unlock(Reached(kubeconfig, context).ledger(key, namespace), force)
    was = lock.holder if lock else "nobody"
    printing.show({"key": key, "was locked by": was}, as_json, printing.lines)


_SAID = (
    LifecycleError, KubeError, AccessError, FlinkError, GraphError, JarError, PlanError, SpecError,
    StorageError,
)  # fmt: skip


def main() -> None:
    """Runs the command; what can go wrong is one line on stderr, and the exit status is 1."""
    try:
        app()
    except _SAID as error:
        print(f"flink-components: {error}", file=sys.stderr)
        sys.exit(1)
