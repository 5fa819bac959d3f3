"""A start as far as it changes nothing: the jar on the cluster, and a dry run of its `main`."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from flink_components.flink.errors import FlinkError, FlinkUnreachable
from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.errors import Refused
from flink_components.lifecycle.jars import ensure_jar, find_jar
from flink_components.lifecycle.left_jars import announcing
from flink_components.lifecycle.program import program
from flink_components.lifecycle.wish import Wish
from flink_components.lifecycle.work import HeldRecord, Workshop


@dataclass(frozen=True)
class Rehearsed:
    """The id of the jar on the cluster, and the job graph as `/jars/:id/plan` gives it."""

    jar_id: str
    graph: dict[str, Any]


class Rehearsal:
    """The rehearsal of one wish: done once, and where it can be while the lock is being taken."""

    def __init__(self, shop: Workshop, wish: Wish) -> None:
        self._shop = shop
        self._wish = wish
        self._begun: Future[Rehearsed | None] | None = None
        self._found: Rehearsed | None = None

    def begin(self) -> None:
        """Begins it beside what is done meanwhile, without the lock.

        It uploads nothing then: only under the lock does the ledger keep a jar from being removed.
        """
        self._begun = self._shop.beside(self._without_upload)

    def result(self, held: HeldRecord) -> Rehearsed:
        """What came of it. Raises Refused where the job can't start, FlinkError for the jar."""
        if self._found is None:
            self._found = self._begun.result() if self._begun else None
        if self._found is None:
            spec, content = self._wish.spec, self._wish.content
            announce = announcing(self._shop, held, content, spec.cluster.to_json())
            jar_id = ensure_jar(self._shop.flink(spec.cluster), spec, content, announce)
            self._found = Rehearsed(jar_id, self._dry_run(jar_id))
        return self._found

    def _without_upload(self) -> Rehearsed | None:
        """None where anything is in the way: it is said by the one under the lock."""
        try:
            flink = self._shop.flink(self._wish.spec.cluster)
            jar_id = find_jar(flink, self._wish.spec, self._wish.content)
            return Rehearsed(jar_id, self._dry_run(jar_id)) if jar_id else None
        except (Refused, FlinkError, KubeError, AccessError):
            return None

    def _dry_run(self, jar_id: str) -> dict[str, Any]:
        """Runs main up to `execute` on the cluster: what can't start is found before a stop."""
        spec = self._wish.spec
        try:
            return self._shop.flink(spec.cluster).plan_jar(jar_id, program(spec))
        except FlinkUnreachable as error:
            raise Refused(f"the cluster did not answer to a dry run of the job: {error}") from error
        except FlinkError as error:
            raise Refused(f"the job can't start, and nothing was changed: {error.cause}") from error
