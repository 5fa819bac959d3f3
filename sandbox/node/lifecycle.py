"""Brings the machine's one node up and takes it down."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.images.versions import release
from sandbox.node import cleanup, holder, layout, processes, start
from sandbox.node.api import Api
from sandbox.node.components import CLIENTS
from sandbox.node.preparation import prepare
from sandbox.paths import KUBECONFIG, PROJECT
from sandbox.progress import SandboxError, say, step

COMPONENTS = ("containerd", "etcd", "kube-apiserver", *CLIENTS, "provisioner")
"""Names of the programs of a whole node."""


def reason_against() -> str:
    """Return why no node can run here, or nothing if it can."""
    if sys.platform != "linux":
        return f"the node needs Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return "the node needs root, and this is another user"
    return ""


def is_healthy() -> bool:
    """Whether all programs of the node run and the API server reports it as Ready."""
    running = processes.Records(layout.PROCESSES).running()
    complete = start.was_ready() and all(name in running for name in COMPONENTS)
    return complete and start.node_is_ready(Api("admin"))


def is_held_healthy(folder: Path = PROJECT) -> bool:
    """Whether this folder holds a healthy node."""
    owner = holder.read()
    return owner is not None and owner.folder == str(folder) and is_healthy()


def up(versions: Sequence[str], audit: bool = False, folder: Path = PROJECT) -> None:
    """Have a Ready node with the images of these Flink versions, held by this folder.

    A healthy node stays as it is, one that runs in part is completed, and what a crash left is
    cleaned first. With ``audit`` the API server writes an audit log until the node goes down.

    Raises SandboxError if the machine cannot run it, a version is unknown, another folder holds
    the node or it does not start.
    """
    if reason := reason_against():
        raise SandboxError(f"{reason}: use a cluster of your own (`python -m sandbox doctor`)")
    for version in versions:
        release(version)
    with holder.locked(folder):
        _check_held_by(folder)
        records = processes.Records(layout.PROCESSES)
        runs_in_part = start.was_ready() and bool(records.running())
        if not runs_in_part and cleanup.leftovers():
            with step("node: cleaning up what an earlier one left", "node: cleaned up"):
                cleanup.clean()
        holder.write(holder.Holder.this_process(folder))
        prepared = prepare(versions)
        if not runs_in_part:
            start.start_new(prepared, audit)
        elif is_healthy() and start.is_as_wanted(prepared, audit):
            say("node: Ready already")
        else:
            start.complete(prepared, audit)
    say(f"export KUBECONFIG={KUBECONFIG}")


def down(force: bool = False, folder: Path = PROJECT) -> None:
    """Take the node down, with all that it left on the machine, its volumes too.

    Ends an `up` that is still at work. Raises SandboxError if another folder holds the node and
    ``force`` is not given, or if something cannot be removed.
    """
    if reason_against():
        say("node: none can run here, nothing to take down")
        return
    if not force:
        _check_held_by(folder)
    _end_starting()
    with holder.locked(folder):
        if not cleanup.leftovers():
            say("node: down already")
            return
        with step("node: taking it down", "node: down"):
            cleanup.clean()
        if left := cleanup.leftovers():
            raise SandboxError(f"the node left {left[0]}: run `down` again")


def _check_held_by(folder: Path) -> None:
    other = holder.read()
    if other is None or other.folder == str(folder):
        return
    if other.is_starting() or processes.Records(layout.PROCESSES).running():
        raise holder.taken_by(other.folder)


def _end_starting() -> None:
    starting = holder.read()
    if starting is not None and starting.is_starting() and starting.pid != os.getpid():
        processes.end_family(starting.pid)
