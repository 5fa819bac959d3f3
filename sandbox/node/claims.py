"""What to do for claims and volumes, decided from what the API says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.node.objects import PROVISIONER, STORAGE_CLASS

_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


@dataclass(frozen=True)
class Provision:
    """Make this folder, then create this PersistentVolume."""

    folder: Path
    volume: dict[str, Any]


@dataclass(frozen=True)
class Reclaim:
    """Delete this folder, then the PersistentVolume of this name."""

    folder: Path
    name: str


def decide(
    claims: Iterable[dict[str, Any]], volumes: Iterable[dict[str, Any]], root: Path
) -> Iterator[Provision | Reclaim]:
    """Yield what is to be done so that each claim of the storage class has its volume.

    Only folders right below ``root`` are ever deleted.
    """
    own = {
        item["metadata"]["name"]: item
        for item in volumes
        if item["metadata"].get("annotations", {}).get(_PROVISIONED_BY) == PROVISIONER
    }
    taken = {_folder(item) for item in own.values()}
    for name, item in own.items():
        folder = _folder(item)
        released = item.get("status", {}).get("phase") == "Released"
        deletes = item["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        if released and deletes and folder.parent == root:
            yield Reclaim(folder, name)
    for claim in claims:
        if _waits(claim) and _volume_name(claim) not in own:
            folder = _free_folder(claim, taken, root)
            taken.add(folder)
            yield Provision(folder, _volume(claim, folder))


def _waits(claim: dict[str, Any]) -> bool:
    spec = claim["spec"]
    return (
        spec.get("storageClassName") == STORAGE_CLASS
        and not spec.get("volumeName")
        and not spec.get("selector")
        and spec.get("volumeMode", "Filesystem") == "Filesystem"
        and "deletionTimestamp" not in claim["metadata"]
    )


def _volume_name(claim: dict[str, Any]) -> str:
    return f"pvc-{claim['metadata']['uid']}"


def _folder(volume: dict[str, Any]) -> Path:
    return Path(volume["spec"]["hostPath"]["path"])


def _free_folder(claim: dict[str, Any], taken: set[Path], root: Path) -> Path:
    meta = claim["metadata"]
    folder = root / f"{meta['namespace']}-{meta['name']}"
    # "a-b" in "c" and "b-c" … of "a" would share a folder, and so would a claim made anew
    # while the data of its predecessor is not deleted yet.
    return folder if folder not in taken else root / f"{folder.name}-{meta['uid'][:8]}"


def _volume(claim: dict[str, Any], folder: Path) -> dict[str, Any]:
    meta, spec = claim["metadata"], claim["spec"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": _volume_name(claim), "annotations": {_PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "storageClassName": STORAGE_CLASS,
            "persistentVolumeReclaimPolicy": "Delete",
            "hostPath": {"path": str(folder), "type": "Directory"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
        },
    }
