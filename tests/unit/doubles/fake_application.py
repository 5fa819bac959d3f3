"""A revision of an application: the pods of its Deployments, and its JobManager with a guard."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from tests.unit.doubles.clock import FakeClock
from tests.unit.doubles.fake_flink import ENDED, FakeFlink
from tests.unit.doubles.fake_kube import FakeKube
from tests.unit.doubles.flink_jobs import FakeJob, Storage

Json = dict[str, Any]
GO, CLAIM = "flink-components/go", "flink-components/claim"
PROBE, PROBED = "flink-components/probe", "flink-components/probed"
DISOWNED = 170
_RIGHTS = ("Role", "RoleBinding")
BEGINNING = (
    "2027-01-15 08:00:00,000 INFO  org.apache.flink.runtime.entrypoint.ClusterEntrypoint [] -  "
    "Starting StandaloneApplicationClusterEntryPoint (Version: 1.20.3, Scala: 2.12)"
)


def stamp(at: float, digits: bool = True) -> str:
    """As Kubernetes writes a moment: with microseconds, or in whole seconds."""
    text = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return f"{text}Z" if digits else f"{text.partition('.')[0]}Z"


@dataclass
class Jvm:
    """One start of a JobManager's JVM: at its guard until it has `attempt`."""

    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)
    attempt: int | None = None
    revision: int = 0
    job_id: str = ""
    lock_seen: str = ""
    lock_since: float = 0.0
    next_look: float = 0.0
    log: str = ""
    stands_by_since: float = 0.0


class FakeRevision:
    """Its objects, pods and JVM; `lease` is the name of the ledger.

    `problem` keeps its pods from running (a waiting reason), `stuck` from ending; `silent` keeps
    its guard from doing anything, `unwritable` from writing savepoints. `back_off` is how long
    Kubernetes lets a container that has ended wait, beyond the two seconds of each start.
    """

    def __init__(
        self,
        number: int,
        program: str,
        flink: FakeFlink,
        kube: FakeKube,
        clock: FakeClock,
        namespace: str,
        name: str,
        key_labels: Json,
        lease: str,
    ) -> None:
        self.number, self.program, self.flink, self.kube = number, program, flink, kube
        self.clock, self.namespace, self.name, self.lease = clock, namespace, name, lease
        self.labels = {**key_labels, "flink-components/revision": str(number)}
        self.problem: str | None = None
        self.stuck = False
        self.silent = False
        self.unwritable: str | None = None
        self.jvm: Jvm | None = None
        self.restarts = 0
        self.exits = 0
        self.back_off = 0.0
        self.starts_again = 0.0
        self.collected_after = 0.0
        self.goes: dict[str, float] = {}
        flink.up = False
        self._make(program)

    def _make(self, program: str) -> None:
        put = self.kube.put
        for component, replicas in (("jobmanager", 1), ("taskmanager", 2)):
            labels = {**self.labels, "app.kubernetes.io/component": component}
            volumes = [{"name": "flink-conf", "configMap": {"name": self._named("config")}}]
            spec = {"replicas": replicas, "template": {"spec": {"volumes": volumes}}}
            put("Deployment", self.namespace, self._named(component), labels=labels, spec=spec)
        for part in ("rest", "rpc"):
            spec = {"selector": {}, "clusterIP": f"10.0.0.{self.number}"}
            put("Service", self.namespace, self._named(part), labels=self.labels, spec=spec)
        for kind in _RIGHTS:
            put(kind, self.namespace, self._named("flink"))
            role = self.kube.objects[(kind, self.namespace, self._named("flink"))]
            owner = {"kind": "Service", "name": self._named("rest"), "uid": self._service_uid()}
            role["metadata"]["ownerReferences"] = [owner]
        data = {"config.yaml": f"kubernetes.cluster-id: {self.cluster_id}\n"}
        put("ConfigMap", self.namespace, self._named("config"), labels=self.labels, data=data)
        put("ConfigMap", self.namespace, self._named("guard"), labels=self.labels)

    def _service_uid(self) -> str | None:
        found = self.kube.objects.get(("Service", self.namespace, self._named("rest")))
        return found and str(found["metadata"]["uid"])

    def _collect(self) -> None:
        """What is owned goes with its owner, after a while."""
        uid = self._service_uid()
        for kind in _RIGHTS:
            key = (kind, self.namespace, self._named("flink"))
            found = self.kube.objects.get(key)
            if found is None or found["metadata"]["ownerReferences"][0]["uid"] == uid:
                continue
            goes_at = self.goes.setdefault(kind, self.clock.now() + self.collected_after)
            if self.clock.now() >= goes_at:
                del self.kube.objects[key], self.goes[kind]

    def _named(self, part: str) -> str:
        return f"{self.name}-r{self.number}-{part}"

    @property
    def cluster_id(self) -> str:
        return self._named("ha")

    @property
    def storage(self) -> Storage:
        return self.flink._storage

    def replicas(self, component: str) -> int | None:
        """What its Deployment says; None where that is gone."""
        found = self.kube.objects.get(("Deployment", self.namespace, self._named(component)))
        return None if found is None else found["spec"]["replicas"]

    # -- Kubernetes --------------------------------------------------------------------------

    def tick(self) -> None:
        """The Deployments have their pods, and the JVM does what is due."""
        self._collect()
        for component in ("jobmanager", "taskmanager"):
            wanted = self.replicas(component) or 0
            for index in range(3):
                self._have(component, index, index < wanted)
        if self.jvm is not None and self.clock.now() >= self.jvm.next_look:
            self.jvm.next_look = self.clock.now() + 0.2
            self._look(self.jvm)

    def _have(self, component: str, index: int, wanted: bool) -> None:
        name = f"{self._named(component)}-{index}"
        key = ("Pod", self.namespace, name)
        there = key in self.kube.objects
        if wanted and not there:
            self._new_pod(component, name)
        elif there and not wanted and not self.stuck:
            del self.kube.objects[key]
            if component == "jobmanager":
                self._end_jvm()
                self.jvm = None
        elif there and wanted and self._is_due(key):
            self._start_container(key, component)

    def _is_due(self, key: tuple[str, str, str]) -> bool:
        late = self.clock.now() >= self.starts_again
        return late and not self.problem and not self._runs(key)

    def _new_pod(self, component: str, name: str) -> None:
        labels = {**self.labels, "app.kubernetes.io/component": component}
        container: Json = {"name": component, "state": {}, "restartCount": 0}
        self.kube.put("Pod", self.namespace, name, labels=labels)
        key = ("Pod", self.namespace, name)
        self.kube.objects[key]["status"] = {"phase": "Pending", "containerStatuses": [container]}
        if self.problem:
            container["state"] = {"waiting": {"reason": self.problem, "message": "it says why"}}
        else:
            self._start_container(key, component)

    def _runs(self, key: tuple[str, str, str]) -> bool:
        return "running" in self.kube.objects[key]["status"]["containerStatuses"][0]["state"]

    def _start_container(self, key: tuple[str, str, str], component: str) -> None:
        pod = self.kube.objects[key]
        pod["status"]["phase"] = "Running"
        started = stamp(self.clock.now(), digits=False)
        pod["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": started}}
        if component == "jobmanager":
            self.jvm = Jvm(lock_since=self.clock.now())

    def pod(self) -> Json:
        """That of its JobManager."""
        return self.kube.objects[("Pod", self.namespace, f"{self._named('jobmanager')}-0")]

    def exit(self, status: int, log: str = "") -> None:
        """The JVM ends, and its container starts again after two seconds."""
        assert self.jvm is not None
        self.exits += 1
        text = f"{self.jvm.log}\n{log}"
        self._end_jvm()
        container = self.pod()["status"]["containerStatuses"][0]
        ended = stamp(self.clock.now(), digits=False)
        container["lastState"] = {"terminated": {"exitCode": status, "finishedAt": ended}}
        container["restartCount"] += 1
        started = stamp(self.clock.now() + 2, digits=False)
        container["state"] = {"running": {"startedAt": started}}
        self.kube.logs[(self.namespace, self.pod()["metadata"]["name"], True)] = text
        self.jvm = Jvm(lock_since=self.clock.now(), next_look=self.clock.now() + 2)
        if self.back_off:
            self.jvm, self.starts_again = None, self.clock.now() + self.back_off
            container["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}

    def _end_jvm(self) -> None:
        self.flink.up = False
        for job in self.flink.jobs.values():
            if job.state not in ENDED:
                job.state = "FAILED"
        self.flink.restart()

    # -- the guard and its watchdog ----------------------------------------------------------

    def _look(self, jvm: Jvm) -> None:
        lease = self.kube.objects.get(("Lease", self.namespace, self.lease))
        if lease is None or self.silent:
            return
        notes = lease["metadata"]["annotations"]
        go = json.loads(notes.get(GO, "{}"))
        claim = json.loads(notes.get(CLAIM, "null"))
        held = self._held(jvm, lease)
        if jvm.attempt is not None:
            self._watch(jvm, go, claim, held)
            return
        if self._may_start(jvm, lease, go, claim, held):
            return
        self._answer(lease, notes)

    def _held(self, jvm: Jvm, lease: Json) -> bool:
        """The lock is held, and was renewed by our own clock."""
        spec = lease["spec"]
        if not spec.get("holderIdentity"):
            return False
        if spec.get("renewTime") != jvm.lock_seen:
            jvm.lock_seen, jvm.lock_since = spec.get("renewTime", ""), self.clock.now()
        return self.clock.now() - jvm.lock_since <= spec["leaseDurationSeconds"]

    def _watch(self, jvm: Jvm, go: Json, claim: Json, held: bool) -> None:
        job = self.flink.jobs.get(jvm.job_id)
        owned = (go.get("attempt"), go.get("revision")) == (jvm.attempt, jvm.revision)
        later = claim and claim["attempt"] > (jvm.attempt or 0)
        disowned = (go.get("state") == "go" and not owned) or later
        if disowned and not self._stands_by(jvm, go, job):
            self.exit(DISOWNED)
            return
        finished = bool(go.get("savepoint")) or (job is not None and job.state == "FINISHED")
        if go.get("state") == "stopping" and owned and not held and finished:
            self.exit(0)
        if self.jvm is jvm and self._exits_at_the_end(job):
            self.exit(0, f"Job {jvm.job_id} reached terminal state {job.state}.")  # type: ignore[union-attr]

    def _stands_by(self, jvm: Jvm, go: Json, job: FakeJob | None) -> bool:
        """Its job has ended, and another revision starts: it starts again a minute later."""
        other = go.get("state") == "go" and go.get("revision") != jvm.revision
        if not other or job is None or job.state not in ENDED:
            return False
        jvm.stands_by_since = jvm.stands_by_since or self.clock.now()
        return self.clock.now() - jvm.stands_by_since <= 60

    def _exits_at_the_end(self, job: FakeJob | None) -> bool:
        """Before 1.15, once the result of a stop was read: here, after a moment."""
        ended = job is not None and job.state in ENDED
        return self.flink.minor < (1, 15) and ended and self.flink.results_read

    def _may_start(self, jvm: Jvm, lease: Json, go: Json, claim: Json, held: bool) -> bool:
        if go.get("revision") != self.number:
            return False
        claimed = claim["attempt"] if claim else 0
        if go["state"] == "go":
            if claimed < go["attempt"]:
                self._write(lease, {CLAIM: self._claim(go, jvm)})
                self._start(jvm, go)
                return True
            if claimed == go["attempt"] and go["ha"]:
                self._start(jvm, go)
                return True
            return False
        if go["state"] != "stopping" or held:
            return False
        savepoint = go.get("savepoint") or self._found(go["directory"])
        back = {**go["back"], "state": "go", "revision": self.number, "ha": go["ha"]}
        if savepoint:
            back |= {"restore": savepoint, "claimMode": "NO_CLAIM"}
            claim = {**json.loads(self._claim(back, jvm)), "tookBack": savepoint}
            self._write(lease, {GO: json.dumps(back), CLAIM: json.dumps(claim)}, free=True)
            self._start(jvm, back)
            return True
        if go["ha"] and claimed == go["attempt"]:
            again = {name: go[name] for name in ("revision", "attempt", "jobId", "ha")}
            again |= {"state": "go", "claimMode": "NO_CLAIM"}
            self._write(lease, {GO: json.dumps(again)}, free=True)
            self._start(jvm, again)
            return True
        return False

    def _found(self, directory: str) -> str | None:
        start = directory.replace("file:///", "file:/")
        there = [s.path for s in self.storage.snapshots.values() if s.path.startswith(start)]
        return there[0] if len(there) == 1 else None

    def _claim(self, go: Json, jvm: Jvm) -> str:
        claim = {"attempt": go["attempt"], "revision": self.number, "nonce": jvm.nonce}
        pod = self.pod()["metadata"]["uid"]
        return json.dumps({**claim, "pod": pod, "at": stamp(self.clock.now())})

    def _answer(self, lease: Json, notes: Json) -> None:
        asked = json.loads(notes.get(PROBE, "null"))
        known = json.loads(notes.get(PROBED, "{}"))
        if asked is None or asked["revision"] != self.number or known.get("id") == asked["id"]:
            return
        answer: Json = {"id": asked["id"], "ok": self.unwritable is None}
        if self.unwritable is not None:
            answer["error"] = self.unwritable
        self._write(lease, {PROBED: json.dumps(answer)})

    def _write(self, lease: Json, notes: Json, free: bool = False) -> None:
        body = json.loads(json.dumps(lease))
        body["metadata"]["annotations"] |= notes
        if free:
            body["spec"]["holderIdentity"] = ""
        self.kube._store(("Lease", self.namespace, self.lease), body)

    # -- Flink -------------------------------------------------------------------------------

    def _start(self, jvm: Jvm, go: Json) -> None:
        """Flink's main goes on: the JobManager of this revision runs the attempt."""
        jvm.attempt, jvm.revision, jvm.job_id = go["attempt"], self.number, go["jobId"]
        flink = self.flink
        flink.restart()
        flink.up, flink.results_read = True, False
        flink.application = True
        if go["ha"]:
            labels = {"app": self.cluster_id, "type": "flink-native-kubernetes"}
            name = f"{self.cluster_id}-cluster-config-map"
            self.kube.put("ConfigMap", self.namespace, name, labels=labels)
        problem = flink.start_application(go["jobId"], self.program, self._restore(go))
        if problem is None:
            return
        jvm.log = (
            f"{BEGINNING}\n"
            "2027-01-15 08:00:00,500 INFO  o.a.f.X - Found 0 checkpoints in Kubernetes.\n"
            "2027-01-15 08:00:01,000 ERROR org.apache.flink.runtime.entrypoint.ClusterEntrypoint - "
            "Fatal error occurred in the cluster entrypoint.\n"
            "java.util.concurrent.CompletionException: x\n"
            f"\tat org.acme.Job.main(Job.java:1)\nCaused by: {problem}\n\tat org.acme.X(X.java:2)\n"
            f"2027-01-15 08:00:01,100 INFO  Shutting down, job {go['jobId']}.\n"
        )
        self.exit(2)

    def _restore(self, go: Json) -> str | None:
        """With high availability Flink goes on from the latest checkpoint of the attempt."""
        own = [
            s
            for s in self.storage.snapshots.values()
            if f"/{go['jobId']}/" in s.path and not s.discarded
        ]
        return own[-1].path if own and go["ha"] else go.get("restore")
