"""What differs between Flink's versions, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from flink_components.spec.version import SUPPORTED_MINORS, minor_of, parse_version, written

__all__ = [
    "REMOVED",
    "RENAMED",
    "Features",
    "Renamed",
    "features",
    "name_for",
    "parse_version",
    "supported",
]

Minor = tuple[int, int]


@dataclass(frozen=True)
class Features:
    """What a minor release of Flink has.

    config_file: the name of the file that is read.
    java_options_key: the option with the JVM options of all processes.
    javas: releases of Java it supports.
    metadata_format: version of the `_metadata` that it writes.
    trigger_id, format_type: fields of a savepoint or stop request.
    claim_field: the field of a run request that names the claim mode; None: there is none.
    status_endpoint: `GET /jobs/:id/status`.
    run_configuration: `flinkConfiguration` in run and plan requests.
    checkpoint_trigger: `POST /jobs/:id/checkpoints`.
    resource_requirements: `/jobs/:id/resource-requirements`.
    program_args: `programArgs` in a run request (else only `programArgsList`).
    refuses_unknown_fields: a field of JSON that it does not know is a 400, not ignored.
    ignores_unknown_jvm_options: its scripts start Java so, which lets Java 8 take Java 17's.
    job_result_store: HA remembers ended jobs in files.
    ha_job_entry: the start of a job's entry in the HA ConfigMap.
    ha_cluster_config_map: end of the name of the HA ConfigMap with the jobs.
    execution_graph_cache_option: the cache of `/jobs/:id` has an option of its own.
    unbounded_network_memory: `taskmanager.memory.network.max` has no default bound.
    applications: `/applications/…`.
    """

    minor: Minor
    config_file: str
    java_options_key: str
    javas: tuple[int, ...]
    metadata_format: int
    trigger_id: bool
    format_type: bool
    claim_field: str | None
    status_endpoint: bool
    run_configuration: bool
    checkpoint_trigger: bool
    resource_requirements: bool
    program_args: bool
    refuses_unknown_fields: bool
    ignores_unknown_jvm_options: bool
    job_result_store: bool
    ha_job_entry: str
    ha_cluster_config_map: str
    execution_graph_cache_option: bool
    unbounded_network_memory: bool
    applications: bool


@dataclass(frozen=True)
class Renamed:
    """An option whose name changed; every release up to 2.3 still reads the old name."""

    old: str
    new: str
    since: Minor


def _of(minor: Minor) -> Features:
    return Features(
        minor=minor,
        config_file="flink-conf.yaml" if minor < (1, 19) else "config.yaml",
        java_options_key="env.java.opts" if minor < (1, 17) else "env.java.opts.all",
        javas=(8, 11) if minor < (1, 18) else (8, 11, 17) if minor < (2, 0) else (11, 17, 21),
        metadata_format=_metadata_format(minor),
        trigger_id=minor >= (1, 15),
        format_type=minor >= (1, 15),
        claim_field=_claim_field(minor),
        status_endpoint=minor >= (1, 16),
        run_configuration=minor >= (1, 17),
        checkpoint_trigger=minor >= (1, 17),
        resource_requirements=minor >= (1, 18),
        program_args=minor < (2, 0),
        refuses_unknown_fields=minor < (1, 19),
        ignores_unknown_jvm_options=minor >= (1, 18),
        job_result_store=minor >= (1, 15),
        ha_job_entry="jobGraph-" if minor < (2, 0) else "executionPlan-",
        ha_cluster_config_map=("-dispatcher-leader" if minor < (1, 15) else "-cluster-config-map"),
        execution_graph_cache_option=minor >= (2, 3),
        unbounded_network_memory=minor >= (1, 17),
        applications=minor >= (2, 3),
    )


def _metadata_format(minor: Minor) -> int:
    if minor >= (2, 0):
        return 5 if minor == (2, 0) else 6
    return 3 if minor < (1, 16) else 4


def _claim_field(minor: Minor) -> str | None:
    if minor < (1, 15):
        return None
    return "restoreMode" if minor < (1, 20) else "claimMode"


_TABLE = {minor: _of(minor) for minor in SUPPORTED_MINORS}


def features(version: str) -> Features:
    """What Flink `version` (like `1.20.3` or `1.20`) has.

    Raises ValueError where the version is not in the table.
    """
    minor = minor_of(version)
    if minor not in _TABLE:
        raise ValueError(f"Flink {version} is not one of {', '.join(supported())}")
    return _TABLE[minor]


def supported() -> list[str]:
    """The minor releases in the table, oldest first."""
    return [written(minor) for minor in _TABLE]


_CHECKPOINTING = "execution.checkpointing"
_ADAPTIVE = "jobmanager.adaptive-scheduler"
RENAMED: tuple[Renamed, ...] = (
    Renamed("state.backend", "state.backend.type", (1, 17)),
    Renamed("restart-strategy", "restart-strategy.type", (1, 17)),
    Renamed("high-availability", "high-availability.type", (1, 17)),
    Renamed("pipeline.operator-chaining", "pipeline.operator-chaining.enabled", (1, 18)),
    Renamed("env.java.opts", "env.java.opts.all", (1, 17)),
    Renamed("state.savepoints.dir", f"{_CHECKPOINTING}.savepoint-dir", (1, 20)),
    Renamed("state.checkpoints.dir", f"{_CHECKPOINTING}.dir", (1, 20)),
    Renamed("state.checkpoint-storage", f"{_CHECKPOINTING}.storage", (1, 20)),
    Renamed("state.checkpoints.num-retained", f"{_CHECKPOINTING}.num-retained", (1, 20)),
    Renamed("state.backend.incremental", f"{_CHECKPOINTING}.incremental", (1, 20)),
    Renamed(
        "state.storage.fs.memory-threshold", f"{_CHECKPOINTING}.data-inline-threshold", (1, 20)
    ),
    Renamed("state.backend.local-recovery", f"{_CHECKPOINTING}.local-backup.enabled", (1, 20)),
    Renamed(f"{_CHECKPOINTING}.unaligned", f"{_CHECKPOINTING}.unaligned.enabled", (1, 20)),
    Renamed("execution.savepoint.path", "execution.state-recovery.path", (1, 20)),
    Renamed(
        "execution.savepoint.ignore-unclaimed-state",
        "execution.state-recovery.ignore-unclaimed-state",
        (1, 20),
    ),
    Renamed("execution.savepoint-restore-mode", "execution.state-recovery.claim-mode", (1, 20)),
    Renamed(
        f"{_ADAPTIVE}.scaling-interval.min",
        f"{_ADAPTIVE}.executing.cooldown-after-rescaling",
        (2, 0),
    ),
    Renamed(
        f"{_ADAPTIVE}.resource-wait-timeout",
        f"{_ADAPTIVE}.submission.resource-wait-timeout",
        (2, 0),
    ),
)
_BY_NEW_NAME = {renamed.new: renamed for renamed in RENAMED}

# Options that a release no longer reads, and what to use there.
REMOVED: dict[str, tuple[Minor, str]] = {
    "state.backend.async": ((2, 0), "remove it: snapshots are always asynchronous"),
    **dict.fromkeys(
        (
            "pipeline.registered-kryo-types",
            "pipeline.default-kryo-serializers",
            "pipeline.registered-pojo-types",
            "pipeline.auto-type-registration",
        ),
        ((2, 0), "use pipeline.serialization-config"),
    ),
}


def name_for(option: str, version: str) -> str:
    """The name under which Flink `version` reads `option`: new names become old ones."""
    renamed = _BY_NEW_NAME.get(option)
    return renamed.old if renamed and minor_of(version) < renamed.since else option
