"""The division of a pod's memory, against what Flink's own calculator says.

`memory_of_flink.json` holds the answers of `BashJavaUtils GET_TM_RESOURCE_PARAMS` and
`GET_JM_RESOURCE_PARAMS` of 1.20.3 and 2.3.0 (equal in both); `parts: null` is a refusal.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_components.flink.memory import (
    MIB,
    job_manager_memory,
    memory_fits,
    task_manager_memory,
)
from flink_components.spec.base import SpecError, load
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.errors import FieldError

ANSWERS = json.loads((Path(__file__).parent / "memory_of_flink.json").read_text())
OF_TASK_MANAGER = [row for row in ANSWERS if row["role"] == "TM"]
OF_JOB_MANAGER = [row for row in ANSWERS if row["role"] == "JM"]


def label(row: dict[str, Any]) -> str:
    return f"{row['mebibytes']}m " + " ".join(f"{k}={v}" for k, v in row["config"].items())


def task_manager_of(row: dict[str, Any]) -> Any:
    config = dict(row["config"])
    fraction = config.pop("taskmanager.memory.managed.fraction", None)
    return task_manager_memory(
        row["mebibytes"] * MIB,
        config,
        float(fraction) if fraction else None,
        flink_version="1.20.3",
    )


@pytest.mark.parametrize("row", [r for r in OF_TASK_MANAGER if r["parts"]], ids=label)
def test_task_manager_parts_are_those_of_flink_to_the_byte(row: dict[str, Any]) -> None:
    assert asdict(task_manager_of(row)) == row["parts"]


@pytest.mark.parametrize("row", [r for r in OF_JOB_MANAGER if r["parts"]], ids=label)
def test_job_manager_parts_are_those_of_flink_to_the_byte(row: dict[str, Any]) -> None:
    assert asdict(job_manager_memory(row["mebibytes"] * MIB, row["config"])) == row["parts"]


@pytest.mark.parametrize("row", [r for r in ANSWERS if not r["parts"]], ids=label)
def test_what_flink_refuses_is_refused_here(row: dict[str, Any]) -> None:
    role = {"TM": "task_manager", "JM": "job_manager"}[row["role"]]
    with pytest.raises(SpecError) as caught:
        cluster(config=row["config"], **{role: {"memory": f"{row['mebibytes']}m"}})
    assert [problem.path for problem in caught.value.problems] == [f"{role}.memory"]


def cluster(**values: Any) -> SessionClusterSpec:
    base = {"name": "c", "namespace": "n", "flink_version": "1.20.3"}
    return load(SessionClusterSpec, {**base, **values}, checks=[memory_fits])


def message(**values: Any) -> str:
    with pytest.raises(SpecError) as caught:
        cluster(**values)
    return str(caught.value)


def test_too_small_a_task_manager_is_told_the_parts_and_both_ways_out() -> None:
    assert message(task_manager={"memory": "900Mi"}) == (
        "task_manager.memory: is too small: Flink's parts sum to 949Mi (metaspace 256Mi, "
        "overhead 192Mi, framework heap 128Mi, framework off heap 128Mi, network 64Mi, "
        "managed 181Mi) (given: 900Mi); give at least 1024Mi or set config "
        "taskmanager.memory.managed.size: 64m"
    )


def test_too_small_a_job_manager_is_told_the_least_memory() -> None:
    assert message(job_manager={"memory": "576Mi"}) == (
        "job_manager.memory: is too small: Flink's parts sum to 704Mi (metaspace 256Mi, "
        "overhead 192Mi, off heap 128Mi, heap 128Mi) (given: 576Mi); give at least 704Mi"
    )


def test_fractions_that_leave_nothing_are_not_answered_with_more_memory() -> None:
    text = message(
        task_manager={"memory": "4Gi", "managed_memory_fraction": 0.9},
        config={"taskmanager.memory.network.fraction": 0.5},
    )
    assert text.endswith("set config taskmanager.memory.managed.size: 64m")
    assert "give at least" not in text


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("taskmanager.memory.network.min", "128Mi", "write it like 128m or 1g"),
        ("taskmanager.memory.network.fraction", "many", "write it like 0.1"),
        ("taskmanager.memory.network.max", "32m", "give a .max of 64Mi or more"),
    ],
)
def test_an_unusable_memory_option_is_named(option: str, value: str, expected: str) -> None:
    text = message(config={option: value})
    assert text.startswith("task_manager.memory: depends on taskmanager.memory.network.")
    assert text.endswith(expected)


def test_managed_size_and_managed_fraction_together_are_refused() -> None:
    text = message(
        task_manager={"managed_memory_fraction": 0.3},
        config={"taskmanager.memory.managed.size": "64m"},
    )
    assert text.endswith("keep one of the two")


def test_memory_of_1_16_bounds_the_network_at_one_gibibyte() -> None:
    parts = task_manager_memory(20 * 1024 * MIB, {}, flink_version="1.16.3")
    assert parts.network == 1024 * MIB


sizes = st.integers(min_value=0, max_value=512).map(lambda n: f"{n}m")
options = st.fixed_dictionaries(
    {},
    optional={
        "taskmanager.memory.managed.size": sizes,
        "taskmanager.memory.framework.heap.size": sizes,
        "taskmanager.memory.framework.off-heap.size": sizes,
        "taskmanager.memory.task.off-heap.size": sizes,
        "taskmanager.memory.jvm-metaspace.size": sizes,
        "taskmanager.memory.network.fraction": st.floats(0, 0.99),
        "taskmanager.memory.jvm-overhead.fraction": st.floats(0, 0.99),
    },
)
fractions = st.none() | st.floats(0, 0.99)


@given(
    process=st.integers(min_value=MIB, max_value=64 * 1024 * MIB),
    config=options,
    fraction=fractions,
    task_heap=st.none() | sizes,
)
def test_the_parts_always_sum_to_the_pods_memory(
    process: int, config: dict[str, Any], fraction: float | None, task_heap: str | None
) -> None:
    if task_heap is not None:
        config = {**config, "taskmanager.memory.task.heap.size": task_heap}
    try:
        parts = task_manager_memory(process, config, fraction, flink_version="2.3.0")
    except FieldError:
        return
    if min(asdict(parts).values()) >= 0:
        assert sum(asdict(parts).values()) == process


@given(process=st.integers(min_value=700, max_value=4096), config=options, fraction=fractions)
def test_the_advised_memory_is_accepted(
    process: int, config: dict[str, Any], fraction: float | None
) -> None:
    role: dict[str, Any] = {"memory": f"{process}Mi", "managed_memory_fraction": fraction}
    if "taskmanager.memory.managed.size" in config:
        role["managed_memory_fraction"] = None
    try:
        cluster(task_manager=role, config=config)
    except SpecError as error:
        advice = error.problems[0].do
        if advice.startswith("give at least "):
            memory = advice.removeprefix("give at least ").split()[0].rstrip(",")
            cluster(task_manager={**role, "memory": memory}, config=config)
