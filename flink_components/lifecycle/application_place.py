"""Where the job of an application runs: on a revision of its own, whose JobManager waits for it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress

from flink_components.flink.checkpoint_files import latest_left
from flink_components.flink.errors import FlinkError
from flink_components.flink.storage import StorageError
from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeApi, KubeError, Unreachable
from flink_components.kube.objects import labels
from flink_components.lifecycle.accepting import accepted
from flink_components.lifecycle.announcing import announce
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.guards import Probe, claimed, withdrawn
from flink_components.lifecycle.kept_revisions import keeping_revision
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.left_checkpoints import directories, options_of_application
from flink_components.lifecycle.pods import in_vain, not_made, pod_problem, problems, runs
from flink_components.lifecycle.revisions import (
    NO_PODS,
    deployment,
    of_revision,
    put_down,
    remove_others,
    renew,
    rest,
    scale,
)
from flink_components.lifecycle.running_again import again
from flink_components.lifecycle.standing import checkpointed, selector_of
from flink_components.lifecycle.stopwatch import Stopwatch
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.wish import ApplicationWish
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.decision import Action, Decision, Seen
from flink_components.plan.down import ENDED_BY_US
from flink_components.plan.go import CLAIM, claim_of, unknown_claim
from flink_components.plan.record import RUNS, AcceptedLoss, Phase, Record, Run
from flink_components.spec.application import Cleanup
from flink_components.spec.base import load
from flink_components.spec.job import UpgradeMode, WantedState
from flink_components.spec.ref import ClusterRef

_CLAIM_SECONDS = 90.0
_WEIGHED_SECONDS = 2.0
_RENEWED_EVERY_SECONDS = 3.0
_NOBODY_MAY_RUN = (*ENDED_BY_US, Phase.LOST)
_IN_VAIN_SECONDS = 20.0


class ApplicationPlace:
    """One revision of an application; `before` is what was declared until now."""

    def __init__(
        self,
        shop: Workshop,
        ledger: Ledger[Record],
        wish: ApplicationWish,
        before: ApplicationWish | None = None,
    ) -> None:
        self.wish = wish
        self._shop = shop
        self._ledger = ledger
        self._before = before
        self._losses: tuple[AcceptedLoss, ...] = ()
        self._watch = Stopwatch(shop)

    @property
    def _ref(self) -> ClusterRef:
        return self.wish.spec.cluster

    @property
    def _api(self) -> KubeApi:
        return self._ledger.api

    @property
    def _pods(self) -> Mapping[str, int]:
        wish = self.wish
        return {labels.JOB_MANAGER: wish.job_managers, labels.TASK_MANAGER: wish.task_managers}

    def before(self, held: HeldRecord) -> "ApplicationPlace | None":
        """By the ledger: it knows all that it takes, whatever was declared since."""
        stable = held.record.stable
        if stable is None or not stable.guarded:
            return None
        if self._before is not None and self._before.spec.state is not WantedState.RUNNING:
            return None
        return ApplicationPlace(self._shop, self._ledger, again(self.wish, stable))

    def take_over(self, held: HeldRecord) -> None:
        """A run that only Pulumi remembers has no claim: without one it could be started twice."""
        run, runs_on = held.record.run, held.record.phase in RUNS
        if run is not None and run.guarded and runs_on and claim_of(held.annotations) is None:
            held.ask(CLAIM, unknown_claim(run))

    # -- what is due -------------------------------------------------------------------------

    def fenced(self, held: HeldRecord, seen: Seen) -> Seen:
        """A job that is lost may be started from what it left, once no pod of it is there.

        One that can't be asked is given up only for an upgrade that is to go on from its last
        state. Raises StepFailed where a pod does not end.
        """
        run = held.record.run
        if run is None or not run.guarded or seen.state is not None:
            return seen
        if not seen.reached and held.record.open is None and held.record.phase in _NOBODY_MAY_RUN:
            return self._ended_for_certain(held, run, seen)
        if self._never_came_up(held, run, seen):
            return seen if self._is_wished(run) else self._given_up(held, run, seen)
        if not self._goes_on(held, run):
            return seen
        if held.record.open is not None or held.record.phase not in RUNS | {Phase.LOST}:
            return seen
        gives_up = (
            run.fingerprint != self.wish.fingerprint
            and self.wish.spec.upgrade_mode is UpgradeMode.LAST_STATE
        )
        if not seen.reached and not gives_up:
            return seen
        held.commit(phase=Phase.LOST, reason=seen.problem, since=self._shop.clock.now())
        put_down(self._shop, held, self._api, load(ClusterRef, run.cluster))
        return Seen(reached=True, problem=seen.problem, at=self._shop.clock.now())

    def _ended_for_certain(self, held: HeldRecord, run: Run, seen: Seen) -> Seen:
        """By the ledger nothing of it may run: with high availability only its pods can show it."""
        if held.record.phase in (Phase.FAILED, Phase.LOST):
            return self._given_up(held, run, seen)
        put_down(self._shop, held, self._api, load(ClusterRef, run.cluster))
        return Seen(reached=True, problem=seen.problem, at=self._shop.clock.now())

    @staticmethod
    def _never_came_up(held: HeldRecord, run: Run, seen: Seen) -> bool:
        """It was started, and can't be asked; nor was it ever seen to run."""
        record = held.record
        new = record.stable is None or record.stable.attempt != run.attempt
        return not seen.reached and new and record.open is None and record.phase is Phase.DEPLOYED

    def _is_wished(self, run: Run) -> bool:
        return (run.fingerprint, run.revision) == (self.wish.fingerprint, self.wish.revision)

    def _given_up(self, held: HeldRecord, run: Run, seen: Seen) -> Seen:
        """Something else is wished for by now: the attempt is ended, whatever became of it."""
        seen = self.put_down(held, run, seen)
        if seen.reached and seen.completed:
            held.commit(phase=Phase.LOST)
        return seen

    def reconsidered(self, held: HeldRecord, decision: Decision, seen: Seen) -> Decision:
        """A start that an earlier call has begun is waited for, and taken back where it fails."""
        run = held.record.run
        runs_here = self.wish.spec.state is WantedState.RUNNING
        if run is None or not runs_here or not self._never_came_up(held, run, seen):
            return decision
        return Decision(Action.WAIT, run.revision) if self._is_wished(run) else decision

    def judge(self, held: HeldRecord, decision: Decision, seen: Seen) -> None:
        self._losses = accepted(self._shop, self.wish, held.record, decision, seen)

    @property
    def losses(self) -> tuple[AcceptedLoss, ...]:
        """The word "go" says that they may be."""
        return self._losses

    def _goes_on(self, held: HeldRecord, run: Run) -> bool:
        """The declaration allows a start from something else than a savepoint of a stop."""
        spec = self.wish.spec
        if spec.state is not WantedState.RUNNING:
            return False
        given = spec.restore_from not in (None, held.record.restored_by_hand)
        last = spec.upgrade_mode is UpgradeMode.LAST_STATE or spec.fallback is not None
        return run.stateless or given or last

    def with_scaling(self, held: HeldRecord, seen: Seen) -> Seen:
        return seen

    def rescale(self, held: HeldRecord, decision: Decision) -> bool:
        return False

    # -- before the stop ---------------------------------------------------------------------

    def prepare(self, held: HeldRecord) -> None:
        """Waits until the pods run and a guard waits, which proves that it can write savepoints.

        A JobManager that has started something before does not wait: "go" ends that first.
        """
        self._watch.begin(held)
        spec = self.wish.spec
        scale(held, self._api, self._ref, self._pods)
        if not self._has_started():
            folder = f"{spec.savepoint_dir}/{spec.key}" if spec.savepoint_dir else None
            self._wait_for_pods(held, Probe(held, self.wish.revision, folder))
        self._watch.done("prepare")

    def _has_started(self) -> bool:
        try:
            self._shop.flink(self._ref).cluster()
        except FlinkError:
            return False
        return True

    def _wait_for_pods(self, held: HeldRecord, probe: Probe) -> None:
        beside = held.record.run is not None and held.record.phase in RUNS
        workers = self.wish.task_managers if self.wish.surge or not beside else 0
        said, since = "", self._shop.clock.monotonic()

        def read() -> bool:
            nonlocal said, since
            try:
                answer = probe.answer()
                missing = self._missing(workers)
            except Unreachable:
                return False
            if answer is not None and not answer.ok:
                raise Refused(
                    f"the pods of {self._named} can't write to {self.wish.spec.savepoint_dir}: "
                    f"{answer.error}; nothing was stopped"
                )
            if missing != said:
                said, since = missing, self._shop.clock.monotonic()
                self._shop.say(missing or "waiting for its JobManager")
            if (
                missing
                and self._in_vain()
                and self._shop.clock.monotonic() - since > _IN_VAIN_SECONDS
            ):
                raise Refused(f"{self._named} can't start, and nothing was stopped: {missing}")
            return answer is not None and not missing

        seconds = self.wish.spec.ready_within.seconds
        if not poll(self._shop.clock, read, bool, seconds, pause=0.1)[1]:
            raise Refused(
                f"{self._named} is not ready within {self.wish.spec.ready_within}, and nothing was "
                f"stopped: {said or 'its JobManager does not answer'}"
            )

    @property
    def _named(self) -> str:
        return f"revision {self.wish.revision} of {self.wish.spec.key}"

    def _missing(self, workers: int) -> str:
        """What keeps the pods from running, in a line; "" where they do."""
        found = self._api.list("Pod", self._ref.namespace, selector_of(self._ref))
        wanted = {labels.JOB_MANAGER: self.wish.job_managers, labels.TASK_MANAGER: workers}
        for component, number in wanted.items():
            own = [p for p in found if p["metadata"]["labels"].get(labels.COMPONENT) == component]
            waiting = [pod for pod in own if not runs(pod)]
            if len(own) - len(waiting) >= number:
                continue
            if waiting:
                return "; ".join(sorted(pod_problem(pod) for pod in waiting))
            name = deployment(self._ref, component)
            return not_made(self._api, self._ref.namespace, name) or f"{name} has no pods yet"
        return ""

    def _in_vain(self) -> bool:
        found = self._api.list("Pod", self._ref.namespace, selector_of(self._ref))
        refused = (
            not_made(self._api, self._ref.namespace, deployment(self._ref, component))
            for component in self._pods
        )
        return any(map(in_vain, found)) or any(refused)

    def prepare_again(self, held: HeldRecord) -> None:
        renew(self._shop, held, self._api, self._ref)
        scale(held, self._api, self._ref, self._pods)

    def keeping(self, held: HeldRecord, revision: int) -> AbstractContextManager[None]:
        """The objects of a revision are its program: those of the one that is left."""
        stable = held.record.stable
        if stable is None or not stable.guarded or stable.revision == revision:
            return nullcontext()
        return keeping_revision(self._shop, self._ledger, stable)

    # -- the start ---------------------------------------------------------------------------

    def stopped(self) -> None:
        self._watch.done("stop")

    def submit(self, held: HeldRecord, run: Run) -> bool:
        """The ledger says "go" by now: waits until a guard has claimed it.

        From then on nobody takes the job back, so the old TaskManagers may make room.
        """
        self._watch.weigh(run.restored_from, _WEIGHED_SECONDS)
        if not self.wish.surge:
            self._make_room(held)
        if self._claimed(held, run) or not withdrawn(held, run):
            self._watch.done("go")
            return True
        found = problems(self._api, self._ref.namespace, selector_of(self._ref, labels.JOB_MANAGER))
        raise StepFailed(
            f"no JobManager of {self._named} has started within {_CLAIM_SECONDS:.0f} s: {found}"
        )

    def _claimed(self, held: HeldRecord, run: Run) -> bool:
        """One that ends just now, to wait at its guard, is not left to Kubernetes' patience."""
        deadline = self._shop.clock.monotonic() + _CLAIM_SECONDS
        while not claimed(self._shop, held, run, _RENEWED_EVERY_SECONDS):
            if self._shop.clock.monotonic() >= deadline:
                return False
            with suppress(KubeError, Refused, StepFailed):
                self.prepare_again(held)
        return True

    def _make_room(self, held: HeldRecord) -> None:
        for number in held.record.revisions:
            if int(number) != self.wish.revision:
                other = of_revision(self._ref, int(number))
                scale(held, self._api, other, {labels.TASK_MANAGER: 0})

    def running(self) -> None:
        self._watch.done("run")

    def put_down(self, held: HeldRecord, run: Run, seen: Seen) -> Seen:
        """Ends an attempt of which Flink says nothing: no pod of it is left then.

        What is not known of its checkpoints counts as one that was completed.
        """
        if not run.guarded or (seen.reached and seen.state is not None):
            return seen
        had = checkpointed(self._shop, self._ledger, run)
        if had is None:
            self._shop.say("its log can't be read, so it may have completed a checkpoint")
        if not seen.reached:
            held.commit(open=None, phase=Phase.FAILED if had is False else Phase.LOST)
            try:
                put_down(self._shop, held, self._api, load(ClusterRef, run.cluster))
            except (StepFailed, KubeError) as error:
                return Seen(reached=False, problem=str(error))
        seen = Seen(reached=True, problem=seen.problem, at=self._shop.clock.now())
        return self._with_own_checkpoint(held, run, seen, had)

    def _with_own_checkpoint(
        self, held: HeldRecord, run: Run, seen: Seen, had: bool | None
    ) -> Seen:
        """With the latest checkpoint on the storage, where that can be seen from here."""
        found = None
        config, access = options_of_application(self._shop, run), self.wish.spec.state_access
        for directory in directories(held.record, self.wish.spec, config):
            with suppress(StorageError):
                found = found or latest_left(directory, run.job_id, access)
        completed = 0 if had is False and found is None else 1
        return Seen(
            reached=True, problem=seen.problem, at=seen.at, checkpoint=found, completed=completed
        )

    # -- afterwards --------------------------------------------------------------------------

    def arrived(self, held: HeldRecord, *earlier: Run | None) -> None:
        """Turns the stable Service, and removes what only earlier revisions have needed."""
        self._watch.done("stable")
        run = held.record.run
        if run is not None and self._watch.steps:
            switch = self._watch.switch(run)
            held.note(**held.record.with_switch(switch))
            announce(self._shop, self._ledger, self.wish, switch)
        self._settle_in(held)

    def _settle_in(self, held: HeldRecord) -> None:
        number, wish = str(self.wish.revision), self.wish
        selector = {"spec": {"selector": {labels.REVISION: number}}}
        try:
            held.fence()
            self._api.patch("Service", self._ref.namespace, wish.stable_service, selector)
        except KubeError as error:
            self._shop.say(f"the Service {wish.stable_service} does not lead to it yet: {error}")
        self._leave_what_was_rolled_back(held)
        remove_others(self._shop, held, self._api, self._ref, self._rolled_back_from(held))

    @staticmethod
    def _rolled_back_from(held: HeldRecord) -> int | None:
        """Its objects stay: they are those of the program, so the next `up` goes on with them."""
        return held.record.run.rolled_back_from if held.record.run is not None else None

    def _leave_what_was_rolled_back(self, held: HeldRecord) -> None:
        number = self._rolled_back_from(held)
        if number is None or str(number) not in held.record.revisions:
            return
        try:
            scale(held, self._api, of_revision(self._ref, number), NO_PODS)
        except KubeError as error:
            self._shop.say(f"the pods of revision {number} stay for now: {error}")

    def taken_back(self, held: HeldRecord, failed: Run) -> None:
        """The revision that failed keeps its objects, for another try, and gives its room back."""
        if not failed.guarded or failed.revision == self.wish.revision:
            return
        try:
            scale(held, self._api, load(ClusterRef, failed.cluster), NO_PODS)
        except (KubeError, AccessError) as error:
            self._shop.say(f"the pods of revision {failed.revision} stay for now: {error}")

    def stays(self, held: HeldRecord) -> None:
        """Pods stay only where the job does; what an interrupted call has left is done."""
        record = held.record
        down = record.phase in (Phase.SUSPENDED, Phase.CANCELLED)
        finished = record.phase is Phase.FINISHED
        if down or (finished and self.wish.spec.cleanup is Cleanup.ON_FINISH):
            rest(held, self._api, self._ref)
        elif record.run is not None and record.run.revision == self.wish.revision:
            self._settle_in(held)

    def tidy(self, held: HeldRecord) -> None:
        return
