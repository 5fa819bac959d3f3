"""The revisions of an application: their numbers, their pods, and their end."""

from collections.abc import Mapping
from typing import Any

from flink_components.kube.api import KubeApi, KubeError, NotFound
from flink_components.kube.objects import labels
from flink_components.kube.objects.rendering import availability_id
from flink_components.lifecycle.availability import metadata_of
from flink_components.lifecycle.errors import Refused, StepFailed
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.pods import backs_off
from flink_components.lifecycle.session_cluster import remove_objects
from flink_components.lifecycle.standing import selector_of
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Record
from flink_components.spec.base import load
from flink_components.spec.names import revision_name
from flink_components.spec.ref import ClusterRef

_CONTENTION_SECONDS = 60.0
_GONE_SECONDS = 120.0


def next_revision(record: Record | None, fingerprint: str, last: int | None = None) -> int:
    """The number for what has `fingerprint`; `last` is the one that Pulumi's state has.

    That of what runs, or of an attempt that failed, if it is the same and its objects are still
    those of the program; else one that was never used.
    """
    if record is None:
        return (last or 0) + 1
    run = record.run
    same = [int(number) for number, made_of in record.revisions.items() if made_of == fingerprint]
    if run is not None and run.guarded and run.fingerprint == fingerprint:
        same.append(run.revision)
    known = [number for number in same if number >= (last or 0)]
    return max(known) if known else max(record.highest, last or 0) + 1


def write_revision(ledger: Ledger[Record], number: int, fingerprint: str) -> None:
    """Writes a revision into the ledger, before any of its objects is made. Raises Refused."""
    with ledger.lock(f"revision {number} of {ledger.key}", _CONTENTION_SECONDS) as held:
        made_of = held.record.revisions.get(str(number))
        if made_of not in (None, fingerprint):
            raise Refused(
                f"revision {number} of {ledger.key} was made of something else meanwhile: "
                f"run `pulumi preview` again"
            )
        held.commit(
            revisions={**held.record.revisions, str(number): fingerprint},
            highest=max(number, held.record.highest),
        )


def of_revision(ref: ClusterRef, number: int) -> ClusterRef:
    """The reference to another revision of the same application."""
    service = revision_name(ref.name, number, "rest")
    return ref.model_copy(update={"revision": number, "service": service, "uid": None})


def deployment(ref: ClusterRef, component: str) -> str:
    """The name of a revision's Deployment."""
    return revision_name(ref.name, ref.revision, component)


def scale(held: HeldRecord, api: KubeApi, ref: ClusterRef, pods: Mapping[str, int]) -> None:
    """Scales the Deployments of a revision; one that is not there has no pods.

    `pods` is how many of each component. Raises KubeError.
    """
    for component, replicas in pods.items():
        name = deployment(ref, component)
        try:
            found: Any = api.get("Deployment", ref.namespace, name)
            if found["spec"].get("replicas") != replicas:
                held.fence()
                api.patch("Deployment", ref.namespace, name, {"spec": {"replicas": replicas}})
        except NotFound:
            if replicas:
                raise Refused(
                    f"the Deployment {ref.namespace}/{name} is not there: someone deleted it, or "
                    f"`pulumi up` was told to leave it out; run `pulumi refresh`, then `pulumi up`"
                ) from None


NO_PODS = {labels.JOB_MANAGER: 0, labels.TASK_MANAGER: 0}


def put_down(shop: Workshop, held: HeldRecord, api: KubeApi, ref: ClusterRef) -> None:
    """Takes all pods of a revision away, and waits until they are gone. Raises StepFailed.

    The ledger lets nobody start by then: a pod that comes back waits.
    """
    scale(held, api, ref, NO_PODS)
    _wait_until_gone(shop, api, ref.namespace, selector_of(ref))


def renew(shop: Workshop, held: HeldRecord, api: KubeApi, ref: ClusterRef) -> None:
    """Takes the JobManager's pods away where Kubernetes lets them wait: new ones start at once.

    One that was disowned has ended, and waits the longer the more often that was so of late.
    """
    selector = selector_of(ref, labels.JOB_MANAGER)
    if any(map(backs_off, api.list("Pod", ref.namespace, selector))):
        scale(held, api, ref, {labels.JOB_MANAGER: 0})
        _wait_until_gone(shop, api, ref.namespace, selector)


def rest(held: HeldRecord, api: KubeApi, ref: ClusterRef) -> None:
    """Takes the pods of all revisions away, whose objects stay. Raises KubeError."""
    for number in {*map(int, held.record.revisions), ref.revision}:
        scale(held, api, of_revision(ref, number), NO_PODS)


def remove_others(
    shop: Workshop, held: HeldRecord, api: KubeApi, ref: ClusterRef, kept: int | None = None
) -> None:
    """Removes all revisions but that of `ref`: their objects, and what Flink has kept there.

    `kept` is one more that stays.
    Best effort: what stays is removed by the next `up`.
    """
    for number in sorted(held.record.revisions, key=int):
        if int(number) in (ref.revision, kept):
            continue
        try:
            _remove(shop, held, api, of_revision(ref, int(number)))
        except (KubeError, StepFailed) as error:
            shop.say(f"{ref.key} r{number} stays for now: {error}")
            continue
        left = {one: made_of for one, made_of in held.record.revisions.items() if one != number}
        held.note(revisions=left)


def _remove(shop: Workshop, held: HeldRecord, api: KubeApi, ref: ClusterRef) -> None:
    """Its pods first: a JobManager that still runs would write its metadata again."""
    held.fence()
    remove_objects(api, ref.namespace, selector_of(ref))
    _wait_until_gone(shop, api, ref.namespace, selector_of(ref))
    _remove_metadata(api, ref)


def remove_all(shop: Workshop, held: HeldRecord, ledger: Ledger[Record]) -> None:
    """Removes all objects of the key by its label. Raises KubeError, StepFailed."""
    api, run = ledger.api, held.record.run
    selector = labels.selector(labels.APPLICATION, ledger.key)
    held.fence()
    remove_objects(api, ledger.namespace, selector)
    _wait_until_gone(shop, api, ledger.namespace, selector)
    if run is not None and run.guarded:
        ref = load(ClusterRef, run.cluster)
        for number in {run.revision, *map(int, held.record.revisions)}:
            _remove_metadata(api, of_revision(ref, number))
    held.note(revisions={})


def _wait_until_gone(shop: Workshop, api: KubeApi, namespace: str, selector: str) -> None:
    left, gone = poll(
        shop.clock,
        lambda: api.list("Pod", namespace, selector),
        lambda pods: not pods,
        _GONE_SECONDS,
        pause=0.1,
    )
    if not gone:
        names = ", ".join(sorted(pod["metadata"]["name"] for pod in left))
        raise StepFailed(
            f"the pods {names} do not end, so nobody knows whether they still run the job: once "
            f"their node is certainly dead, `kubectl delete pod --force` them, and run this again"
        )


def _remove_metadata(api: KubeApi, ref: ClusterRef) -> None:
    """What high availability has kept of a revision."""
    for name in metadata_of(api, ref.namespace, availability_id(ref.name, ref.revision)):
        api.delete("ConfigMap", ref.namespace, name)
