"""An application upgraded with its state by hand: the same pods, without a guard or a ledger."""

from __future__ import annotations

import re
from typing import Any

from examples.jobs.check import check
from flink_components.kube.objects.application import render
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.base import load
from tests.cluster.applications import Application
from tests.cluster.applications import environment as of_applications
from tests.cluster.ground import volume
from tests.lifecycle.kubernetes import until

Json = dict[str, Any]

_SECONDS = 120.0
_ENTRY = "org.flinkcomponents.examples.StatefulV1"
_GUARD = re.compile(r"-javaagent:\S+ ?")
_PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
}


class HandWritten:
    """Each upgrade has Deployments, Services and a configuration of its own."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._number = 0

    @property
    def _prefix(self) -> str:
        return f"{self._app.name}-r{self._number}"

    def create(self) -> None:
        """The first one, which starts empty."""
        self._make_workers()
        self._make_job_manager(None)
        self._app.written("v1")

    def upgrade(self) -> float:
        """The next one, from a savepoint; the seconds without a record."""
        old = self._prefix
        self._make_workers()
        until("the workers", _SECONDS, lambda: self._run("taskmanager"))
        savepoint = self._stop(old)
        self._make_job_manager(savepoint)
        self._app.goes_on("v1")
        for component in ("jobmanager", "taskmanager"):
            self._call("DELETE", f"{_PATHS['Deployment']}/{old}-{component}")
        for kind, part in (("Service", "rest"), ("Service", "rpc"), ("ConfigMap", "config")):
            self._call("DELETE", f"{_PATHS[kind]}/{old}-{part}")
        report = check(self._app.output)
        if not report.ok:
            raise AssertionError(str(report))
        return report.interruptions[-1].millis / 1000

    def _make_workers(self) -> None:
        """All but the JobManager."""
        self._number += 1
        objects = render(self._spec(), self._number)
        if self._number == 1 and objects.service_account:
            self._create(objects.service_account)
        config = objects.config
        config["data"] = {name: _GUARD.sub("", text) for name, text in config["data"].items()}
        for one in (config, objects.rpc_service, objects.rest_service, objects.task_manager):
            self._create(one)

    def _make_job_manager(self, savepoint: str | None) -> None:
        deployment = render(self._spec(), self._number).job_manager
        pod = deployment["spec"]["template"]["spec"]
        del pod["initContainers"]
        (flink,) = pod["containers"]
        flink["env"] = [one for one in flink["env"] if one["name"] != "FLINK_CONF_DIR"]
        for part in (pod["volumes"], flink["volumeMounts"]):
            part[:] = [one for one in part if one["name"] != "flink-guard"]
        if savepoint is not None:
            flink["args"][1:1] = ["--fromSavepoint", savepoint]
        self._create(deployment)

    def _stop(self, old: str) -> str:
        """Stops the job with a savepoint; where that is."""
        rest = f"{_PATHS['Service']}/{old}-rest:8081/proxy"
        (job,) = self._call("GET", f"{rest}/jobs")["jobs"]
        body = {"targetDirectory": "file:///data/savepoints", "formatType": "NATIVE"}
        request = self._call("POST", f"{rest}/jobs/{job['id']}/stop", body)["request-id"]

        def location() -> str | None:
            found = self._call("GET", f"{rest}/jobs/{job['id']}/savepoints/{request}")
            done = found["status"]["id"] == "COMPLETED"
            return str(found["operation"]["location"]) if done else None

        return until("the savepoint", _SECONDS, location)

    def _run(self, component: str) -> bool:
        found = self._call("GET", f"{_PATHS['Deployment']}/{self._prefix}-{component}")
        return bool(found["status"].get("readyReplicas"))

    def _create(self, body: Json) -> None:
        self._call("POST", _PATHS[body["kind"]], body)

    def _call(self, method: str, path: str, body: Json | None = None) -> Any:
        path = path.format(self._app.namespace)
        return self._app.kubernetes.call(method, path, body)

    def _spec(self) -> ApplicationSpec:
        app = self._app
        (volume(app.namespace) / "savepoints").mkdir(exist_ok=True, mode=0o777)
        env = of_applications(app.namespace, app.kubernetes.kubeconfig, app.version)
        values = {**env.application_defaults(), **app.arguments("stateful-v1")}
        given = ApplicationSpec.model_fields
        values = {name: found for name, found in values.items() if name in given and found}
        return load(
            ApplicationSpec,
            {**values, "name": app.name, "key": app.key, "entry_class": _ENTRY},
        )
