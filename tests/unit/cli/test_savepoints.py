"""`flink-components savepoint`: KEY takes one as ever, `show` and `diff` look into those there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.doubles.world import World
from tests.unit.flink_metadata.golden import expected, location
from tests.unit.lifecycle.scenarios import running

Run = Callable[..., int]

_NEW = location("2.3.0-heap-finished")
_OLD = location("1.17.2-heap-finished")
_REMEMBER = "ee80cf1f8a547f701f43246f1b2ac71a"


@pytest.mark.parametrize(
    "arguments",
    [
        ["payments/fraud", "--json"],
        ["--json", "payments/fraud"],
        ["--namespace", "payments", "payments/fraud", "--json"],
        ["take", "payments/fraud", "--json"],
    ],
    ids=" ".join,
)
def test_a_key_takes_a_savepoint(
    world: World, run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    running(world)
    assert run("savepoint", *arguments) == 0
    taken = json.loads(capsys.readouterr().out)
    assert taken["key"] == "payments/fraud"
    assert taken["location"].startswith("file:")


@pytest.mark.parametrize("key", ["show", "diff", "take"])
def test_a_job_with_the_name_of_a_command_is_reached_by_take(
    world: World, run: Run, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    running(world)
    assert run("savepoint", "take", key, "--namespace", "payments") == 1
    said = f"flink-components: there is no job {key} in namespace payments"
    assert capsys.readouterr().err.startswith(said)


def test_help_names_the_key_and_the_commands(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ((), ("--help",)):
        run("savepoint", *arguments)
        printed = capsys.readouterr()
        said = printed.out + printed.err
        assert "KEY | COMMAND" in said
        assert all(command in said for command in ("take", "show", "diff"))


def test_what_a_snapshot_holds_is_shown(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("savepoint", "show", _NEW) == 0
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    number = expected("2.3.0-heap-finished")["checkpoint_id"]
    assert printed[:6] == [
        f"path {_NEW}",
        "kind savepoint",
        "flink 2.1 to 2.3 (version 6 of the format)",
        f"checkpoint id {number}",
        "size 16.8 KiB in _metadata alone",
        "movable yes, with its directory",
    ]
    rows = printed[7:]
    assert rows[0] == "operator uid name parallelism size holds"
    assert f"{_REMEMBER} remember remember 2 of 64 11.8 KiB keyed (canonical)" in rows
    assert any(row.endswith("few Source: few 2 of 64 - finished") for row in rows)


def test_states_are_shown_on_demand(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("savepoint", "show", _NEW)
    assert "keyed map" not in capsys.readouterr().out
    assert run("savepoint", "show", _NEW, "--states") == 0
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "remember counts keyed map Long -> Map<String, Long>" in printed
    assert "offsets all offsets union list Long" in printed


def test_files_are_named_on_demand(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    path = location("1.20.3-heap-files")
    (file,) = expected("1.20.3-heap-files")["files_with_types"][:1]
    run("savepoint", "show", path)
    assert file not in capsys.readouterr().out
    assert run("savepoint", "show", path, "--verbose") == 0
    assert file in capsys.readouterr().out


def test_how_much_was_read_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    path = location("1.20.3-heap-files")
    assert run("savepoint", "show", path, "--verbose") == 0
    assert "\nbytes read     3.2 KiB\n" in capsys.readouterr().out
    assert run("savepoint", "show", path, "--states", "--verbose", "--json") == 0
    assert json.loads(capsys.readouterr().out)["bytes read"] == 9_837


def test_the_json_has_the_same_in_bytes(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("savepoint", "show", _NEW, "--states", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    flink = {one["id"]: one for one in expected("2.3.0-heap-finished")["operators"]}
    assert {one["id"]: one["size"] for one in shown["operators"]} == {
        key: one["size"] for key, one in flink.items()
    }
    (remember,) = [one for one in shown["operators"] if one["id"] == _REMEMBER]
    assert {one["state"] for one in remember["states"]} == set(flink[_REMEMBER]["states"])
    assert "files" not in remember


def test_why_states_are_not_known_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("savepoint", "show", location("1.15.4-changelog"), "--states") == 0
    assert (
        f"{_REMEMBER}: not all is known of its states: its changes do not name their states"
        in capsys.readouterr().out
    )


def test_what_differs_between_two_snapshots_is_said(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("savepoint", "diff", location("1.13.6-heap-canonical"), _OLD) == 0
    printed = capsys.readouterr().out
    assert "gone, without state" in printed
    assert ": new" in printed
    assert run("savepoint", "diff", _OLD, _NEW) == 0
    printed = capsys.readouterr().out
    assert "remember: changed\n" in printed
    assert "  state account: keyed value Long -> Account{byKind: Kryo<Map>" in printed


def test_snapshots_that_hold_the_same_do_not_differ(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("savepoint", "diff", _NEW, f"{_NEW}/_metadata") == 0
    assert "operators      the same, with the same states" in capsys.readouterr().out
    assert run("savepoint", "diff", _NEW, _NEW, "--json") == 0
    assert json.loads(capsys.readouterr().out)["operators"] == []


def test_what_can_not_be_read_is_one_line_and_a_failure(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copytree(_NEW, tmp_path / "cut")
    metadata = tmp_path / "cut/_metadata"
    metadata.write_bytes(metadata.read_bytes()[:100])
    for path, said in (
        (tmp_path / "none", f"there is no file {tmp_path}/none/_metadata"),
        (tmp_path / "cut", f"{metadata} is damaged at byte 100, "),
    ):
        assert run("savepoint", "show", str(path)) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith(f"flink-components: {said}")
        assert printed.err.count("\n") == 1
