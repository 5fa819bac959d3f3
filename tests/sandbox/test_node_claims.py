"""Which folders are made for claims, and which are deleted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.node.claims import Provision, Reclaim, decide
from sandbox.node.provisioner import CLAIMS, VOLUMES_API, Provisioner

ROOT = Path("/volumes")


def claim(name: str = "data", namespace: str = "jobs", uid: str = "1234567890") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": uid},
        "spec": {
            "storageClassName": "sandbox-hostpath",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "5Gi"}},
        },
        "status": {"phase": "Pending"},
    }


def volume(
    name: str = "pvc-1234567890", path: str = "/volumes/jobs-data", phase: str = "Bound"
) -> dict[str, Any]:
    by = "flink-components.dev/sandbox-hostpath"
    return {
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": by}},
        "spec": {"hostPath": {"path": path}, "persistentVolumeReclaimPolicy": "Delete"},
        "status": {"phase": phase},
    }


def test_a_claim_gets_a_folder_named_after_it_and_a_volume_bound_to_it() -> None:
    (action,) = decide([claim()], [], ROOT)
    assert isinstance(action, Provision)
    assert action.folder == Path("/volumes/jobs-data")
    assert action.volume["metadata"]["name"] == "pvc-1234567890"
    assert action.volume["spec"] == {
        "capacity": {"storage": "5Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "sandbox-hostpath",
        "persistentVolumeReclaimPolicy": "Delete",
        "hostPath": {"path": "/volumes/jobs-data", "type": "Directory"},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": "jobs",
            "name": "data",
            "uid": "1234567890",
        },
    }


def test_a_claim_whose_volume_exists_but_is_not_bound_yet_gets_no_second_one() -> None:
    assert list(decide([claim()], [volume(phase="Pending")], ROOT)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"storageClassName": "another"},
        {"volumeName": "chosen-by-hand"},
        {"selector": {"matchLabels": {"a": "b"}}},
        {"volumeMode": "Block"},
    ],
)
def test_a_claim_that_is_not_for_this_provisioner_is_left_alone(change: dict[str, Any]) -> None:
    item = claim()
    item["spec"].update(change)
    assert list(decide([item], [], ROOT)) == []


def test_a_claim_that_is_being_deleted_gets_no_volume() -> None:
    item = claim()
    item["metadata"]["deletionTimestamp"] = "2025-01-01T00:00:00Z"
    assert list(decide([item], [], ROOT)) == []


def test_claims_whose_names_join_to_the_same_have_folders_of_their_own() -> None:
    first = claim("c", "a-b", "1111111111")
    second = claim("b-c", "a", "2222222222")
    folders = [action.folder for action in decide([first, second], [], ROOT)]
    assert folders == [Path("/volumes/a-b-c"), Path("/volumes/a-b-c-22222222")]


def test_a_new_claim_of_a_name_does_not_see_its_predecessors_data() -> None:
    old = volume(name="pvc-older", phase="Released")
    reclaim, provision = decide([claim()], [old], ROOT)
    assert reclaim == Reclaim(Path("/volumes/jobs-data"), "pvc-older")
    assert provision.folder == Path("/volumes/jobs-data-12345678")


def test_a_released_volume_that_is_to_be_retained_keeps_its_folder() -> None:
    item = volume(phase="Released")
    item["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
    assert list(decide([], [item], ROOT)) == []


def test_a_volume_of_someone_else_is_never_deleted() -> None:
    item = volume(phase="Released")
    item["metadata"]["annotations"] = {}
    assert list(decide([], [item], ROOT)) == []


@pytest.mark.parametrize("path", ["/etc", "/volumes", "/volumes/a/b", "/volumes/../etc"])
def test_nothing_but_a_folder_right_below_the_root_is_deleted(path: str) -> None:
    assert list(decide([], [volume(path=path, phase="Released")], ROOT)) == []


class FakeApi:
    """Answers lists from memory."""

    def __init__(self, claims: list[dict[str, Any]], volumes: list[dict[str, Any]]) -> None:
        self.lists = {CLAIMS: claims, VOLUMES_API: volumes}
        self.deleted: list[str] = []

    def get(self, path: str) -> dict[str, Any]:
        return {"items": self.lists[path]}

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.lists[path].append(dict(body))
        return dict(body)

    def delete(self, path: str) -> None:
        self.deleted.append(path)


def test_a_provisioned_folder_can_be_written_by_any_user(tmp_path: Path) -> None:
    Provisioner(FakeApi([claim()], []), tmp_path).reconcile()
    assert (tmp_path / "jobs-data").stat().st_mode & 0o777 == 0o777


def test_reconciling_twice_makes_one_volume(tmp_path: Path) -> None:
    api = FakeApi([claim()], [])
    provisioner = Provisioner(api, tmp_path)
    provisioner.reconcile()
    provisioner.reconcile()
    assert [item["metadata"]["name"] for item in api.lists[VOLUMES_API]] == ["pvc-1234567890"]


def test_a_reclaimed_folder_is_deleted_with_its_data_and_volume(tmp_path: Path) -> None:
    folder = tmp_path / "jobs-data"
    folder.mkdir()
    (folder / "checkpoint").write_text("state")
    api = FakeApi([], [volume(path=str(folder), phase="Released")])
    Provisioner(api, tmp_path).reconcile()
    assert not folder.exists()
    assert api.deleted == ["/api/v1/persistentvolumes/pvc-1234567890"]
