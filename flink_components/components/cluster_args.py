"""Arguments that a session cluster and an application have in common."""

from collections.abc import Mapping
from typing import Any, TypedDict

from pulumi import Input


class ClusterArgs(TypedDict, total=False):
    """What every cluster may be given: its pods, its configuration, and how it is reached."""

    namespace: Input[str]
    """Kubernetes namespace, which must exist."""
    name: str
    """What its Kubernetes objects are called; by default as the component is."""
    flink_version: Input[str]
    """Flink version, such as 1.20.3."""
    image: Input[str]
    """Container image; `flink:<flink_version>` by default."""
    image_pull_policy: Input[str]
    """Always, IfNotPresent (default) or Never."""
    image_pull_secrets: Input[list[Input[str]]]
    """Names of Secrets with registry credentials."""
    config: Input[Mapping[str, Input[str | int | float | bool]]]
    """Flink options; those of the environment stay below them."""
    plugins: Input[list[Input[str]]]
    """Built-in plugins of the image to switch on, such as flink-s3-fs-hadoop."""
    job_manager: Input[Mapping[str, Any]]
    """`cpu`, `cpu_limit`, `memory` (1600Mi), `replicas` (1), and where the pod may run."""
    service_account_annotations: Input[Mapping[str, Input[str]]]
    """Annotations of the ServiceAccount that is made, for a cloud identity."""
    labels: Input[Mapping[str, Input[str]]]
    """Labels of every object."""
    annotations: Input[Mapping[str, Input[str]]]
    """Annotations of every object."""
    env: Input[list[Mapping[str, Any]]]
    """Environment variables: `name` with `value` or `value_from`."""
    volumes: Input[list[Mapping[str, Any]]]
    """Kubernetes volumes of the pods."""
    volume_mounts: Input[list[Mapping[str, Any]]]
    """Kubernetes volume mounts of the Flink containers."""
    checkpoint_dir: Input[str]
    """Directory of checkpoints."""
    state_storage: Mapping[str, Any]
    """One place for all state: `uri`, and `s3`, `gcs`, `azure` or `volume` to reach it."""
    high_availability: Mapping[str, Any]
    """`enabled` (where there is storage) and `storage_dir` (in state_storage)."""
    log4j: Input[str]
    """A whole log4j configuration in place of ours (to the console)."""
    read_only_root: Input[bool]
    """Whether the containers' root file system is read-only (default: yes)."""
    network_policy: Mapping[str, Any]
    """Who may reach the pods; the RPC ports are closed to strangers by default."""
    node_selector: Input[Mapping[str, Input[str]]]
    """Labels of the nodes that may be used."""
    tolerations: Input[list[Mapping[str, Any]]]
    """Kubernetes tolerations."""
    affinity: Input[Mapping[str, Any]]
    """Kubernetes affinity."""
    topology_spread_constraints: Input[list[Mapping[str, Any]]]
    """Kubernetes topology spread constraints."""
    priority_class_name: Input[str]
    """Kubernetes priority class."""
    termination_grace: Input[str]
    """How long a pod may take to end."""
    connection: Mapping[str, str]
    """How the API server is reached from here: `kubeconfig`, `context`. Ambient by default."""
