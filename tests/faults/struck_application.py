"""An application whose processes may be struck: local pods, and a ledger on a real API server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from examples.jobs.check import Report, check
from examples.jobs.jars import JARS
from flink_components.flink.answers import ENDED
from flink_components.guard import jar
from flink_components.kube.access import Access
from flink_components.kube.objects import labels
from flink_components.kube.objects.application import (
    CHECKS,
    cluster_ref,
    fingerprint,
    names,
    render,
)
from flink_components.lifecycle.anchoring import anchor, release
from flink_components.lifecycle.application import ensure_application
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.revisions import next_revision, write_revision
from flink_components.lifecycle.wish import ApplicationWish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Record
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from flink_components.spec.connection import Connection
from tests.faults.local_pods import FINALIZER, REST, SCHEDULER, log_of
from tests.faults.struck_job import LATE_SECONDS, QuickLocks
from tests.faults.switch import Switch, answer
from tests.lifecycle.jobs import OWNER
from tests.lifecycle.kubernetes import Kubernetes
from tests.output import written

Json = dict[str, Any]

KIND = "application"
_PATHS = {
    "ServiceAccount": "api/v1/namespaces/{}/serviceaccounts",
    "Role": "apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "ConfigMap": "api/v1/namespaces/{}/configmaps",
    "Secret": "api/v1/namespaces/{}/secrets",
    "Service": "api/v1/namespaces/{}/services",
    "Deployment": "apis/apps/v1/namespaces/{}/deployments",
    "Pod": "api/v1/namespaces/{}/pods",
}
_MADE = (
    "service_account",
    "config",
    "guard",
    "rest_service",
    "rpc_service",
    "role",
    "role_binding",
    "job_manager",
    "task_manager",
    "stable_service",
)


@dataclass
class StruckApplication:
    """One application; processes that work on it are made from `place`.

    `home` is where its pods have their folders.
    """

    name: str
    namespace: str
    kubeconfig: str
    version: str
    folder: Path
    home: Path
    said: list[str] = field(default_factory=list)
    access: Access = field(default_factory=Access)

    @property
    def place(self) -> dict[str, Any]:
        """All that another process needs to work on the application."""
        given = ("name", "namespace", "kubeconfig", "version", "folder", "home")
        return {"kind": KIND, **{field: getattr(self, field) for field in given}}

    @property
    def shop(self) -> Workshop:
        return QuickLocks(self.access, say=self.said.append, late_seconds=LATE_SECONDS)

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def connection(self) -> Connection:
        return Connection(kubeconfig=self.kubeconfig)

    @property
    def ledger(self) -> Ledger[Record]:
        return self.shop.ledger(self.connection, self.namespace, self.key)

    @property
    def record(self) -> Record:
        found = self.ledger.read()
        assert found is not None
        return found

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def savepoints(self) -> Path:
        return self.folder / "savepoints"

    @cached_property
    def kubernetes(self) -> Kubernetes:
        """The API server as Pulumi and people use it: its calls are not struck."""
        return Kubernetes(self.kubeconfig)

    # -- what is declared --------------------------------------------------------------------

    def program(self, number: int, example: str = "stateful-v1", **changes: Any) -> ApplicationSpec:
        """A declaration whose image is told from others by its number."""
        values = {
            "name": self.name,
            "namespace": self.namespace,
            "key": self.key,
            "flink_version": self.version,
            "image": f"example/{example}:{number}",
            "jar": "local:///opt/flink/usrlib/job.jar",
            "entry_class": f"org.flinkcomponents.examples.{JARS[example]}",
            "args": [
                *("--output", str(self.output), "--rate", "200"),
                *("--checkpoint-interval", "300"),
            ],
            "parallelism": 1,
            "task_manager": {"slots": 2},
            "savepoint_dir": self.savepoints.as_uri(),
            "checkpoint_dir": (self.folder / "checkpoints").as_uri(),
            "deadlines": {"stable": "2 min"},
            "ready_within": "2 min",
            **changes,
        }
        return load(ApplicationSpec, values, checks=CHECKS)

    def up(self, declared: ApplicationSpec, before: ApplicationSpec | None = None) -> Record:
        """What `pulumi up` does: the anchor, the revision, its objects, the switch."""
        anchor(self.ledger, OWNER)
        known, made_of = self._known, fingerprint(declared)
        number = next_revision(self.ledger.read(), made_of, known)
        write_revision(self.ledger, number, made_of)
        self._revision.write_text(str(number))
        self._make(declared, number)
        was = None if before is None or known is None else self._wish(before, known)
        return ensure_application(self.shop, self._wish(declared, number), was)

    def destroy(self, declared: ApplicationSpec) -> str:
        """What `pulumi destroy` does with it."""
        number = self._known or 1
        spec = declared.job(cluster_ref(declared, number, self.connection))
        return release(self.shop, self.ledger, OWNER, spec)

    @property
    def _revision(self) -> Path:
        """The number that Pulumi's state has: written as soon as it is in the ledger."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / "revision"

    @property
    def _known(self) -> int | None:
        path = self._revision
        return int(path.read_text()) if path.is_file() else None

    def _wish(self, declared: ApplicationSpec, number: int) -> ApplicationWish:
        named = names(declared.name, number)
        uid = self._find("Service", named.rest_service)["metadata"]["uid"]
        spec = declared.job(cluster_ref(declared, number, self.connection, uid))
        return ApplicationWish(
            spec=spec,
            fingerprint=fingerprint(declared),
            revision=number,
            task_managers=declared.task_managers,
            job_managers=declared.job_manager.replicas,
            stable_service=named.stable_service,
            ha=declared.high_availability_kind is not None,
            surge=declared.surge,
        )

    def _make(self, declared: ApplicationSpec, number: int) -> None:
        """Makes the objects that are not there, as Pulumi does; a local process is each pod."""
        objects = render(declared, number, jar())
        for field_name in _MADE:
            body: Json = getattr(objects, field_name)
            if field_name == "rest_service":
                # Its endpoints are no pods of a node.
                body["spec"].pop("selector")
            if body["kind"].startswith("Role"):
                body["metadata"]["ownerReferences"] = [self._owner(objects.rest_service)]
            if body["kind"] == "Deployment":
                template = body["spec"]["template"]
                template["metadata"]["finalizers"] = [FINALIZER]
                template["spec"]["schedulerName"] = SCHEDULER
            api = self.kubernetes.api
            made = api.session.post(self._url(body["kind"]), json=body, timeout=30)
            assert made.ok or made.status_code == 409, made.text

    def _owner(self, service: Json) -> Json:
        """With which Kubernetes removes the rights of a revision."""
        name = service["metadata"]["name"]
        uid = self._find("Service", name)["metadata"]["uid"]
        return {"apiVersion": "v1", "kind": "Service", "name": name, "uid": uid}

    def _url(self, kind: str, name: str = "") -> str:
        path = _PATHS[kind].format(self.namespace)
        return f"{self.kubernetes.api.server}/{path}/{name}".rstrip("/")

    def _find(self, kind: str, name: str) -> Json:
        """An object; one that is gone has no uid."""
        found = self.kubernetes.call("GET", f"/{_PATHS[kind].format(self.namespace)}/{name}")
        return found or {"metadata": {"uid": None}}

    # -- what is seen ------------------------------------------------------------------------

    def running(self) -> list[str]:
        """Ids of all jobs that have not ended, on any process of this application."""
        found = []
        # All pods of one revision have the same port, one after the other.
        urls = {path.read_text() for path in self.home.glob(f"{self.name}-r*-jobmanager-*/{REST}")}
        for url in sorted(urls):
            with suppress(requests.RequestException, ValueError):
                answered = requests.get(f"{url}/jobs", timeout=5).json()
                found += [one["id"] for one in answered["jobs"] if one["status"] not in ENDED]
        return found

    def pods(self) -> list[str]:
        """The revisions of its pods, one for each."""
        return self._labelled("Pod")

    def revisions(self) -> list[str]:
        """The revisions of all its objects that belong to one, and of what Flink keeps of it."""
        kinds = [kind for kind in _PATHS if kind != "Pod"]
        labelled = {one for kind in kinds for one in self._labelled(kind) if one}
        maps = self.kubernetes.call("GET", f"/{_PATHS['ConfigMap'].format(self.namespace)}")
        found = (
            re.match(rf"{self.name}-r(\d+)-", item["metadata"]["name"]) for item in maps["items"]
        )
        return sorted(labelled | {one[1] for one in found if one})

    def _labelled(self, kind: str) -> list[str]:
        selector = labels.selector(labels.APPLICATION, self.key)
        path = f"/{_PATHS[kind].format(self.namespace)}?labelSelector={selector}"
        items = self.kubernetes.call("GET", path)["items"]
        return [item["metadata"]["labels"].get(labels.REVISION, "") for item in items]

    def written(self, version: str = "v1", more_than: int = 0, seconds: float = 60) -> Report:
        """Waits until records of `version` are committed; what the output proves then."""
        return written(self.output, version, more_than, seconds)

    def goes_on(self, version: str = "v1") -> Report:
        """Waits for more records than there are now."""
        return self.written(version, check(self.output).versions.get(version, 0) + 20)

    def end(self) -> None:
        """Ends what runs of it, past the package under test."""
        selector = labels.selector(labels.APPLICATION, self.key)
        for kind in ("Deployment", "ConfigMap", "Service", "Role", "RoleBinding"):
            path = f"/{_PATHS[kind].format(self.namespace)}"
            for item in self.kubernetes.call("GET", f"{path}?labelSelector={selector}")["items"]:
                self.kubernetes.call("DELETE", f"{path}/{item['metadata']['name']}")


def struck_application(place: Mapping[str, Any], switch: Switch) -> StruckApplication:
    """The application as a process of its own sees it, with every call through the switch."""
    given = {name: value for name, value in place.items() if name != "kind"}
    switch.answers_here = lambda request: _log(given["home"], request)
    return StruckApplication(**given, access=Access(new_session=switch.session))


def _log(home: Path, request: requests.PreparedRequest) -> requests.Response | None:
    """The log of a local pod, which the API server would get from a kubelet."""
    path, _, query = request.path_url.partition("?")
    if not path.endswith("/log") or "/pods/" not in path:
        return None
    pod = path.split("/")[-2]
    text = log_of(home, pod, "previous=true" in query)
    if text is None:
        return answer(request, 400, f'container in pod "{pod}" not found')
    return answer(request, 200, text)
