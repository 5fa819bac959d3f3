"""What may be due for a job: the words in which `plan.due` answers."""

from dataclasses import dataclass
from enum import Enum

from flink_components.flink.answers import ENDED, Checkpoint
from flink_components.plan.record import Phase, RestorePoint


class Action(str, Enum):
    """The step that is due."""

    NOTHING = "nothing"
    WAIT = "wait until stable"
    START = "start"
    RESTART = "restart"
    RESCALE = "rescale in place"
    STOP = "stop"
    REFUSE = "refuse"


class Stop(str, Enum):
    """How the job that runs is stopped."""

    SAVEPOINT = "stop with a savepoint"
    LAST_STATE = "cancel, and go on from the latest completed checkpoint"
    CANCEL = "cancel, and give up its state"


@dataclass(frozen=True)
class Seen:
    """What the cluster says about the ledger's active job.

    `state` is Flink's, or None where the JobManager does not know the job; `reached` is False
    where nobody answered, and the rest then says nothing. `checkpoint` is the latest completed
    one that a cancel keeps; `completed` how many the job has completed, kept or not; `restored`
    what it says it was restored from. `problem` is why nobody answered, or why the job failed.
    `at` is when it was looked (seconds since 1970). `on_storage`: the checkpoint was found there,
    since the JobManager does not know the job any more, or is `gone` for good with its cluster.
    `rescalable` is whether Flink can change the parallelism of the job while it runs, None where
    more than that is to change; `recovers` whether the job then goes on from a checkpoint.
    """

    reached: bool
    state: str | None = None
    checkpoint: Checkpoint | None = None
    completed: int = 0
    restored: str | None = None
    problem: str = ""
    at: float = 0.0
    rescalable: bool | None = None
    recovers: bool = False
    on_storage: bool = False
    gone: bool = False

    @property
    def active(self) -> bool:
        """The job has not ended."""
        return self.reached and self.state is not None and self.state not in ENDED


@dataclass(frozen=True)
class Decision:
    """What is due: the action, how to stop, where to start from, and in words why.

    `restore` is None for an empty start and where the stop makes the restore point.
    `revision` is the number that the job has afterwards, `phase` what the ledger has to say of a
    job that is down, where it does not say so yet.
    """

    action: Action
    revision: int
    stop: Stop | None = None
    restore: RestorePoint | None = None
    why: str = ""
    forced: bool = False
    gives_up_state: bool = False
    phase: Phase | None = None
