"""The configuration of a cluster: its options, and the file that Flink reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flink_components.flink import ports
from flink_components.flink.high_availability import availability_options, cluster_ids
from flink_components.flink.java_flags import IGNORE_UNKNOWN_FLAGS, JAVA_17_FLAGS
from flink_components.flink.state_storage import storage_options
from flink_components.flink.versions import REMOVED, RENAMED, features, name_for
from flink_components.spec.base import Problem, check
from flink_components.spec.cluster import ClusterSpec, SessionClusterSpec
from flink_components.spec.errors import is_sensitive, shown
from flink_components.spec.options import Scalar, written
from flink_components.spec.version import minor_of
from flink_components.spec.version import written as written_minor

WORK_DIR = "/var/lib/flink"
UPLOAD_DIR = f"{WORK_DIR}/upload"
_JAVA_OPTIONS = ("env.java.opts", "env.java.opts.all")
# Text that means itself in YAML without quotes; Flink's scripts read some options by `sed`.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./+;=@$,-]*(:[A-Za-z0-9_./+;=@$,-]+)*")
_NOT_PLAIN = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))


@dataclass(frozen=True)
class ConfigFile:
    """The file that Flink reads.

    name: e.g. `config.yaml`. sensitive: whether an option in it is likely to be a secret.
    """

    name: str
    text: str
    sensitive: bool


def config_file(spec: SessionClusterSpec, *, rpc_address: str, cluster_id: str) -> ConfigFile:
    """The configuration file of a revision of a session cluster.

    rpc_address: host name at which TaskManagers reach the JobManager.
    cluster_id: what high availability keeps this revision's data under.
    """
    options = cluster_options(spec, rpc_address=rpc_address, cluster_id=cluster_id)
    return file_of(options, spec)


def file_of(options: Mapping[str, Scalar], spec: ClusterSpec) -> ConfigFile:
    """The file in which Flink reads the options of a cluster that is declared so."""
    return ConfigFile(
        name=features(spec.flink_version).config_file,
        text=config_text(options, spec.flink_version),
        sensitive=any(is_sensitive(name) for name in spec.config),
    )


def cluster_options(spec: ClusterSpec, *, rpc_address: str, cluster_id: str) -> dict[str, Scalar]:
    """The effective options: this package's defaults, the user's over them, then what is fixed."""
    given = {name: spec.config[name] for name in spec.config if name not in _JAVA_OPTIONS}
    return {
        **_defaults(spec),
        **(storage_options(spec.state_storage) if spec.state_storage else {}),
        **{name_for(name, spec.flink_version): value for name, value in given.items()},
        **_fixed(spec, rpc_address),
        **(_of_high_availability(spec, cluster_id) if spec.high_availability_kind else {}),
        **_java_options(spec),
    }


def config_text(options: Mapping[str, Scalar], version: str) -> str:
    """`options` in the format of the file that Flink `version` reads, sorted by name."""
    flat = features(version).config_file == "flink-conf.yaml"
    as_text = written if flat else _in_yaml
    return "".join(f"{name}: {as_text(options[name])}\n" for name in sorted(options))


@check("config", "flink_version")
def options_are_read(spec: ClusterSpec) -> Iterator[Problem]:
    """What is wrong with options in this version of Flink: a check to load the spec with."""
    version, flat = spec.flink_version, features(spec.flink_version).config_file != "config.yaml"
    for renamed in RENAMED:
        if renamed.old in spec.config and renamed.new in spec.config:
            given = shown(spec.config[renamed.new], hidden=is_sensitive(renamed.new))
            what = f"is the new name of {renamed.old}, which is given too"
            yield Problem(f'config["{renamed.new}"]', what, given, "keep one of the two")
    for name, value in spec.config.items():
        gone = REMOVED.get(name)
        given = shown(value, hidden=is_sensitive(name))
        if gone and minor_of(version) >= gone[0]:
            what = f"is not read since Flink {written_minor(gone[0])}"
            yield Problem(f'config["{name}"]', what, given, gone[1])
        if flat and "#" in written(value):
            what = f"has a #, which Flink {version} takes as a comment"
            yield Problem(f'config["{name}"]', what, given, "use a value without # or Flink 1.19")


def _defaults(spec: ClusterSpec) -> dict[str, Scalar]:
    """Options that a user may override."""
    defaults: dict[str, Scalar] = {
        # /jobs/:id and /checkpoints are cached for this long (ms).
        "web.refresh-interval": 200,
        "web.upload.dir": UPLOAD_DIR,
        "io.tmp.dirs": WORK_DIR,
        # A TaskManager asks a JobManager that is not there yet every second, not every ten (ms).
        "cluster.registration.error-delay": 1000,
        # Kubernetes restarts a pod anyway: waiting for a slow image costs less than a crash loop.
        "taskmanager.registration.timeout": "15 min",
        # A job's main() must not end the JobManager of all other jobs.
        "cluster.intercept-user-system-exit": "THROW",
        "taskmanager.jvm-exit-on-oom": True,
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    }
    if features(spec.flink_version).execution_graph_cache_option:
        defaults["rest.cache.execution-graph.timeout"] = "200 ms"
    return defaults


def _fixed(spec: ClusterSpec, rpc_address: str) -> dict[str, Scalar]:
    """Options that must agree with the pods and Services; old names, which all versions read."""
    fixed: dict[str, Scalar | None] = {
        "jobmanager.rpc.address": rpc_address,
        "jobmanager.rpc.port": ports.JOB_MANAGER_RPC,
        "jobmanager.bind-host": "0.0.0.0",  # noqa: S104
        "jobmanager.memory.process.size": spec.job_manager.memory.flink,
        "blob.server.port": ports.BLOB,
        "rest.port": ports.REST,
        "rest.bind-address": "0.0.0.0",  # noqa: S104
        "metrics.internal.query-service.port": ports.METRICS_QUERY,
        "taskmanager.bind-host": "0.0.0.0",  # noqa: S104
        "taskmanager.data.port": ports.TASK_MANAGER_DATA,
        "taskmanager.rpc.port": ports.TASK_MANAGER_RPC,
        "taskmanager.numberOfTaskSlots": spec.task_manager.slots,
        "taskmanager.memory.process.size": spec.task_manager.memory.flink,
        "taskmanager.memory.managed.fraction": spec.task_manager.managed_memory_fraction,
        "state.savepoints.dir": spec.savepoints,
        "state.checkpoints.dir": spec.checkpoints,
    }
    return {name: value for name, value in fixed.items() if value is not None}


def _of_high_availability(spec: ClusterSpec, cluster_id: str) -> dict[str, Scalar]:
    """A revision must never recover what another one has left."""
    if spec.high_availability_dir:
        return availability_options(
            spec.high_availability_dir, cluster_id, spec.namespace, spec.flink_version
        )
    if "kubernetes" in (spec.high_availability_kind or ""):
        return cluster_ids(cluster_id, spec.namespace)
    return {"high-availability.cluster-id": f"/{cluster_id}"}


def _java_options(spec: ClusterSpec) -> dict[str, Scalar]:
    """What Java 17 needs, before the user's own JVM options: only the scripts apply it."""
    known = features(spec.flink_version)
    flags = list(JAVA_17_FLAGS)
    if not known.ignores_unknown_jvm_options:
        flags.insert(0, IGNORE_UNKNOWN_FLAGS)
    flags += [str(spec.config[name]) for name in _JAVA_OPTIONS if name in spec.config]
    return {known.java_options_key: " ".join(flags)}


def _in_yaml(value: Scalar) -> str:
    text = written(value)
    if not isinstance(value, str):
        return text
    plain = _PLAIN.fullmatch(text) and text.lower() not in _NOT_PLAIN
    return text if plain else json.dumps(text, ensure_ascii=False)
