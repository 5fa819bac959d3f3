"""The node's control groups in either version of the hierarchy."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.node.cgroups import ControlGroups
from sandbox.progress import SandboxError


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    for name in ("cpu", "cpuset", "memory", "pids"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").write_text("1\n")
    return tmp_path


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (tmp_path / "cgroup.procs").write_text("1\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    return tmp_path


def test_version_1_has_a_group_in_each_hierarchy(version_1: Path) -> None:
    groups = ControlGroups(version_1, "box")
    assert groups.create() == version_1 / "pids/box/node/cgroup.procs"
    assert groups.version == 1
    assert sorted(str(path.relative_to(version_1)) for path in groups.paths()) == [
        "cpu/box",
        "cpuset/box",
        "memory/box",
        "pids/box",
        "pids/box/node",
    ]


def test_version_2_keeps_the_nodes_processes_in_a_leaf_with_controllers_enabled(
    version_2: Path,
) -> None:
    groups = ControlGroups(version_2, "box")
    assert groups.create() == version_2 / "box/node/cgroup.procs"
    assert groups.version == 2
    enabled = (version_2 / "box/cgroup.subtree_control").read_text()
    assert enabled == "+cpu +cpuset +memory +pids"


def test_a_missing_controller_is_named(version_1: Path) -> None:
    (version_1 / "memory/cgroup.procs").unlink()
    with pytest.raises(SandboxError, match="no control group controller memory"):
        ControlGroups(version_1, "box").create()


def test_processes_of_pods_count_and_those_of_the_machine_do_not(version_1: Path) -> None:
    groups = ControlGroups(version_1, "box")
    groups.create().write_text("10\n11\n")
    pod = version_1 / "memory/box/kubepods/pod1"
    pod.mkdir(parents=True)
    (pod / "cgroup.procs").write_text("20\n")
    assert groups.processes() == {10, 11, 20}
    assert groups.own_processes() == {10, 11}


def test_nothing_is_found_where_nothing_was_made(version_1: Path) -> None:
    groups = ControlGroups(version_1, "box")
    assert groups.paths() == []
    assert groups.processes() == set()
