"""What of the node runs, told in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.node import cleanup, holder, layout, lifecycle, processes, s3, start
from sandbox.node.api import Api, ApiError
from sandbox.node.cgroups import ControlGroups
from sandbox.paths import KUBECONFIG

_MEBIBYTE = 1024 * 1024


def lines() -> Iterator[str]:
    """Yield who holds the node, each program with its process and memory, and its images."""
    if reason := lifecycle.reason_against():
        yield f"node: {reason}"
        return
    owner = holder.read()
    records = processes.Records(layout.PROCESSES).all()
    if not any(record.is_running() for record in records.values()):
        if owner is not None and owner.is_starting():
            yield f"node: being prepared by process {owner.pid} for {owner.folder}"
            return
        yield "node: down (`python -m sandbox up` starts it)"
        if left := cleanup.leftovers():
            yield f"  {len(left)} things of an earlier one are left (`down` removes them):"
            yield f"  {left[0]} ..."
        return
    yield f"node: {_state()}, held by {owner.folder if owner else 'nobody'}"
    yield from _components(records)
    yield f"  memory without pods: {_memory() // _MEBIBYTE} MiB"
    yield from _contents()
    yield "  NetworkPolicies are accepted, but not enforced"
    yield f"  audit log: {layout.AUDIT_LOG if start.has_audit() else 'off (`up --audit`)'}"
    yield f"  kubeconfig: {KUBECONFIG}"


def _state() -> str:
    if lifecycle.is_healthy():
        return "Ready"
    return "not Ready (`python -m sandbox up` completes it)"


def _components(records: dict[str, processes.Record]) -> Iterator[str]:
    for name in lifecycle.COMPONENTS:
        record = records.get(name)
        if record is not None and record.is_running():
            memory = record.memory() // _MEBIBYTE
            yield f"  {name:<24} running  process {record.pid:<8} {memory:>5} MiB"
        else:
            yield f"  {name:<24} ENDED    see {layout.LOGS / f'{name}.log'}"
    record = records.get(s3.NAME)
    if record is not None and record.is_running():
        memory = record.memory() // _MEBIBYTE
        yield f"  {s3.NAME:<24} running  process {record.pid:<8} {memory:>5} MiB  {s3.ENDPOINT}"


def _memory() -> int:
    return sum(processes.resident_memory(pid) for pid in ControlGroups().own_processes())


def _contents() -> Iterator[str]:
    if not start.was_ready():
        return
    api = Api("admin")
    try:
        images = start.image_names(api)
        pods = api.get("/api/v1/pods")["items"]
    except ApiError as error:
        yield f"  {error}"
        return
    yield f"  images: {', '.join(images)}"
    yield f"  pods: {len(pods)}"
