"""What a program uses to look at clusters: all ledgers of a namespace come by one call."""

from concurrent.futures import ThreadPoolExecutor

from flink_components.kube.access import Access
from flink_components.kube.listed import ListedAccess
from flink_components.lifecycle.ledger import KIND
from flink_components.lifecycle.work import Workshop

# Not the event loop's own threads: each registration that waits for a hook holds one of them.
THREADS = ThreadPoolExecutor(8, "flink-plan")
_REACH = ListedAccess(Access(), KIND)


def workshop() -> Workshop:
    """What a plan needs."""
    return Workshop(_REACH)
