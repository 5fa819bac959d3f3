"""The check of the example jobs' output, on outputs written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.jobs.check import CheckError, Interruption, check, main


def write(
    folder: Path,
    numbers: list[int],
    *,
    run: int = 1,
    attempt: int = 0,
    start: int = 0,
    version: str = "v1",
    name: str = "",
    first_count: int = 1,
) -> None:
    """One file of one key, 10 ms between its records."""
    lines = [
        f"{number},0,{first_count + i},{start + 10 * i},{version}\n"
        for i, number in enumerate(numbers)
    ]
    path = folder / (name or f"part-{run}-{attempt}-0-0.csv")
    path.write_text("".join(lines))


def test_a_whole_output_is_ok(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2, 3, 4, 5])
    report = check(tmp_path)
    assert report.ok
    assert (report.records, report.first, report.last, report.keys) == (6, 0, 5, 1)
    assert (report.span_ms, report.longest_silence_ms) == (50, 10)


def test_a_number_that_is_not_there_is_lost(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2, 3, 5, 6, 7, 8])
    report = check(tmp_path)
    assert report.missing == [4]
    assert not report.ok


def test_splits_that_are_at_different_places_are_no_loss(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2, 3, 4, 7, 8])
    assert check(tmp_path).missing == []


def test_a_bounded_job_must_have_all_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2, 3, 4])
    assert check(tmp_path).ok
    assert check(tmp_path, end=7).missing == [5, 6]


def test_a_number_that_is_there_twice_is_found_across_files(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2, 3])
    write(tmp_path, [3, 4, 5], run=2, start=100, first_count=5)
    report = check(tmp_path)
    assert report.duplicated == [3]
    assert not report.ok


def test_a_count_that_starts_again_is_broken(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2, 3])
    write(tmp_path, [4, 5], run=2, start=100)
    report = check(tmp_path)
    assert (report.missing, report.duplicated) == ([], [])
    assert report.broken_counts == ["key 0: 1 where 2 should be"]


def test_a_count_that_jumps_is_broken(tmp_path: Path) -> None:
    write(tmp_path, [0, 1])
    write(tmp_path, [2, 3], run=2, start=100, first_count=4)
    assert check(tmp_path).broken_counts == ["key 0: 4 where 3 should be"]


def test_a_split_that_ends_while_the_others_go_on_is_a_loss(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2, 3])
    write(tmp_path, [4, 5, 6], run=2, start=6_000, first_count=5)
    report = check(tmp_path)
    assert report.missing == []
    assert report.stalled == ["no number of remainder 3 in the last 5990 ms"]


def test_hidden_files_are_not_output(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2, 3])
    write(tmp_path, [2, 3, 9], name=".part-1-0-0-1.csv")
    assert check(tmp_path).records == 4


def test_an_interruption_is_from_the_last_record_of_one_attempt_to_the_next_first(
    tmp_path: Path,
) -> None:
    write(tmp_path, [0, 1, 2, 3], run=1)
    write(tmp_path, [4, 5], run=1, attempt=1, start=500, first_count=5)
    write(tmp_path, [6, 7], run=2, start=2_000, version="v2", first_count=7)
    report = check(tmp_path)
    assert report.interruptions == [Interruption("v1", "v1", 470), Interruption("v1", "v2", 1490)]
    assert report.longest_silence_ms == 1490
    assert report.versions == {"v1": 6, "v2": 2}


def test_attempts_that_wrote_at_the_same_time_have_a_negative_interruption(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2, 3], run=1)
    write(tmp_path, [4, 5], run=2, start=10, first_count=5)
    assert check(tmp_path).interruptions == [Interruption("v1", "v1", -20)]


def test_no_output_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="no committed records in"):
        check(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text", ["0,0,1,5", "0,0,one,5,v1", "0,0,1,5,v1\n1,0,2"], ids=["short", "word", "torn"]
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "part-1-0-0-0.csv").write_text(text)
    with pytest.raises(CheckError, match=r"part-1-0-0-0\.csv line \d is not a record"):
        check(tmp_path)


def test_the_command_prints_the_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, [0, 1, 2, 3])
    assert main([str(tmp_path)]) == 0
    assert "nothing lost, nothing twice" in capsys.readouterr().out


def test_the_command_fails_on_a_loss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, [0, 1, 2, 3, 9])
    assert main([str(tmp_path)]) == 1
    assert "lost             1: 5\n" in capsys.readouterr().out


def test_the_command_says_in_one_line_that_there_is_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"no committed records in {tmp_path}\n"
