"""Makes what a stack's configuration declares."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from flink_components import ApplicationDeployment, Fleet, SessionCluster, SessionJob
from flink_components.spec.fleet import FleetSpec
from flink_components.spec.quantity import Memory
from stacks.config import StackConfig, VolumeConfig, named
from stacks.settings import Settings

_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def deploy(settings: Settings) -> None:
    """Makes the namespace and the volume where asked for, then clusters, jobs and applications.

    Exports `namespace`, `clusters` (a ClusterRef by name), `jobs` and `applications` (id, revision,
    state by name).
    """
    config, environment = settings.config, settings.environment()
    opts = _options(config)
    ground = _ground(config, opts)
    opts = ResourceOptions.merge(opts, ResourceOptions(depends_on=ground))
    if config.fleet is not None:
        environment = replace(environment, fleet=Fleet("jobs", _plain(config.fleet)))  # type: ignore[arg-type]
    clusters: dict[str, SessionCluster] = {}
    for entry in config.clusters:
        name, args = named(entry)
        clusters[name] = SessionCluster(name, args, opts, environment)  # type: ignore[arg-type]
    jobs: dict[str, SessionJob] = {}
    for entry in config.jobs:
        name, args = named(entry)
        args["cluster"] = clusters[args["cluster"]]
        args = _seen_from_here(args, "jar", "job_graph")
        jobs[name] = SessionJob(name, args, opts, environment)  # type: ignore[arg-type]
    applications: dict[str, ApplicationDeployment] = {}
    for entry in config.applications:
        name, args = named(entry)
        args = _seen_from_here(args, "job_graph")
        applications[name] = ApplicationDeployment(name, args, opts, environment)  # type: ignore[arg-type]
    pulumi.export("namespace", config.namespace)
    pulumi.export("clusters", {name: cluster.ref for name, cluster in clusters.items()})
    pulumi.export("jobs", {name: _facts(job) for name, job in jobs.items()})
    pulumi.export("applications", {name: _facts(job) for name, job in applications.items()})


def _plain(given: FleetSpec) -> dict[str, Any]:
    return given.model_dump(exclude_none=True)


def _facts(job: SessionJob | ApplicationDeployment) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "revision": job.revision,
        "state": job.state,
        "restored_from": job.restored_from,
        "restore_point": job.restore_point,
    }


def _options(config: StackConfig) -> ResourceOptions:
    """The Kubernetes objects go where the jobs go: to the cluster of the connection."""
    connection = config.connection
    if connection.kubeconfig is None and connection.context is None:
        return ResourceOptions()
    provider = k8s.Provider(
        "kubernetes", kubeconfig=connection.kubeconfig, context=connection.context
    )
    return ResourceOptions(providers=[provider])


def _ground(config: StackConfig, opts: ResourceOptions) -> list[pulumi.Resource]:
    """The namespace and the claim, where the stack makes them."""
    made: list[pulumi.Resource] = []
    if config.create_namespace:
        labels = {**config.labels, **_RESTRICTED}
        made.append(
            k8s.core.v1.Namespace(
                "namespace", metadata={"name": config.namespace, "labels": labels}, opts=opts
            )
        )
    name = config.volume.claim_name()
    if name is not None and config.volume.size is not None:
        made.append(
            k8s.core.v1.PersistentVolumeClaim(
                "data",
                metadata={"name": name, "namespace": config.namespace, "labels": config.labels},
                spec=_claim(config.volume, config.volume.size),
                opts=ResourceOptions.merge(opts, ResourceOptions(depends_on=made)),
            )
        )
    return made


def _claim(volume: VolumeConfig, size: Memory) -> Any:
    spec: dict[str, Any] = {
        "access_modes": [volume.access_mode],
        "resources": {"requests": {"storage": size.kubernetes}},
    }
    return {**spec, "storage_class_name": volume.storage_class} if volume.storage_class else spec


def _seen_from_here(args: dict[str, Any], *files: str) -> dict[str, Any]:
    return args | {name: _from_here(args[name]) for name in files if args.get(name)}


def _from_here(path: str) -> str:
    """A path from the folder of Pulumi.yaml, as seen from the folder of the program.

    Relative, so that the state is the same wherever the project is checked out.
    """
    if "://" in path or Path(path).expanduser().is_absolute():
        return path
    return os.path.relpath(Path(pulumi.get_root_directory()) / path)
