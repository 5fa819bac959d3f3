"""Tells people in Kubernetes, and the history, how a switch went; best effort."""

import uuid

from flink_components.kube.api import Json, KubeError
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.history import book_of
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.wish import ApplicationWish
from flink_components.lifecycle.work import Workshop
from flink_components.plan.record import Record, Switch


def announce(shop: Workshop, ledger: Ledger[Record], wish: ApplicationWish, switch: Switch) -> None:
    """Adds a switch to the history, and an Event to the stable Service."""
    text = _in_words(switch)
    shop.say(text)
    try:
        book_of(ledger).add((), switch)
    except (KubeError, LifecycleError) as error:
        shop.warn(f"{ledger.key}: how the switch went is not in its history: {error}")
    try:
        service = ledger.api.get("Service", ledger.namespace, wish.stable_service)
        ledger.api.create("Event", ledger.namespace, _event(ledger, service, text))
    except KubeError as error:
        shop.warn(f"{ledger.key}: no Event says how the switch went: {error}")


def _in_words(switch: Switch) -> str:
    steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in switch.steps.items())
    down = "" if switch.down is None else f"; the job was down for {switch.down:.1f} s"
    size = "" if switch.size is None else f"; its savepoint has {switch.size} bytes"
    return f"revision {switch.revision} runs as attempt {switch.attempt} ({steps}{down}{size})"


def _event(ledger: Ledger[Record], service: Json, text: str) -> Json:
    now, found = ledger.stamp(), service["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{found['name'][:40]}.{uuid.uuid4().hex[:16]}",
            "namespace": ledger.namespace,
        },
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Service",
            "name": found["name"],
            "namespace": ledger.namespace,
            "uid": found.get("uid"),
        },
        "type": "Normal",
        "reason": "Switched",
        "message": text,
        "source": {"component": "flink-components"},
        "count": 1,
        "firstTimestamp": f"{now.partition('.')[0]}Z",
        "lastTimestamp": f"{now.partition('.')[0]}Z",
    }
