"""The iptables rules of the node, told from the machine's own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.node.layout import POD_LINK, POD_NETWORK
from sandbox.progress import SandboxError

# kube-proxy, the kubelet and the portmap plugin name their chains so.
_CHAINS = re.compile(r"^(KUBE-|CNI-HOSTPORT-|CNI-DN-)")
_COMMENT = "flink-components-sandbox"
_PROGRAMS = ("iptables", "ip6tables")


@dataclass(frozen=True)
class Leftovers:
    """What is to be deleted of one table: rules as ``-A`` lines, and chains."""

    table: str
    rules: tuple[str, ...]
    chains: tuple[str, ...]


def find(saved: str) -> list[Leftovers]:
    """Return the node's rules and chains in an ``iptables-save`` text."""
    found = []
    for table, lines in _tables(saved):
        rules = [(line, shlex.split(line)) for line in lines if line.startswith("-A ")]
        chains = {line[1:].split()[0] for line in lines if line.startswith(":")}
        own = {chain for chain in chains if _CHAINS.match(chain)}
        own |= {_target(rule) for _, rule in rules if _names_pod_network(rule)} & chains
        jumps = tuple(
            line
            for line, rule in rules
            if rule[1] not in own and (_target(rule) in own or _COMMENT in rule)
        )
        if own or jumps:
            found.append(Leftovers(table, jumps, tuple(sorted(own))))
    return found


def leftovers() -> list[str]:
    """Return a line for each chain and rule of the node in the kernel."""
    return [
        f"{program} {table.table}: {what}"
        for program in _present()
        for table in find(_save(program))
        for what in (*table.rules, *table.chains)
    ]


def allow_pods() -> None:
    """Let pods' packets pass where the machine drops what it forwards (Docker's default)."""
    for side in ("-i", "-o"):
        rule = ["FORWARD", side, POD_LINK, "-m", "comment", "--comment", _COMMENT, "-j", "ACCEPT"]
        if not _succeeds("iptables", "-C", *rule):
            _run("iptables", "-I", *rule)


def remove() -> None:
    """Delete the node's rules and chains, and nothing else."""
    for program in _present():
        for table in find(_save(program)):
            _restore(program, table)


def _restore(program: str, table: Leftovers) -> None:
    lines = [f"*{table.table}"]
    lines += [f"-D{rule[2:]}" for rule in table.rules]
    lines += [f"-F {chain}" for chain in table.chains]
    lines += [f"-X {chain}" for chain in table.chains]
    # All of a table at once: no rule may be left that jumps into a chain that is gone.
    text = "\n".join([*lines, "COMMIT", ""])
    _run(f"{program}-restore", "--noflush", "--wait", text=text)


def _tables(saved: str) -> Iterable[tuple[str, list[str]]]:
    name = ""
    lines: list[str] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            name, lines = line[1:].strip(), []
        elif line == "COMMIT":
            yield name, lines
        else:
            lines.append(line)


def _target(rule: list[str]) -> str:
    return rule[rule.index("-j") + 1] if "-j" in rule else ""


def _names_pod_network(rule: list[str]) -> bool:
    return any(f'name: "{POD_NETWORK}"' in argument for argument in rule)


def _present() -> list[str]:
    return [program for program in _PROGRAMS if shutil.which(program, path=_path())]


def _save(program: str) -> str:
    return _run(f"{program}-save")


def _succeeds(*command: str) -> bool:
    return _call(command).returncode == 0


def _run(*command: str, text: str = "") -> str:
    done = _call(command, text)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[:1] or ["no output"]
        raise SandboxError(f"`{' '.join(command[:2])}` failed: {said[0]}")
    return done.stdout


def _call(command: Iterable[str], text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": _path()}
    return subprocess.run(
        list(command), env=environment, input=text, capture_output=True, text=True, check=False
    )


def _path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
