"""What is to be done with a job: a pure function of the wish, the ledger and what was seen."""

from dataclasses import replace

from flink_components.plan.changes import same_cluster
from flink_components.plan.decision import Action, Decision, Seen, Stop
from flink_components.plan.down import after_its_end, stays_down
from flink_components.plan.origins import age_problem, asked_for, loss, start_from
from flink_components.plan.record import Phase, Record, RestorePoint, Run
from flink_components.spec.job import JobSpec, UpgradeMode, WantedState


def decide(spec: JobSpec, fingerprint: str, record: Record | None, seen: Seen) -> Decision:
    """The step that is due for `spec`, whose program has `fingerprint`.

    `seen` is about `record.run`; it does not matter where there is none.
    """
    run = record.run if record else None
    if record is None or run is None:
        return _first_start(spec, record, seen)
    revision = run.revision if run.fingerprint == fingerprint else run.revision + 1
    if not seen.reached:
        return Decision(
            Action.REFUSE,
            revision,
            why=f"the cluster of the job can't be reached, so nobody knows whether "
            f"{run.job_id} runs: {seen.problem}",
        )
    if spec.state is not WantedState.RUNNING:
        return _not_wanted(spec, record, run, seen)
    forced = asked_for(spec, record, seen)
    same_program = run.fingerprint == fingerprint and forced is None
    if not seen.active:
        return after_its_end(spec, record, run, seen, same_program, revision, forced)
    if same_program and not _to_be_moved(spec, run) and spec.restart in (None, run.restart):
        stable = record.phase in (Phase.STABLE, Phase.ROLLED_BACK)
        return Decision(Action.NOTHING if stable else Action.WAIT, revision)
    ending = _ending(spec, run, seen, forced)
    ending = replace(ending, revision=revision, restore=forced, forced=forced is not None)
    as_before = spec.restart in (None, run.restart) and not _to_be_moved(spec, run)
    if seen.rescalable is None or forced is not None or not as_before:
        return ending
    return _rescaled(spec, record, run, seen, ending)


def _rescaled(spec: JobSpec, record: Record, run: Run, seen: Seen, ending: Decision) -> Decision:
    """Only the parallelism changes: in place where the job then goes on with its state."""
    gives_up = spec.upgrade_mode is UpgradeMode.STATELESS and not run.stateless
    reason = _not_in_place(record, seen)
    if not gives_up and not reason:
        old, new = run.parallelism or "default", spec.parallelism or "default"
        why = f"{old} -> {new}: Flink restarts it from its latest checkpoint, under the same job id"
        return Decision(Action.RESCALE, ending.revision, why=why)
    if gives_up or ending.action is Action.REFUSE:
        return ending
    return replace(ending, why=f"it can't be rescaled in place, since {reason}")


def _not_in_place(record: Record, seen: Seen) -> str:
    """Why the parallelism can't be changed while the job runs; "" where it can."""
    if seen.state != "RUNNING":
        return f"the job is {seen.state}"
    if not seen.rescalable:
        return "that needs Flink 1.18 and jobmanager.scheduler: adaptive"
    if record.phase not in (Phase.STABLE, Phase.ROLLED_BACK):
        return "it was not stable so far"
    if not seen.recovers:
        return "it has completed no checkpoint to go on from"
    return ""


def _first_start(spec: JobSpec, record: Record | None, seen: Seen) -> Decision:
    if spec.state is not WantedState.RUNNING:
        why = f"it is declared {spec.state.value}, and never ran"
        return Decision(Action.NOTHING, 1, why=why, phase=_PHASES[spec.state])
    forced = asked_for(spec, record, seen)
    if forced is not None:
        return Decision(Action.START, 1, restore=forced, why="as restore_from says", forced=True)
    return start_from(spec, record.restore if record else None, 1, "")


def _to_be_moved(spec: JobSpec, run: Run) -> bool:
    return not same_cluster(run.cluster, spec.cluster.to_json())


_PHASES = {WantedState.SUSPENDED: Phase.SUSPENDED, WantedState.CANCELLED: Phase.CANCELLED}


def _not_wanted(spec: JobSpec, record: Record, run: Run, seen: Seen) -> Decision:
    """The job is declared suspended or cancelled."""
    phase = _PHASES[spec.state]
    if not seen.active:
        return stays_down(spec, record, run, seen, phase)
    if spec.state is WantedState.CANCELLED:
        why = _given_up_by_a_cancel(record, run, seen)
        return Decision(Action.STOP, run.revision, stop=Stop.CANCEL, why=why, phase=phase)
    ending = _ending(spec, run, seen, None)
    if ending.action is Action.REFUSE:
        return replace(ending, revision=run.revision)
    return replace(ending, action=Action.STOP, revision=run.revision, phase=phase)


def _given_up_by_a_cancel(record: Record, run: Run, seen: Seen) -> str:
    if run.stateless or seen.checkpoint is not None:
        return ""
    known = f"; what is left is {record.restore.path}" if record.restore else ""
    return f"no checkpoint of it outlives a cancel, so what it did since is given up{known}"


def _ending(spec: JobSpec, run: Run, seen: Seen, forced: RestorePoint | None) -> Decision:
    """How a job that runs is ended, with or without a start after it."""
    mode = spec.upgrade_mode
    if mode is UpgradeMode.STATELESS:
        if not run.stateless and spec.accepts_all_loss is None:
            return _refused(loss(spec, "the state of the job"))
        return Decision(Action.RESTART, 0, stop=Stop.CANCEL, gives_up_state=not run.stateless)
    unhealthy = seen.state != "RUNNING"
    if mode is UpgradeMode.LAST_STATE or (unhealthy and spec.fallback is not None):
        return _from_last_state(spec, seen, forced)
    if unhealthy:
        return _refused(
            f"the job is {seen.state}, so it can't take a savepoint: mend it, or choose "
            f'upgrade_mode="last_state" to go on from its latest completed checkpoint'
        )
    return Decision(Action.RESTART, 0, stop=Stop.SAVEPOINT)


def _from_last_state(spec: JobSpec, seen: Seen, forced: RestorePoint | None) -> Decision:
    if forced is None:
        if seen.checkpoint is None:
            return _refused(
                "the job has no completed checkpoint that outlives a cancel: wait for one, "
                "set execution.checkpointing.externalized-checkpoint-retention: "
                "RETAIN_ON_CANCELLATION, or choose upgrade_mode savepoint"
            )
        too_old = age_problem(spec, seen)
        if too_old:
            return _refused(f"{too_old}: wait for a newer one, or choose upgrade_mode savepoint")
    return Decision(Action.RESTART, 0, stop=Stop.LAST_STATE)


def _refused(why: str) -> Decision:
    return Decision(Action.REFUSE, 0, why=why)
