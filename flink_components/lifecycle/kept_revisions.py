"""The objects of earlier revisions of an application, in a Secret beside its ledger.

With them `flink-components rollback` makes an earlier revision again, whose objects were removed.
It never makes an upgrade fail or longer.
"""

import base64
import gzip
import json
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from flink_components.kube.api import Conflict, KubeApi, NotFound
from flink_components.kube.objects.application import names
from flink_components.lifecycle.errors import LifecycleError, StepFailed
from flink_components.lifecycle.key_secret import KeySecret
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import Workshop, meanwhile
from flink_components.plan.record import SCHEMA, Record, Run
from flink_components.spec.base import load
from flink_components.spec.ref import ClusterRef

Json = dict[str, Any]

_FIELD = "revisions"
_KEPT = 2
_WRITE_ATTEMPTS = 3
_GONE_SECONDS = 60.0
_VERSIONS = {
    "Service": "v1",
    "ConfigMap": "v1",
    "Secret": "v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "Deployment": "apps/v1",
}
_OF_THE_API_SERVER = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
_NOT_DECLARED = (
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
)


class KeptRevision(BaseModel):
    """A revision that was stable: its run, and its objects in the order in which they are made."""

    model_config = ConfigDict(extra="allow", frozen=True)

    run: Run
    objects: tuple[Json, ...]


class KeptRevisions(BaseModel):
    """Of one key; the last is the one that was left last."""

    model_config = ConfigDict(extra="allow", frozen=True)

    schema_version: int = SCHEMA
    key: str
    kept: tuple[KeptRevision, ...] = ()

    def before(self, run: Run) -> KeptRevision | None:
        """The newest one that runs something else."""
        others = [one for one in self.kept if one.run.fingerprint != run.fingerprint]
        return others[-1] if others else None

    def of(self, fingerprint: str) -> KeptRevision | None:
        """The one of a fingerprint."""
        return next((one for one in self.kept if one.run.fingerprint == fingerprint), None)


def keeping_revision(
    shop: Workshop, ledger: Ledger[Record], run: Run
) -> AbstractContextManager[None]:
    """Keeps the revision of a stable run beside what is done in the block, by its end.

    What can't be kept is said, and is no error.
    """
    failed = f"revision {run.revision} was not kept for `flink-components rollback`"
    return meanwhile(shop, lambda: _keep(ledger, run), failed)


def read_kept(ledger: Ledger[Record]) -> KeptRevisions:
    """What is kept. Raises KubeError, LifecycleError where it was edited to something else."""
    return _read(ledger, _secret_of(ledger).read())


def make_again(shop: Workshop, api: KubeApi, kept: KeptRevision) -> ClusterRef:
    """Makes the objects that are not there, without pods; the reference to the revision.

    One that is on its way out is waited for. Raises KubeError, StepFailed.
    """
    ref = load(ClusterRef, kept.run.cluster)
    for body in kept.objects:
        for owner in body["metadata"].get("ownerReferences") or []:
            owner["uid"] = api.get("Service", ref.namespace, owner["name"])["metadata"]["uid"]
        made = poll(shop.clock, partial(_is_made, api, ref, body), bool, _GONE_SECONDS, pause=0.2)
        if not made[1]:
            name = f"{body['kind']} {ref.namespace}/{body['metadata']['name']}"
            raise StepFailed(f"{name} is being deleted, and is still there: run this again")
    uid = api.get("Service", ref.namespace, ref.service)["metadata"]["uid"]
    return ref.model_copy(update={"uid": uid})


def _is_made(api: KubeApi, ref: ClusterRef, body: Json) -> bool:
    """It is there now, and not about to go: by itself, or with an owner that has gone."""
    try:
        api.create(body["kind"], ref.namespace, body)
    except Conflict:
        with suppress(NotFound):
            found = api.get(body["kind"], ref.namespace, body["metadata"]["name"])["metadata"]
            owners = [one["uid"] for one in found.get("ownerReferences") or []]
            wanted = [one["uid"] for one in body["metadata"].get("ownerReferences") or []]
            return "deletionTimestamp" not in found and owners == wanted
        return False
    return True


def _keep(ledger: Ledger[Record], run: Run) -> None:
    for _ in range(_WRITE_ATTEMPTS):
        secret = _secret_of(ledger).read()
        known = _read(ledger, secret)
        if known.kept and known.kept[-1].run == run:
            return
        new = KeptRevision(run=run, objects=tuple(_objects(ledger.api, run)))
        others = [one for one in known.kept if one.run.revision != run.revision]
        kept = known.model_copy(update={"kept": (*others, new)[-_KEPT:]})
        try:
            text = json.dumps(kept.model_dump(mode="json"), separators=(",", ":"))
            _secret_of(ledger).write(secret, _FIELD, gzip.compress(text.encode()))
        except Conflict:
            continue
        return
    raise LifecycleError("its Secret is written by others all along")


def _objects(api: KubeApi, run: Run) -> list[Json]:
    ref = load(ClusterRef, run.cluster)
    named = names(ref.name, ref.revision)
    job_manager = api.get("Deployment", ref.namespace, named.job_manager)
    volumes = job_manager["spec"]["template"]["spec"]["volumes"]
    secret = any("secret" in volume for volume in volumes if volume["name"] == "flink-conf")
    wanted = [
        ("Service", named.rest_service),
        ("Service", named.rpc_service),
        ("Secret" if secret else "ConfigMap", named.config),
        ("ConfigMap", named.guard),
        ("Role", named.role),
        ("RoleBinding", named.role),
        ("Deployment", named.job_manager),
        ("Deployment", named.task_manager),
    ]
    return [_bare(kind, api.get(kind, ref.namespace, name)) for kind, name in wanted]


def _bare(kind: str, found: Json) -> Json:
    """An object as it was declared, without what the API server has added; without pods."""
    metadata = found["metadata"]
    annotations = metadata.get("annotations") or {}
    body = {
        field: value for field, value in found.items() if field not in ("metadata", "status")
    } | {"apiVersion": _VERSIONS[kind], "kind": kind}
    if kind == "Service":
        spec = {name: v for name, v in body["spec"].items() if name not in _OF_THE_API_SERVER}
        body["spec"] = spec
    if kind == "Deployment":
        body["spec"] = {**body["spec"], "replicas": 0}
    body["metadata"] = {
        "name": metadata["name"],
        "labels": metadata.get("labels") or {},
        "annotations": {name: v for name, v in annotations.items() if name not in _NOT_DECLARED},
        **(
            {"ownerReferences": metadata["ownerReferences"]}
            if metadata.get("ownerReferences")
            else {}
        ),
    }
    return body


def _secret_of(ledger: Ledger[Record]) -> KeySecret:
    return KeySecret(ledger.api, ledger.namespace, ledger.key)


def _read(ledger: Ledger[Record], secret: Json) -> KeptRevisions:
    if not secret:
        return KeptRevisions(key=ledger.key)
    try:
        packed = base64.b64decode(secret["data"][_FIELD])
        kept = KeptRevisions.model_validate_json(gzip.decompress(packed))
    except (KeyError, TypeError, ValueError, OSError, EOFError, ValidationError):
        kept = None
    return _secret_of(ledger).checked("revisions", kept)
