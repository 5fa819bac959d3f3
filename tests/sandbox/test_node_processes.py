"""Processes are known by more than their id, and only those that were started are ended."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.node import processes
from sandbox.node.processes import Record, Records


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    found = Records(tmp_path / "records")
    yield found
    processes.end(found.running().values())


@pytest.fixture
def sleeper(records: Records, tmp_path: Path) -> Record:
    return start(records, tmp_path, "sleep", "600")


def start(records: Records, folder: Path, *command: str) -> Record:
    return records.start(
        "sleeper",
        command,
        log=folder / "logs" / "sleeper.log",
        group=folder / "group",
        env={"GREETING": "hello"},
        folder=folder,
    )


def test_a_started_process_is_recorded_and_runs(records: Records, sleeper: Record) -> None:
    assert records.running() == {"sleeper": sleeper}


def test_a_process_joins_the_group_before_it_becomes_the_program(
    records: Records, tmp_path: Path
) -> None:
    record = start(records, tmp_path, "cat", str(tmp_path / "group"))
    while record.is_running():
        pass
    assert (tmp_path / "logs" / "sleeper.log").read_text() == f"{record.pid}\n"


def test_output_and_environment_are_the_given_ones(records: Records, tmp_path: Path) -> None:
    record = start(records, tmp_path, "sh", "-c", "echo $GREETING")
    while record.is_running():
        pass
    assert (tmp_path / "logs" / "sleeper.log").read_text() == "hello\n"


def test_an_ended_process_that_is_not_reaped_does_not_run(
    records: Records, sleeper: Record
) -> None:
    processes.end([sleeper])
    assert records.running() == {}
    assert Path(f"/proc/{sleeper.pid}").exists()


def test_another_process_with_a_recycled_id_is_not_taken_for_it(sleeper: Record) -> None:
    earlier = dataclasses.replace(sleeper, started=sleeper.started - 1)
    assert not earlier.is_running()
    processes.end([earlier])
    assert sleeper.is_running()


def test_a_process_of_an_earlier_boot_does_not_run(sleeper: Record) -> None:
    assert not dataclasses.replace(sleeper, boot="another").is_running()


def test_stop_kills_what_does_not_end_when_asked(records: Records, tmp_path: Path) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 1; done"
    record = start(records, tmp_path, "sh", "-c", script)
    while not (tmp_path / "logs" / "sleeper.log").read_text():
        pass
    processes.stop(record, timeout=0.1)
    assert not record.is_running()


def test_a_damaged_record_is_passed_over(records: Records, sleeper: Record, tmp_path: Path) -> None:
    (tmp_path / "records" / "broken.json").write_text('{"name": "bro')
    assert records.all() == {"sleeper": sleeper}


def test_memory_of_an_ended_process_is_nothing(sleeper: Record) -> None:
    assert sleeper.memory() > 0
    processes.end([sleeper])
    assert sleeper.memory() == 0


def test_a_family_ends_whole() -> None:
    script = "import subprocess,time;subprocess.Popen(['sleep','600']);print('up');time.sleep(600)"
    parent = subprocess.Popen([sys.executable, "-uc", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    (child,) = processes.descendants(parent.pid)
    processes.end_family(parent.pid)
    assert parent.wait() == -signal.SIGKILL
    assert processes.start_time(child) == -1
    parent.stdout.close()
