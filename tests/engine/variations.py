"""Programs that differ in one thing from the one that was deployed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
from pulumi import Alias, ResourceOptions, ResourceTransformArgs, ResourceTransformResult

from examples.jobs.jars import build
from tests.engine.declared import Declared, Ground, usual


def _with_a_label(args: ResourceTransformArgs) -> ResourceTransformResult | None:
    """What someone does who wants a label on every pod."""
    if args.type_ != "kubernetes:apps/v1:Deployment":
        return None

    def labelled(spec: dict[str, Any]) -> dict[str, Any]:
        spec["template"]["metadata"]["labels"]["cost-center"] = "42"
        return spec

    spec = pulumi.Output.from_input(args.props["spec"]).apply(labelled)
    return ResourceTransformResult({**args.props, "spec": spec}, args.opts)


def _with_an_annotation(args: ResourceTransformArgs) -> ResourceTransformResult | None:
    """What someone does who wants an annotation on one child."""
    if args.name != "main-stable":
        return None

    def annotated(metadata: dict[str, Any]) -> dict[str, Any]:
        return {**metadata, "annotations": {**metadata["annotations"], "example.org/a": "b"}}

    metadata = pulumi.Output.from_input(args.props["metadata"]).apply(annotated)
    return ResourceTransformResult({**args.props, "metadata": metadata}, args.opts)


def _aliased(name: str, **more: Any) -> Any:
    return lambda ground: usual(ground, aliases=[Alias(name=name)], **more)


def _moved(ground: Ground) -> ResourceOptions:
    aliases = [Alias(parent=pulumi.ROOT_STACK_RESOURCE)]
    return usual(ground, parent=ground.platform, aliases=aliases)


_CHANGED_CLUSTER = {
    "task_manager": {"slots": 4, "replicas": 3},
    "image": "example.org/flink:1",
    "labels": {"team": "risk"},
}
_CHANGED_JOB = {
    "args": ["--rate", "5"],
    "parallelism": 2,
    "jar": str(build()["stateful-v2"]),
    "savepoint_dir": "s3://flink/savepoints",
}


def _ignoring(*paths: str) -> Any:
    return lambda ground: usual(ground, ignore_changes=list(paths))


def variations(made: Declared, unreachable: str) -> dict[str, Declared]:
    """Programs to preview after the `up` of `made`, by what is special about them."""
    key = f"{made.namespace}/counts"
    return {
        "unchanged": made,
        "unreachable": replace(made, connection=unreachable),
        "pod label": replace(
            made, cluster_options=lambda ground: usual(ground, transforms=[_with_a_label])
        ),
        "annotation": replace(
            made, cluster_options=lambda ground: usual(ground, transforms=[_with_an_annotation])
        ),
        "moved": replace(made, cluster_options=_moved, job_options=_moved),
        "renamed cluster": replace(
            made,
            cluster_name="shared",
            cluster={"name": "main"},
            cluster_options=_aliased("main"),
        ),
        "renamed cluster, key lost": replace(
            made, cluster_name="shared", cluster_options=_aliased("main")
        ),
        "renamed job": replace(
            made, job_name="totals", job={"key": key}, job_options=_aliased("counts")
        ),
        "renamed job, new key": replace(
            made,
            job_name="totals",
            job={"previous_key": key},
            job_options=_aliased("counts", protect=False),
        ),
        "renamed job, key lost": replace(made, job_name="totals", job_options=_aliased("counts")),
        "changed cluster": replace(made, cluster=_CHANGED_CLUSTER),
        "changed cluster, ignored": replace(
            made,
            cluster=_CHANGED_CLUSTER,
            cluster_options=_ignoring(
                "task_manager.slots", "task_manager.replicas", "image", "labels"
            ),
        ),
        "changed job": replace(made, job=_CHANGED_JOB),
        "changed job, ignored": replace(
            made, job=_CHANGED_JOB, job_options=_ignoring(*_CHANGED_JOB)
        ),
        "removed": replace(made, removed=True),
    }
