"""Where a job runs: what differs between a session cluster and an application's own."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

from flink_components.flink.errors import FlinkError
from flink_components.lifecycle.accepting import accepted
from flink_components.lifecycle.adopting import adopt
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.jars import ensure_jar
from flink_components.lifecycle.kept import way_back_to
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.left_jars import announcing, needs_jar, remove_left_jars
from flink_components.lifecycle.observing import with_scaling
from flink_components.lifecycle.programs import keep, keeping
from flink_components.lifecycle.rehearsal import Rehearsal
from flink_components.lifecycle.rescaling import rescale
from flink_components.lifecycle.session_cluster import leave_revision
from flink_components.lifecycle.stopwatch import Stopwatch
from flink_components.lifecycle.submitting import submit
from flink_components.lifecycle.wish import JobWish, Wish
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.changes import same_cluster
from flink_components.plan.decision import Decision, Seen
from flink_components.plan.record import AcceptedLoss, Phase, Record, Run
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef


class Place(Protocol):
    """What one wish needs of the place where its job is to run. The lock is held in each call."""

    @property
    def wish(self) -> JobWish:
        """The wish."""

    def before(self, held: HeldRecord) -> "Place | None":
        """Where, and as what, the job runs again if the wish does not become stable."""

    def take_over(self, held: HeldRecord) -> None:
        """Takes over a job that runs and is not in the ledger yet. Raises Refused."""

    def fenced(self, held: HeldRecord, seen: Seen) -> Seen:
        """What was seen; of a job that is lost, once nothing of it can run any more."""

    def reconsidered(self, held: HeldRecord, decision: Decision, seen: Seen) -> Decision:
        """What is due, by what only this place knows of a job that was seen so."""

    def with_scaling(self, held: HeldRecord, seen: Seen) -> Seen:
        """What was seen, and whether the parallelism can be changed while the job runs."""

    def rescale(self, held: HeldRecord, decision: Decision) -> bool:
        """Changes the parallelism while the job runs; False where that can't be done."""

    def judge(self, held: HeldRecord, decision: Decision, seen: Seen) -> None:
        """Whether the state can be gone on from, before anything is stopped. Raises Refused."""

    @property
    def losses(self) -> tuple[AcceptedLoss, ...]:
        """The accepted losses that are written together with the attempt that brings them about."""

    def prepare(self, held: HeldRecord) -> None:
        """All that can be refused or can fail, before anything is stopped. Raises Refused."""

    def prepare_again(self, held: HeldRecord) -> None:
        """The same for what runs again: nothing runs meanwhile, so it is as short as can be."""

    def keeping(self, held: HeldRecord, revision: int) -> AbstractContextManager[None]:
        """Keeps the program for a start by hand beside what is done in the block."""

    def stopped(self) -> None:
        """The job that ran has been stopped."""

    def submit(self, held: HeldRecord, run: Run) -> bool:
        """Starts the attempt, which the ledger has by now; False where its id was used before.

        Raises StepFailed where it does not start, AnswerLost where nobody knows.
        """

    def running(self) -> None:
        """All tasks of the attempt run."""

    def put_down(self, held: HeldRecord, run: Run, seen: Seen) -> Seen:
        """An attempt that Flink can't be asked to end is ended otherwise, where that can be."""

    def arrived(self, held: HeldRecord, *earlier: Run | None) -> None:
        """It is stable: what only `earlier` runs have needed is removed."""

    def taken_back(self, held: HeldRecord, failed: Run) -> None:
        """It is stable in place of an attempt that failed."""

    def stays(self, held: HeldRecord) -> None:
        """Nothing was started, and nothing is to be."""

    def tidy(self, held: HeldRecord) -> None:
        """Whatever came of it, at the end."""


class SessionPlace:
    """A session cluster: the jar is uploaded, and the job submitted over REST."""

    def __init__(
        self, shop: Workshop, ledger: Ledger[Record], wish: Wish, before: Wish | None = None
    ) -> None:
        self.wish = wish
        self._shop = shop
        self._ledger = ledger
        self._before = before
        self._rehearsal = Rehearsal(shop, wish)
        self._jar_id = ""
        self._losses: tuple[AcceptedLoss, ...] = ()
        self._watch = Stopwatch(shop)
        self._refused = False
        self._unsure = False

    @property
    def losses(self) -> tuple[AcceptedLoss, ...]:
        """None: they are written when the job is submitted, which Flink is told of then."""
        return ()

    def begin(self) -> None:
        """Begins what needs no lock."""
        self._rehearsal.begin()

    def before(self, held: HeldRecord) -> "SessionPlace | None":
        before = way_back_to(self._ledger, held.record, self._before)
        return SessionPlace(self._shop, self._ledger, before) if before else None

    def take_over(self, held: HeldRecord) -> None:
        adopt(self._shop, held, self._ledger, self.wish)

    def fenced(self, held: HeldRecord, seen: Seen) -> Seen:
        return seen

    def reconsidered(self, held: HeldRecord, decision: Decision, seen: Seen) -> Decision:
        return decision

    def with_scaling(self, held: HeldRecord, seen: Seen) -> Seen:
        run = held.record.run
        only_scales = run is not None and self.wish.only_scales(run)
        return with_scaling(self._shop, run, seen) if run and only_scales else seen

    def rescale(self, held: HeldRecord, decision: Decision) -> bool:
        return rescale(self._shop, held, self.wish, decision.revision, self._rehearsal)

    def judge(self, held: HeldRecord, decision: Decision, seen: Seen) -> None:
        self._losses = accepted(self._shop, self.wish, held.record, decision, seen)

    def prepare(self, held: HeldRecord) -> None:
        self._watch.begin(held)
        try:
            self._jar_id = self._rehearsal.result(held).jar_id
        except Refused:
            self._refused = True
            raise
        except FlinkError:
            self._unsure = True
            raise
        self._watch.done("prepare")

    def prepare_again(self, held: HeldRecord) -> None:
        spec, content = self.wish.spec, self.wish.content
        announce = announcing(self._shop, held, content, spec.cluster.to_json())
        self._jar_id = ensure_jar(self._shop.flink(spec.cluster), spec, content, announce)

    def keeping(self, held: HeldRecord, revision: int) -> AbstractContextManager[None]:
        return keeping(self._shop, self._ledger, self.wish, revision, held.record)

    def stopped(self) -> None:
        self._watch.done("stop")

    def submit(self, held: HeldRecord, run: Run) -> bool:
        if self._losses:
            held.commit(accepted=held.record.accepting(self._losses))
        loses = bool(self._losses)
        accepted = submit(self._shop, held, self.wish.spec, run, self._jar_id, loses)
        if accepted:
            self._watch.done("go")
        return accepted

    def running(self) -> None:
        self._watch.done("run")

    def put_down(self, held: HeldRecord, run: Run, seen: Seen) -> Seen:
        return seen

    def arrived(self, held: HeldRecord, *earlier: Run | None) -> None:
        """Removes clusters that only earlier runs of it needed, where it has moved away."""
        self._watch.done("stable")
        active = held.record.run
        if active is not None:
            self._watch.weigh(active.restored_from, seconds=0)
            held.note(**held.record.with_switch(self._watch.switch(active)))
        self._keep_graph(held)
        left: list[dict[str, Any]] = [self.wish.spec.cluster.to_json()]
        for run in filter(None, earlier):
            if not any(same_cluster(run.cluster, other) for other in left):
                left.append(run.cluster)
                held.commit()  # what stands in the ledger until now would keep the revision
                leave_revision(self._shop, load(ClusterRef, run.cluster))

    def _keep_graph(self, held: HeldRecord) -> None:
        if self.wish.spec.preview_graph is None:
            return
        # Not loaded where the cluster is not asked for job graphs.
        from flink_components.lifecycle.graphs import keep_rehearsed

        keep_rehearsed(self._shop, self.wish, self._rehearsal.result(held))

    def taken_back(self, held: HeldRecord, failed: Run) -> None:
        return

    def stays(self, held: HeldRecord) -> None:
        run = held.record.run
        if run is not None and run.fingerprint == self.wish.fingerprint:
            keep(self._shop, self._ledger, self.wish, run.revision, held.record)

    def tidy(self, held: HeldRecord) -> None:
        """A jar that was uploaded for a start that was refused is needed by nobody, nor is that of
        a job that has finished. One whose upload may still arrive is removed by the next run.
        """
        held.note(jar_wanted=None)
        run, cluster = held.record.run, self.wish.spec.cluster.to_json()
        needed = needs_jar(run, self.wish.content, cluster) if run else not self._refused
        if not needed:
            held.note(jars_left=held.record.leaving(self.wish.content, cluster))
        if run is not None and not run.guarded and held.record.phase is Phase.FINISHED:
            held.note(jars_left=held.record.leaving(run.jar, run.cluster))
        if not self._unsure:
            remove_left_jars(self._shop, held, self._ledger)
