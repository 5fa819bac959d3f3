"""Resume and rollback without the program: what was kept of it, through the ordinary life cycle."""

from collections.abc import Mapping
from typing import Any

from flink_components.lifecycle.application_by_hand import (
    refuse_what_has_no_way,
    resume_application,
    rollback_application,
)
from flink_components.lifecycle.by_hand import run_of
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.jars import supply_jar
from flink_components.lifecycle.kept import declared_by, to_run
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.left_jars import announcing
from flink_components.lifecycle.observing import observe_latest
from flink_components.lifecycle.places import SessionPlace
from flink_components.lifecycle.programs import shelf_of
from flink_components.lifecycle.session_job import check_ours, ensure_held
from flink_components.lifecycle.settling import settle
from flink_components.lifecycle.wish import ByHand, Wish
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.decision import Seen
from flink_components.plan.down import finished
from flink_components.plan.programs import Program, Programs, program_before
from flink_components.plan.record import RUNS, Phase, Record, Run
from flink_components.spec.base import load
from flink_components.spec.job import SessionJobSpec, UpgradeMode

_PROGRAM = (
    "jar",
    "jar_sha256",
    "entry_class",
    "args",
    "parallelism",
    "config",
    "version",
    "accept",
)
"""What a rollback takes from the earlier program; how a job is run stays as declared last."""


def resume_by_hand(
    shop: Workshop, ledger: Ledger[Record], origin: str | None = None, jar: str | None = None
) -> Record:
    """Starts a job that is down, with the program it had: from `origin`, or where it stopped.

    `jar` is a file with the job's jar, where the cluster has it no more. Repeatable.
    Raises Refused (nothing was started), StepFailed with Flink's cause.
    """
    origin = origin.rstrip("/") if origin else None
    with ledger.lock(f"resume of {ledger.key} by hand") as held:
        check_ours(held.record)
        run = run_of(held)
        _refuse_what_runs(held.record, run, observe_latest(shop, run), origin)
        if run.guarded:
            return resume_application(shop, held, ledger, run, origin)
        programs = shelf_of(ledger).read()
        program = programs.of(run.fingerprint)
        if program is None:
            raise Refused(
                f"the program of {ledger.key} was not kept: run `pulumi up`, which starts the job"
            )
        declared = declared_by(ledger, program)
        settle(shop, held, declared)
        seen = observe_latest(shop, run)
        _refuse_what_runs(held.record, run, seen, origin)
        spec = to_run(
            declared,
            cluster=_cluster(held.record, run, declared, seen),
            restore_from=origin,
            restart=run.restart,
        )
        wish = Wish(spec, program.content, ByHand(declared, run.rolled_back_from))
        return _carry_out(shop, held, ledger, wish, None, jar)


def _refuse_what_runs(record: Record, run: Run, seen: Seen, origin: str | None) -> None:
    """A start that another process has begun is no such thing: it is waited for."""
    if record.open is not None:
        return
    stable = record.phase in (Phase.STABLE, Phase.ROLLED_BACK)
    if seen.active and (stable or origin not in (None, run.asked_from)):
        raise Refused(f"{record.key} runs already: revision {run.revision} is {seen.state}")
    if finished(record, seen) and origin is None:
        raise Refused(f"{record.key} has finished its bounded work: there is nothing to resume")


def _cluster(
    record: Record, run: Run, declared: SessionJobSpec, seen: Seen
) -> Mapping[str, object]:
    """Where the job ran; where a step of ours has ended it and that cluster is gone, the declared.

    One whose Service someone deleted may still run the job.
    """
    gone = seen.reached and seen.state is None and bool(seen.problem)
    return declared.cluster.to_json() if gone and record.phase not in RUNS else run.cluster


def rollback_by_hand(
    shop: Workshop,
    ledger: Ledger[Record],
    jar: str | None = None,
    last_state: bool = False,
    may_lose: str = "",
) -> Record:
    """Upgrades the job to the program that was stable before the one that it has, with its state.

    `last_state`: where it can't take a savepoint, it goes on from its latest checkpoint.
    `may_lose`: why state for which that program has no operator may be left out.
    Repeatable: one that was begun is finished.
    Raises Refused (nothing was changed), StepFailed with Flink's cause.
    """
    with ledger.lock(f"rollback of {ledger.key} by hand") as held:
        check_ours(held.record)
        run = run_of(held)
        if run.guarded:
            begun = run.fingerprint if _left_unfinished(held.record, run) else None
            return rollback_application(shop, held, ledger, run, begun, last_state, may_lose)
        programs = shelf_of(ledger).read()
        target = _target(held.record, run, programs)
        kept = _stable(held.record, programs) or target
        declared = declared_by(ledger, kept)
        earlier = _with_program(declared, declared_by(ledger, target))
        settle(shop, held, declared)
        seen = observe_latest(shop, run)
        common: dict[str, Any] = {
            "cluster": _cluster(held.record, run, declared, seen),
            "restart": run.restart,
        }
        if last_state and declared.upgrade_mode is UpgradeMode.SAVEPOINT:
            common["fallback"] = "last_state"
        spec = to_run(earlier, **common)
        if target.fingerprint != run.fingerprint:
            refuse_what_has_no_way(held.record, spec, seen)
        origin = run.rolled_back_from if target.fingerprint == run.fingerprint else run.revision
        wish = Wish(spec, target.content, ByHand(earlier, origin, may_lose))
        before = Wish(to_run(declared, **common), kept.content, ByHand(declared))
        # What was down stays down where the earlier program does not become stable.
        down = held.record.phase in (Phase.SUSPENDED, Phase.CANCELLED)
        return _carry_out(shop, held, ledger, wish, None if down else before, jar)


def _target(record: Record, run: Run, programs: Programs) -> Program:
    """The program to go back to: of a rollback that was left unfinished, its own."""
    begun = programs.of(run.fingerprint) if _left_unfinished(record, run) else None
    found = begun or program_before(programs, record)
    if found is None:
        raise Refused(
            f"no program that was stable before revision {run.revision} of {record.key} is kept: "
            f"put the earlier one into its Pulumi program, and run `pulumi up`"
        )
    return found


def _left_unfinished(record: Record, run: Run) -> bool:
    if run.rolled_back_from is None:
        return False
    if record.stable is not None and record.stable.attempt == run.attempt:
        return False
    over = record.phase is Phase.FAILED and record.open is None and record.unsure is None
    return not over


def _stable(record: Record, programs: Programs) -> Program | None:
    return programs.of(record.stable.fingerprint) if record.stable else None


def _with_program(declared: SessionJobSpec, earlier: SessionJobSpec) -> SessionJobSpec:
    """The job as it is declared now, with an earlier program."""
    values, old = (one.model_dump(mode="json") for one in (declared, earlier))
    return load(SessionJobSpec, {**values, **{name: old[name] for name in _PROGRAM}})


def _carry_out(
    shop: Workshop,
    held: HeldRecord,
    ledger: Ledger[Record],
    wish: Wish,
    before: Wish | None,
    jar: str | None,
) -> Record:
    held.commit(jar_wanted=wish.content)
    try:
        cluster = wish.spec.cluster
        announce = announcing(shop, held, wish.content, cluster.to_json())
        supply_jar(shop.flink(cluster), wish.spec, wish.content, jar, announce)
        return ensure_held(shop, held, ledger, SessionPlace(shop, ledger, wish, before))
    finally:
        held.note(jar_wanted=None)
