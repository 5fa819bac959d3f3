"""The labels by which objects of a cluster or job are found again."""

from __future__ import annotations

from flink_components.spec.names import label_value

KEY = "flink-components/key"
KIND = "flink-components/kind"
REVISION = "flink-components/revision"
COMPONENT = "app.kubernetes.io/component"
SESSION_CLUSTER = "session-cluster"
APPLICATION = "application"
OF_REFERENCES = {"session": SESSION_CLUSTER, "application": APPLICATION}
"""The kind of objects by the kind of a ClusterRef."""
JOB_MANAGER = "jobmanager"
TASK_MANAGER = "taskmanager"


def identity(
    kind: str, key: str, revision: int | None = None, component: str | None = None
) -> dict[str, str]:
    """The labels that select what belongs to `key`, a revision of it, a component of that.

    kind: e.g. `session-cluster`; a job and a cluster may have the same key.
    """
    labels = {KIND: kind, KEY: label_value(key)}
    if revision is not None:
        labels[REVISION] = str(revision)
    if component is not None:
        labels[COMPONENT] = component
    return labels


def selector(kind: str, key: str, revision: int | None = None, component: str | None = None) -> str:
    """The same as a label selector's text, for a query."""
    labels = identity(kind, key, revision, component)
    return ",".join(f"{name}={value}" for name, value in labels.items())


def recommended(name: str, part_of: str | None = None) -> dict[str, str]:
    """Kubernetes' recommended labels for an object of the cluster or job `name`.

    part_of: what it belongs to, the cluster or job itself by default.
    """
    return {
        "app.kubernetes.io/name": "flink",
        "app.kubernetes.io/instance": label_value(name),
        "app.kubernetes.io/part-of": label_value(part_of or name),
        "app.kubernetes.io/managed-by": "flink-components",
    }
