"""Processes of the node: started, recorded, looked at and ended by their recorded identity."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.progress import SandboxError

_UPTIME = Path("/proc/uptime")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Record:
    """A process that was started: a process id alone could be another one's by now."""

    name: str
    pid: int
    started: int
    """Clock ticks from the machine's boot to the start of the process."""
    boot: str
    command: list[str]

    def is_running(self) -> bool:
        """Whether this very process runs."""
        return self.boot == boot_id() and self.started == start_time(self.pid)

    def age(self) -> float:
        """Return the seconds since the process started."""
        uptime = float(_UPTIME.read_text().split()[0])
        return uptime - self.started / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Return the resident memory in bytes, 0 when it has ended."""
        return resident_memory(self.pid) if self.is_running() else 0


class Records:
    """The records of one node, a file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> dict[str, Record]:
        """Return what was started and not yet forgotten, by name."""
        records = {}
        for path in sorted(self._folder.glob("*.json")):
            try:
                record = Record(**json.loads(path.read_text()))
            except (ValueError, TypeError):
                continue
            records[record.name] = record
        return records

    def running(self) -> dict[str, Record]:
        """Return those that run, by name."""
        return {name: record for name, record in self.all().items() if record.is_running()}

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        group: Path,
        env: Mapping[str, str],
        folder: Path,
    ) -> Record:
        """Start a program in its own session and the given control group, and record it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        # The shell joins the group before it becomes the program: no child can be born outside.
        join = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group), *command]
        with log.open("ab") as output:
            process = subprocess.Popen(
                join,
                cwd=folder,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        record = Record(name, process.pid, start_time(process.pid), boot_id(), list(command))
        file = self._folder / f"{name}.json"
        made = file.with_suffix(".new")
        made.write_text(json.dumps(asdict(record)))
        made.rename(file)
        return record


def stop(record: Record, timeout: float = 20) -> None:
    """Ask a process to end and wait; kill it when it has not ended in time (seconds)."""
    os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while record.is_running() and time.monotonic() < deadline:
        time.sleep(0.02)
    end([record])


def end(records: Collection[Record], timeout: float = 10) -> None:
    """Kill the processes of these records that still run, and wait until they are gone."""
    for record in records:
        if record.is_running():
            kill(record.pid)
    deadline = time.monotonic() + timeout
    for record in records:
        while record.is_running():
            if time.monotonic() > deadline:
                raise SandboxError(f"{record.name} (process {record.pid}) does not end")
            time.sleep(0.02)


def end_family(pid: int) -> None:
    """Kill a process and what it started, and what those started, as far as it can be seen."""
    family = descendants(pid)
    for member in (pid, *family):
        kill(member)
    for member in (pid, *family):
        while start_time(member) >= 0:
            time.sleep(0.02)


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = children.get(pid, [])
    for child in found:
        found.extend(children.get(child, []))
    return found


def kill(pid: int) -> None:
    """Kill a process; one that has ended already is fine."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def start_time(pid: int) -> int:
    """Return when a process started, in ticks since boot, or -1 if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return -1
    # The program's name is in brackets and may hold anything; fields are counted after it.
    state, *fields = stat.rpartition(")")[2].split()
    return -1 if state in "ZX" else int(fields[18])


def resident_memory(pid: int) -> int:
    """Return the resident memory of a process in bytes, 0 when it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def boot_id() -> str:
    """Return what names this run of the machine."""
    return _BOOT_ID.read_text().strip()
