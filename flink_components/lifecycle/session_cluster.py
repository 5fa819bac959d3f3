"""The life cycle of a session cluster: its ledger, its active revision, its end."""

from collections.abc import Mapping
from typing import Any

from flink_components.flink.answers import ENDED
from flink_components.flink.errors import FlinkError
from flink_components.kube.api import Forbidden, KubeApi, KubeError, NotFound
from flink_components.kube.objects import labels
from flink_components.lifecycle.availability import remove_metadata
from flink_components.lifecycle.errors import LifecycleError, Refused, StepFailed
from flink_components.lifecycle.ledger import Held, Ledger, records
from flink_components.lifecycle.pods import problems
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import Workshop
from flink_components.plan.changes import same_cluster
from flink_components.plan.record import RUNS, ClusterRecord, ClusterRevision, Owner, Record
from flink_components.spec.ref import ClusterRef

_KINDS_OF_A_REVISION = ("Deployment", "Service", "ConfigMap", "Secret")
_CONTENTION_SECONDS = 60.0
_NOT_ALLOWED = (401, 403)

ClusterLedger = Ledger[ClusterRecord]


def anchor_cluster(ledger: ClusterLedger, owner: Owner, adopt: bool = False) -> None:
    """Creates the ledger of a cluster, or takes over the one that is there. Raises Refused.

    A ledger that someone deleted is made again from the Services that are there.
    """
    if ledger.read() is None:
        found = _found_revisions(ledger)
        highest = max(map(int, found), default=0)
        if ledger.create(
            ClusterRecord(key=ledger.key, owner=owner, revisions=found, highest=highest)
        ):
            return
    with ledger.lock(f"up of {ledger.key}", _CONTENTION_SECONDS) as held:
        check_cluster_owner(held.record, owner, adopt)
        held.commit(owner=owner, deleted=False)


def check_cluster_owner(record: ClusterRecord, owner: Owner, adopt: bool) -> None:
    """Refuses a key that another stack manages."""
    if adopt or record.owner is None or record.deleted or record.owner.stack == owner.stack:
        return
    raise Refused(
        f"the session cluster {record.key} is managed by the stack {record.owner.stack}: choose "
        f"another key, or take it over with adopt=True and remove it from that program"
    )


def _found_revisions(ledger: ClusterLedger) -> dict[str, ClusterRevision]:
    """Revisions that have a REST Service; what they were made of is not known any more."""
    found = {}
    selector = _selector(ledger.key, component=labels.JOB_MANAGER)
    for service in ledger.api.list("Service", ledger.namespace, selector):
        number = service["metadata"]["labels"].get(labels.REVISION)
        if number and any(port.get("name") == "rest" for port in service["spec"]["ports"]):
            found[number] = ClusterRevision(
                fingerprint="", service=service["metadata"]["name"], created_at=0.0
            )
    return found


def next_revision(record: ClusterRecord | None, fingerprint: str) -> int:
    """The number for what has `fingerprint`: that of the latest one if it is the same."""
    if record is None or record.highest == 0:
        return 1
    latest = record.revisions.get(str(record.highest))
    if latest is not None and latest.fingerprint == fingerprint:
        return record.highest
    return record.highest + 1


def write_revision(
    shop: Workshop, ledger: ClusterLedger, number: int, fingerprint: str, service: str
) -> None:
    """Writes a revision into the ledger, before any of its objects is made."""
    with ledger.lock(f"revision {number} of {ledger.key}", _CONTENTION_SECONDS) as held:
        known = held.record.revisions.get(str(number))
        if known is not None and known.fingerprint != fingerprint:
            raise Refused(
                f"revision {number} of session cluster {ledger.key} was made of something else "
                f"meanwhile: run `pulumi preview` again"
            )
        entry = ClusterRevision(
            fingerprint=fingerprint,
            service=service,
            created_at=known.created_at if known else shop.clock.now(),
        )
        held.commit(
            revisions={**held.record.revisions, str(number): entry},
            highest=max(number, held.record.highest),
        )


def switch(
    shop: Workshop,
    ledger: ClusterLedger,
    ref: ClusterRef,
    stable_service: str,
    task_manager: str,
    replicas: int,
    seconds: float,
) -> list[str]:
    """Makes the revision of `ref` the active one, once it is ready.

    Scales its TaskManagers to `replicas`, waits until they have registered, turns the stable
    Service, and removes older revisions on which no unfinished job is left.
    Returns what keeps older revisions, in words. Raises StepFailed with what it waited for.
    """
    with ledger.lock(f"up of {ledger.key}", _CONTENTION_SECONDS) as held:
        held.fence()
        _scale(ledger.api, ref.namespace, task_manager, replicas)
        _wait_until_ready(shop, ledger.api, ref, replicas, seconds)
        held.fence()
        ledger.api.patch(
            "Service",
            ref.namespace,
            stable_service,
            {"spec": {"selector": {labels.REVISION: str(ref.revision)}}},
        )
        held.commit(active=ref.revision)
        return remove_old_revisions(shop, held, ledger, ref)


def _scale(api: KubeApi, namespace: str, deployment: str, replicas: int) -> None:
    if api.get("Deployment", namespace, deployment)["spec"].get("replicas") != replicas:
        api.patch("Deployment", namespace, deployment, {"spec": {"replicas": replicas}})


def _wait_until_ready(
    shop: Workshop, api: KubeApi, ref: ClusterRef, replicas: int, seconds: float
) -> None:
    wanted = ref.slots or 0
    said = ""

    def read() -> bool:
        nonlocal said
        try:
            cluster = shop.flink(ref).cluster()
            text = f"{cluster.slots}/{wanted} slots registered"
            ready = cluster.slots >= wanted and cluster.task_managers == replicas
        except FlinkError as error:
            if error.status in _NOT_ALLOWED:
                raise StepFailed(
                    f"session cluster {ref.key} r{ref.revision} can't be asked: {error}"
                ) from error
            text, ready = _pods(api, ref), False
        if text != said:
            said = text
            shop.say(text)
        return ready

    if not poll(shop.clock, read, bool, seconds, pause=0.1, longest=0.5)[1]:
        raise StepFailed(
            f"session cluster {ref.key} r{ref.revision} is not ready within {seconds:.0f} s: "
            f"{said}; {_pods(api, ref)}"
        )


def _pods(api: KubeApi, ref: ClusterRef) -> str:
    """What the revision's pods wait for, in a line."""
    return problems(api, ref.namespace, _selector(ref.key, ref.revision))


def _selector(key: str, revision: int | None = None, component: str | None = None) -> str:
    return labels.selector(labels.SESSION_CLUSTER, key, revision, component)


def remove_old_revisions(
    shop: Workshop, held: Held[ClusterRecord], ledger: ClusterLedger, ref: ClusterRef
) -> list[str]:
    """Removes revisions other than the active one that have no unfinished job; what keeps them."""
    kept = []
    for number, revision in sorted(held.record.revisions.items()):
        if int(number) == held.record.active or int(number) > ref.revision:
            continue
        old = ref.model_copy(
            update={
                "revision": int(number),
                "service": revision.service,
                "uid": None,
                "leader": None,
            }
        )
        # Flink first: a job that it does not run any more has said in its ledger why, before.
        jobs = unfinished_jobs(shop, ledger.api, old) or _ledgers_that_need(ledger, old)
        if jobs:
            kept.append(f"r{number} stays, with {', '.join(jobs)}")
            continue
        held.fence()
        remove_objects(ledger.api, ref.namespace, _selector(ledger.key, int(number)))
        if not remove_metadata(shop, held, ledger, ref.name, int(number)):
            kept.append(f"r{number} stays for now, since its pods do not end")
            continue
        left = {k: v for k, v in held.record.revisions.items() if k != number}
        held.commit(revisions=left)
    return kept


def leave_revision(shop: Workshop, left: ClusterRef) -> None:
    """After a job has moved away: removes the revision that it left, where that is empty now.

    Best effort: what stays is removed by the next mover or the next `up` of the cluster.
    """
    try:
        api = shop.reach.api(left.connection)
        ledger = Ledger(api, left.namespace, left.key, "cluster", ClusterRecord)
        record = ledger.read()
        if record is None or record.active in (None, left.revision):
            return
        with ledger.lock(f"a job left r{left.revision}", _CONTENTION_SECONDS) as held:
            active = left.model_copy(update={"revision": held.record.active})
            remove_old_revisions(shop, held, ledger, active)
    except (KubeError, FlinkError, LifecycleError) as error:
        shop.say(f"{left.key} r{left.revision} stays for now: {error}")


def _ledgers_that_need(ledger: ClusterLedger, ref: ClusterRef) -> list[str]:
    """Keys of the jobs that may be between their stop and their start, and may come back."""
    cluster = ref.to_json()
    jobs = records(ledger.api, ledger.namespace, "job", Record)
    return [job.key for job in jobs if job.needs_cluster(cluster)]


def unfinished_jobs(shop: Workshop, api: KubeApi, ref: ClusterRef) -> list[str]:
    """Names of the jobs that have not ended on a revision; none where it is gone or never ran."""
    if not _is_there(api, ref):
        return []
    try:
        return [job.name for job in shop.flink(ref).jobs() if job.state not in ENDED]
    except FlinkError as error:
        if not _runs(api, ref):
            return []
        return [f"jobs that can't be asked for ({error})"]


def _is_there(api: KubeApi, ref: ClusterRef) -> bool:
    """A revision without its Service is given up: nothing can come back to it."""
    try:
        api.get("Service", ref.namespace, ref.service)
    except NotFound:
        return False
    return True


def _runs(api: KubeApi, ref: ClusterRef) -> bool:
    """A JobManager's container is running, so jobs may be, though nobody answers."""
    pods = api.list(
        "Pod",
        ref.namespace,
        _selector(ref.key, ref.revision, labels.JOB_MANAGER),
    )
    return any(
        "running" in (container.get("state") or {})
        for pod in pods
        for container in (pod.get("status") or {}).get("containerStatuses") or []
    )


def remove_objects(api: KubeApi, namespace: str, selector: str) -> None:
    """Deletes the objects of revisions that a label selector takes.

    Only a configuration that holds a secret is a Secret: who may not list them has made none.
    """
    for kind in _KINDS_OF_A_REVISION:
        try:
            listed = api.list(kind, namespace, selector)
        except Forbidden:
            if kind != "Secret":
                raise
            return
        for found in listed:
            api.delete(kind, namespace, found["metadata"]["name"])


def release_cluster(
    shop: Workshop, ledger: ClusterLedger, owner: Owner, refs: Mapping[str, Any]
) -> str:
    """What a delete of a session cluster does: removes every revision. In words what was done.

    Raises Refused while an unfinished job is left on one, or a job is down that may start there
    again. A key that belongs to another owner by now is left alone.
    """
    if ledger.read() is None:
        if not _found_revisions(ledger):
            return "nothing of it is there any more"
        anchor_cluster(ledger, owner)
    try:
        with ledger.lock(f"destroy of {ledger.key}", _CONTENTION_SECONDS) as held:
            if held.record.owner != owner or held.record.deleted:
                return "the key belongs to another resource now: nothing was done"
            for number, revision in sorted(held.record.revisions.items()):
                ref = ClusterRef(**refs, revision=int(number), service=revision.service)
                _check_unneeded(shop, ledger, ref)
            held.fence()
            remove_objects(ledger.api, ledger.namespace, _selector(ledger.key))
            _wait_until_gone(shop, ledger)
            for number in held.record.revisions:
                remove_metadata(shop, held, ledger, refs["name"], int(number))
            held.commit(deleted=True, revisions={}, active=None)
            return "removed"
    except NotFound:
        return "its namespace is gone: nothing was done"


def _check_unneeded(shop: Workshop, ledger: ClusterLedger, ref: ClusterRef) -> None:
    """Raises Refused where a job runs on the revision, or may start there again.

    Flink is asked again after the ledgers: a job that was down when it was asked first may run by
    now, and then its ledger says no more than that it runs.
    """
    jobs = unfinished_jobs(shop, ledger.api, ref)
    waiting = _waiting_for(ledger, ref) if not jobs and _is_there(ledger.api, ref) else []
    jobs = jobs or unfinished_jobs(shop, ledger.api, ref)
    if jobs:
        raise Refused(
            f"session cluster {ref.key} r{ref.revision} still runs {', '.join(jobs)}: "
            f"stop or move them first"
        )
    if waiting:
        raise Refused(
            f"session cluster {ref.key} r{ref.revision} is needed by {', '.join(waiting)}, which "
            f"may start there again: let its `pulumi up` come to its end, or suspend or destroy "
            f"it, first"
        )


def _waiting_for(ledger: ClusterLedger, ref: ClusterRef) -> list[str]:
    """The jobs that are down and may start on a revision again, each with its phase.

    What a ledger says to run there does not count: whether it does is for Flink to say.
    """
    cluster = ref.to_json()
    return [
        f"{job.key} ({job.phase.value})"
        for job in records(ledger.api, ledger.namespace, "job", Record)
        if job.needs_cluster(cluster) and not _runs_on(job, cluster)
    ]


def _runs_on(job: Record, cluster: Mapping[str, Any]) -> bool:
    """As far as its ledger knows."""
    return job.run is not None and job.phase in RUNS and same_cluster(job.run.cluster, cluster)


def _wait_until_gone(shop: Workshop, ledger: ClusterLedger) -> None:
    selector = _selector(ledger.key)
    left, gone = poll(
        shop.clock,
        lambda: ledger.api.list("Pod", ledger.namespace, selector),
        lambda pods: not pods,
        120.0,
        pause=0.1,
    )
    if not gone:
        names = ", ".join(pod["metadata"]["name"] for pod in left)
        raise StepFailed(f"the pods {names} of {ledger.key} do not end: run `pulumi destroy` again")
