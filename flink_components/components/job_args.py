"""Arguments that a session job and an application have in common."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from pulumi import Input

if TYPE_CHECKING:
    from flink_components.components.fleet import Fleet


class JobArgs(TypedDict, total=False):
    """What every job may be given: its program, and when and from what state it runs."""

    entry_class: Input[str]
    """The main class; by default the jar's own Main-Class."""
    args: Input[list[Input[str]]]
    """Arguments of main, one item each."""
    parallelism: Input[int]
    """Default parallelism of the job."""
    upgrade_mode: Input[str]
    """savepoint (default), last_state or stateless."""
    savepoint_dir: Input[str]
    """Where savepoints are written, as the pods see it; required for upgrade_mode savepoint."""
    savepoint_format: Input[str]
    """native (default) or canonical."""
    drain: Input[bool]
    """Emit everything before the savepoint of a stop; for a last stop only."""
    state: Input[str]
    """running (default), suspended (stopped, its state kept) or cancelled."""
    fallback: Input[str]
    """last_state: where no savepoint can be taken, go on from the latest completed checkpoint."""
    max_restore_age: Input[str]
    """How old a checkpoint may be from which the job goes on; any age by default."""
    keep_savepoints: Input[Mapping[str, Input[Any]]]
    """count and age: which savepoints of our own stops stay; all by default, the newest always."""
    restart: Input[str]
    """Any text, such as a date: a changed one restarts the job with its state."""
    restore_from: Input[str]
    """A savepoint or retained checkpoint to start from; a changed one restores a running job."""
    claim_mode: Input[str]
    """NO_CLAIM (default), CLAIM (Flink deletes the snapshot later) or LEGACY; for restore_from."""
    version: Input[str]
    """Your own name of this build of the job; needed for `accept`."""
    accept: Input[list[Mapping[str, Any]]]
    """Losses of state accepted for this version: operator, version, reason, up_to."""
    job_graph: Input[str]
    """A file that `flink-components graph JAR -o FILE` made: tells what becomes of the state."""
    state_access: Input[Mapping[str, Any]]
    """How this machine reaches snapshots: `{"s3": {"endpoint": …, "access_key_env": …, …}}`."""
    on_delete: Input[str]
    """savepoint (default where savepoint_dir is set), cancel or keep."""
    deadlines: Input[Mapping[str, Input[str]]]
    """stable (5 min), savepoint (10 min), cancel (1 min)."""
    fleet: "Fleet"
    """The jobs that it is checked with before any of them is touched, and how many at a time."""
    description: Input[str]
    """For people."""
    key: Input[str]
    """Identity of the job; `<namespace>/<name>` by default. It finds its ledger and state."""
    previous_key: Input[str]
    """The key that the job had before, to rename it."""
