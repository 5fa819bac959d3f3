"""A session job submitted and upgraded by the package, against plain REST calls.

Both run the same jars with the same arguments on one real Flink, reach it by the same URL, and end
when a checkpoint of the new job is complete. The interruption is the part of an upgrade from the
request to stop until all of the new job's tasks are seen to run. The package keeps its ledger on a
real API server. Two further jobs, one of each jar, run beside, so that neither way has to upload a
jar.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter

from benchmarks.ground import local_flink, namespace, reference
from benchmarks.measuring import Report, compare, seconds_of
from benchmarks.raw_rest import RawFlink
from examples.jobs.jars import build
from flink_components.flink.jar import content
from flink_components.kube.access import Access
from flink_components.lifecycle.anchoring import anchor, release
from flink_components.lifecycle.session_job import Wish, ensure
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Owner
from flink_components.spec.base import load
from flink_components.spec.job import SessionJobSpec
from flink_components.spec.ref import ClusterRef

_NAMESPACE = "benchmark-session-job"
_OWNER = Owner(stack="acme/flink/benchmark", urn="urn:pulumi:benchmark::flink::job")
_GOALS = {"submit": 1.1, "upgrade": 1.1, "interruption by the upgrade": 1.1}
_WARM_UPS = 3


@dataclass
class Packaged:
    """Jobs under keys of their own, by the package's life cycle; `folder` takes their files."""

    ref: ClusterRef
    folder: Path
    numbers: count[int] = field(default_factory=count)
    said: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shop = Workshop(Access(), say=self._say)

    def _say(self, text: str) -> None:
        self.said.append((text, perf_counter()))

    def said_at(self, beginning: str) -> float:
        """When a job's row last said what begins so, in seconds."""
        return next(at for text, at in reversed(self.said) if text.startswith(beginning))

    def turn(self) -> Mapping[str, float]:
        """One job's life; its end is not measured."""
        name = f"job-{next(self.numbers)}"
        first, second = self.wish(name, "stateful-v1"), self.wish(name, "stateful-v2")
        seconds = {
            "submit": seconds_of(lambda: self.submit(first)),
            "upgrade": seconds_of(lambda: ensure(self.shop, second, first)),
            "interruption by the upgrade": self.said_at("all running") - self.said_at("stopping"),
        }
        spec = second.spec
        ledger = self.shop.ledger(spec.cluster.connection, spec.namespace, spec.key)
        release(self.shop, ledger, _OWNER, spec)
        return seconds

    def wish(self, name: str, jar: str) -> Wish:
        """The declaration of a job."""
        location = str(build()[jar])
        spec = load(
            SessionJobSpec,
            {
                "name": name,
                "namespace": self.ref.namespace,
                "key": f"{self.ref.namespace}/{name}",
                "cluster": self.ref.to_json(),
                "jar": location,
                "args": _arguments(self.folder / name),
                "savepoint_dir": (self.folder / "savepoints").as_uri(),
                "on_delete": "cancel",
            },
        )
        return Wish(spec, content(location))

    def submit(self, wish: Wish) -> None:
        """The first `up` of a job: its ledger, then the job."""
        spec = wish.spec
        anchor(self.shop.ledger(spec.cluster.connection, spec.namespace, spec.key), _OWNER)
        ensure(self.shop, wish)


@dataclass
class Raw:
    """The same jobs by plain REST calls."""

    flink: RawFlink
    folder: Path
    numbers: count[int] = field(default_factory=count)

    def turn(self) -> Mapping[str, float]:
        """One job's life; its end is not measured."""
        name = f"raw-{next(self.numbers)}"
        arguments, jars, ids = _arguments(self.folder / name), build(), []
        savepoints = (self.folder / "savepoints" / name).as_uri()
        flink = self.flink

        def submit() -> None:
            ids.append(flink.submit(jars["stateful-v1"], arguments))

        def upgrade() -> None:
            ids.append(flink.upgrade(ids[-1], jars["stateful-v2"], arguments, savepoints))

        seconds = {
            "submit": seconds_of(submit),
            "upgrade": seconds_of(upgrade),
            "interruption by the upgrade": flink.all_running_at - flink.stopped_at,
        }
        flink.cancel(ids[-1])
        return seconds


def measure(repetitions: int) -> Report:
    """Compares the two."""
    with (
        tempfile.TemporaryDirectory(prefix="flink-benchmark-") as work,
        namespace(_NAMESPACE) as space,
        local_flink(Path(work) / "flink", slots=4) as flink,
    ):
        packaged = Packaged(reference(flink, space), Path(work))
        for jar in ("stateful-v1", "stateful-v2"):
            packaged.submit(packaged.wish(f"beside-{jar}", jar))
        raw = Raw(RawFlink(flink.url), Path(work))
        found = compare(packaged.turn, raw.turn, _GOALS, repetitions, _WARM_UPS)
    return Report("A session job", "flink_components", "plain REST calls", found)


def _arguments(output: Path) -> list[str]:
    return ["--output", str(output), "--rate", "50", "--checkpoint-interval", "60000"]
