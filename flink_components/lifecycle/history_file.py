"""A copy of a key's history beside its savepoints: what is left where the cluster is gone."""

from flink_components.flink.answers import below
from flink_components.flink.storage import StorageError, write_seen
from flink_components.plan.record import History
from flink_components.spec.state_access import StateAccess

NAME = "history.json"


def copy_history(
    history: History, savepoint_dir: str | None, access: StateAccess | None = None
) -> str:
    """Writes `history.json` into the folder of the key's savepoints; why it could not, or "".

    Only where a savepoint that Flink has written there can be seen from here too: a path of the
    pods may mean something else on this machine. The Lease is what counts, and is written first.
    """
    if savepoint_dir is None:
        return ""
    folder = f"{savepoint_dir}/{history.key}"
    own = [point for point in history.points if point.disposed_at is None]
    seen = next((point.path for point in reversed(own) if below(point.path, folder)), None)
    if seen is None:
        return ""
    text = history.model_dump_json(exclude_none=True, indent=1)
    try:
        write_seen(f"{folder}/{NAME}", text.encode(), f"{seen}/_metadata", access)
    except StorageError as error:
        return f"the history was not copied to {folder}/{NAME}: {error}"
    return ""
