"""Services and Ingresses."""

from __future__ import annotations

from sandbox.engine.kubernetes_provider.awaits.progress import Awaited, Message, Progress, View
from sandbox.engine.kubernetes_provider.logs import WARNING
from sandbox.engine.kubernetes_provider.manifests import Kind, name_of, pluck, text
from sandbox.engine.kubernetes_provider.values import Manifest

_SERVICE = Kind("v1", "Service")
_ENDPOINTS = Kind("v1", "Endpoints")

_SETTLE_SECONDS = 10.0
_INGRESS_GRACE_SECONDS = 60.0


def _service(live: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once its endpoints have not changed for 10 s, and none of them is unready.

    A Service without selector, without cluster IP, or for an external name is ready at once; one
    of type LoadBalancer needs an address too.
    """
    kind = text(live, "spec", "type") or "ClusterIP"
    has_address = kind != "LoadBalancer" or bool(pluck(live, "status", "loadBalancer", "ingress"))
    needs_pods = not (
        kind == "ExternalName"
        or text(live, "spec", "clusterIP") == "None"
        or not pluck(live, "spec", "selector")
    )
    errors = []
    if not has_address:
        errors.append(
            "Service was not allocated an IP address; does your cloud provider support this?"
        )
    if not needs_pods:
        return Progress(has_address, errors=errors)

    subsets = pluck(view.one(_ENDPOINTS, name_of(live)), "subsets") or []
    has_pods = any(subset.get("addresses") for subset in subsets)
    has_unready = any(subset.get("notReadyAddresses") for subset in subsets)
    settled = view.quiet_seconds(_ENDPOINTS, name_of(live)) >= _SETTLE_SECONDS
    if has_address and settled and not has_unready:
        return Progress(True, [Message("✅ Service initialization complete")])
    messages = [Message("[1/3] Finding Pods to direct traffic to")]
    if settled and has_pods:
        messages.append(Message("[2/3] Attempting to allocate IP address to Service"))
    if not has_pods:
        errors.insert(
            0,
            "Service does not target any Pods. Selected Pods may not be ready, or field "
            "'.spec.selector' may not match labels on any Pods",
        )
    return Progress(False, messages, errors)


def _ingress(live: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once it has an address, and each Service that it names has endpoints."""
    external = {
        name_of(item) for item in view.all(_SERVICE) if text(item, "spec", "type") == "ExternalName"
    }
    known = {name_of(item) for item in view.all(_ENDPOINTS)} | external
    missing = [line for service, line in _rules(live) if service not in known]
    quiet = view.quiet_seconds(_ENDPOINTS)
    settled = quiet >= _SETTLE_SECONDS or (
        not view.all(_ENDPOINTS) and view.waited_seconds() >= _INGRESS_GRACE_SECONDS
    )
    targets = not missing or settled
    has_address = bool(pluck(live, "status", "loadBalancer", "ingress"))
    messages = [Message("[1/3] Finding a matching service for each Ingress path")]
    if settled:
        messages += [
            Message(f"No matching service found for ingress rule: {line}", WARNING)
            for line in missing
        ]
    if targets and has_address:
        return Progress(True, [*messages[1:], Message("✅ Ingress initialization complete")])
    errors = []
    if not targets:
        errors.append("Ingress has at least one rule with an unavailable target endpoint.")
    else:
        messages.append(
            Message("[2/3] Waiting for update of .status.loadBalancer with hostname/IP")
        )
    if not has_address:
        errors.append(
            "Ingress .status.loadBalancer field was not updated with a hostname/IP address. "
            "\n    for more information about this error, see https://pulumi.io/xdv72s"
        )
    return Progress(False, messages, errors)


def _rules(live: Manifest) -> list[tuple[str, str]]:
    """The Service of each rule, and the rule as text."""
    found = []
    for rule in pluck(live, "spec", "rules") or []:
        for path in pluck(rule, "http", "paths") or []:
            service = text(path, "backend", "service", "name")
            where = f"{rule.get('host', '')}{path.get('path', '')}"
            shown = f'"{where}"' if where else '"" (default path)'
            if service:
                found.append((service, f'{shown} -> "{service}"'))
    return found


SERVICE = Awaited(_service, (_ENDPOINTS,))
INGRESS = Awaited(_ingress, (_SERVICE, _ENDPOINTS))
