"""Where the job graph of a program is found: in its file, in this machine's cache, on the cluster.

What the cluster is asked for is asked only where `preview_graph` says so: its JobManager then runs
the `main` of a jar that may be new there.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from flink_components.flink.cluster_graph import operators_on_cluster
from flink_components.flink.errors import FlinkError
from flink_components.flink.image_jars import IN_IMAGE
from flink_components.flink.job_graph import GraphError, JobGraph, Source, graph_of, read_graph
from flink_components.kube.access import AccessError
from flink_components.kube.api import KubeError
from flink_components.lifecycle.errors import LifecycleError, Refused
from flink_components.lifecycle.jars import lent_jar
from flink_components.lifecycle.program import program
from flink_components.lifecycle.rehearsal import Rehearsed
from flink_components.lifecycle.wish import ApplicationWish, JobWish, Wish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.changes import fingerprint
from flink_components.plan.record import Run
from flink_components.spec.base import load
from flink_components.spec.job import PreviewGraph
from flink_components.spec.ref import ClusterRef
from flink_components.spec.version import minor_of

_NO_GRAPH = (
    "there is no job graph (make one with `flink-components graph JAR -o FILE`, and set job_graph)"
)
_FROM_CACHE = "from this machine's cache"
_FROM_CLUSTER = "from the cluster: its JobManager had the jar, and ran its main up to execute()"


@dataclass(frozen=True)
class Found:
    """The graph and where it is from ("" for the declared file), or why there is none."""

    graph: JobGraph | None = None
    origin: str = ""
    problem: str = _NO_GRAPH


def find_graph(shop: Workshop, wish: JobWish, ask: bool = True) -> Found:
    """The job graph of what is declared; the cluster is asked only if `ask`.

    Raises Refused where `job_graph` names no job graph, or that of another jar.
    """
    declared = _declared(wish)
    if declared is not None:
        _keep_declared(shop, wish, declared)
        return Found(declared)
    if not isinstance(wish, Wish) or wish.spec.jar.startswith(IN_IMAGE):
        return _asked(shop, wish, "") if ask and isinstance(wish, Wish) else Found()
    known, problem = _known(shop, wish.fingerprint, wish.spec.cluster)
    if known is not None and known.is_of(wish.content):
        return Found(known, _FROM_CACHE)
    return _asked(shop, wish, problem) if ask else Found()


def earlier_graph(shop: Workshop, run: Run | None) -> JobGraph | None:
    """That of a program that runs, where this machine has seen it: it names its operators."""
    return _known(shop, run.fingerprint, load(ClusterRef, run.cluster))[0] if run else None


def keep_rehearsed(shop: Workshop, wish: Wish, rehearsed: Rehearsed) -> None:
    """Keeps the graph of a program that was run dry for its start, if the cluster may be asked.

    What can't be had is asked for again by the preview that needs it.
    """
    spec = wish.spec
    asks = spec.preview_graph is PreviewGraph.CLUSTER and spec.job_graph is None
    if not asks or shop.graphs is None or spec.jar.startswith(IN_IMAGE):
        return
    if _known(shop, wish.fingerprint, spec.cluster)[0] is not None:
        return
    try:
        flink, version = shop.flink(spec.cluster), spec.cluster.flink_version
        found = operators_on_cluster(
            flink, version, rehearsed.jar_id, program(spec), rehearsed.graph
        )
        _keep_told(shop, wish, _graph(wish, found))
    except (GraphError, FlinkError, KubeError, AccessError):
        return


def doubts(wish: JobWish, graph: JobGraph) -> list[str]:
    """Why it is not certain that the graph is that of the program that will run."""
    if not isinstance(wish, Wish):
        return ["whether the graph is of this application's jar, arguments and options"]
    found = []
    if wish.spec.jar.startswith(IN_IMAGE):
        found.append("whether the graph is of this jar: what the image holds is not read")
    if graph.program not in (wish.fingerprint, _as_typed(wish, graph)):
        found.append(
            "ids and parallelism: the graph was made with another main class, other arguments, "
            "parallelism or options than the job has"
        )
    return found


def _as_typed(wish: Wish, graph: JobGraph) -> str:
    """The fingerprint of the program on the command line, which knows options as text."""
    spec = wish.spec
    config = {k: v if isinstance(v, str) else json.dumps(v) for k, v in spec.config.items()}
    what = {**spec.model_dump(mode="json"), "jar_content": graph.jar_content, "config": config}
    return fingerprint(what)


def _declared(wish: JobWish) -> JobGraph | None:
    """The graph in the declared file, None where none is declared. Raises Refused."""
    if wish.spec.job_graph is None:
        return None
    path = wish.spec.job_graph
    try:
        graph = read_graph(Path(path).expanduser())
    except GraphError as error:
        raise Refused(f"job_graph can't be used: {error}") from None
    other = _other_jar(wish, graph)
    if other:
        raise Refused(
            f"job_graph can't be used: {path} was made of another jar ({graph.jar}) than {other}: "
            f"make it again with `flink-components graph JAR -o {path}`"
        )
    return graph


def _other_jar(wish: JobWish, graph: JobGraph) -> str:
    """The jar that runs, where it is known that the graph is of another; else ""."""
    if isinstance(wish, Wish):
        known = not wish.spec.jar.startswith(IN_IMAGE)
        return wish.spec.jar if known and not graph.is_of(wish.content) else ""
    sha256 = wish.spec.jar_sha256 if isinstance(wish, ApplicationWish) else None
    return "that of jar_sha256" if sha256 not in (None, graph.jar_sha256) else ""


def _keep_declared(shop: Workshop, wish: JobWish, graph: JobGraph) -> None:
    """For later previews: of a session job if it is surely the graph of this very program, of an
    application also if that is not known, since it is only asked for names then.
    """
    if shop.graphs is None or (isinstance(wish, Wish) and doubts(wish, graph)):
        return
    if minor_of(graph.flink_version) == minor_of(wish.spec.cluster.flink_version):
        shop.graphs.keep(graph, wish.fingerprint)


def _keep_told(shop: Workshop, wish: Wish, graph: JobGraph) -> None:
    """Keeps what a cluster has told: its own options and defaults are in it."""
    if shop.graphs is not None and not wish.spec.jar.startswith(IN_IMAGE):
        shop.graphs.keep(graph, _on(wish.spec.cluster, wish.fingerprint))


def _known(shop: Workshop, fingerprint: str, cluster: ClusterRef) -> tuple[JobGraph | None, str]:
    """The graph that was found before, of a file or of this very cluster, and what was wrong."""
    cache, problems = shop.graphs, list[str]()
    if cache is None:
        return None, ""
    for called in (fingerprint, _on(cluster, fingerprint)):
        graph, problem = cache.find(called, cluster.flink_version)
        problems += [problem] if problem else []
        if graph is not None:
            return graph.model_copy(update={"program": fingerprint}), ""
    return None, "; ".join(problems)


def _on(cluster: ClusterRef, fingerprint: str) -> str:
    """A program on one revision of a cluster, whose configuration never changes."""
    return f"{fingerprint} {cluster.key} r{cluster.revision} {cluster.uid or ''}"


def _asked(shop: Workshop, wish: Wish, problem: str) -> Found:
    """The graph that the cluster makes, if it may be asked; `problem` is that of the cache."""
    beside = f"; {problem}" if problem else ""
    if wish.spec.preview_graph is not PreviewGraph.CLUSTER:
        return Found(problem=_NO_GRAPH + beside)
    spec, left = wish.spec, list[str]()
    try:
        flink = shop.flink(spec.cluster)
        with lent_jar(flink, spec, wish.content, shop.clock.now()) as (jar_id, left):
            version = spec.cluster.flink_version
            graph = _graph(wish, operators_on_cluster(flink, version, jar_id, program(spec)))
    except (GraphError, LifecycleError, FlinkError, KubeError, AccessError) as error:
        why = f"the cluster gave no job graph: {error}"
        return Found(problem="; ".join([why, *left]) + beside)
    _keep_told(shop, wish, graph)
    return Found(graph, "; ".join([_FROM_CLUSTER, *left]) + beside)


def _graph(wish: Wish, operators: object) -> JobGraph:
    """A graph that a cluster has told. Raises GraphError."""
    spec = wish.spec
    values = {
        "flink_version": spec.cluster.flink_version,
        "source": Source.PLANS,
        "jar": spec.jar.partition("?")[0].rsplit("/", 1)[-1],
        "jar_content": wish.content,
        "jar_sha256": spec.jar_sha256 or "",
        "program": wish.fingerprint,
        "operators": operators,
    }
    return graph_of(values, f"the plan of {values['jar']}")
