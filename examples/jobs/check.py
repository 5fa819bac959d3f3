"""Reads what the stateful example jobs have committed, and tells what is lost or there twice.

``python -m examples.jobs.check DIR [--end N]`` prints the proof; exit code 0: nothing lost and
nothing twice, 1: something is, 2: there is nothing to check.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

SPLITS = 4
"""The source counts in this many splits, by remainder; each is complete up to its own last."""

_STALLED_MS = 5_000
_FILE = re.compile(r"part-(\d+)-(\d+)-\d+-\d+\.csv")


class CheckError(Exception):
    """The output cannot be checked; the text is one line."""


class Record(NamedTuple):
    """One line of the output, with the run and attempt of the job that wrote it."""

    number: int
    key: int
    nth: int
    millis: int
    version: str
    attempt: tuple[int, int]


@dataclass(frozen=True)
class Interruption:
    """The time between the last record of one attempt and the first of the next.

    Negative when both wrote at the same time.
    """

    before: str
    after: str
    millis: int


@dataclass(frozen=True)
class Report:
    """What the committed output says. ``ok`` is true when nothing is lost and nothing twice."""

    records: int
    first: int
    last: int
    missing: list[int]
    duplicated: list[int]
    broken_counts: list[str]
    stalled: list[str]
    keys: int
    versions: dict[str, int]
    interruptions: list[Interruption]
    span_ms: int
    longest_silence_ms: int

    @property
    def ok(self) -> bool:
        """Whether every number is there once and every key's count goes on by one."""
        return not (self.missing or self.duplicated or self.broken_counts or self.stalled)

    def __str__(self) -> str:
        written = ", ".join(f"{version} ({count})" for version, count in self.versions.items())
        lines = [
            f"records          {self.records}, numbers {self.first} to {self.last}, "
            f"in {self.span_ms / 1000:.1f} s",
            f"lost             {_some(self.missing)}",
            f"twice            {_some(self.duplicated)}",
            f"counts           {self._counts()}",
            f"written by       {written}",
            *(f"source           {text}" for text in self.stalled),
            *(
                f"interruption     {gap.before} -> {gap.after}: {gap.millis} ms"
                for gap in self.interruptions
            ),
            f"longest silence  {self.longest_silence_ms} ms",
            f"result           {'nothing lost, nothing twice' if self.ok else 'NOT exactly once'}",
        ]
        return "\n".join(lines)

    def _counts(self) -> str:
        if self.broken_counts:
            return _some(self.broken_counts)
        return f"each of {self.keys} keys counts on by one"


def check(output_dir: Path, end: int | None = None) -> Report:
    """Check the committed files in a folder; files still being written are not looked at.

    ``end``: the job was bounded, so exactly the numbers from 0 to ``end - 1`` must be there.
    Raises CheckError when there is no committed record or a file is not such a job's.
    """
    records = sorted(_records(output_dir), key=lambda record: record.millis)
    if not records:
        raise CheckError(f"no committed records in {output_dir}")
    seen = Counter(record.number for record in records)
    return Report(
        records=len(records),
        first=min(seen),
        last=max(seen),
        missing=sorted(_expected(seen, end) - seen.keys()),
        duplicated=sorted(number for number, times in seen.items() if times > 1),
        broken_counts=list(_broken_counts(records)),
        stalled=[] if end else list(_stalled(records)),
        keys=len({record.key for record in records}),
        versions=dict(Counter(record.version for record in records)),
        interruptions=list(_interruptions(records)),
        span_ms=records[-1].millis - records[0].millis,
        longest_silence_ms=_longest_silence(records),
    )


def _records(output_dir: Path) -> Iterator[Record]:
    for path in sorted(output_dir.glob("part-*.csv")):
        name = _FILE.fullmatch(path.name)
        if name is None:
            raise CheckError(f"{path} is not an output file of an example job")
        attempt = (int(name[1]), int(name[2]))
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            try:
                seq, key, count, millis, version = line.split(",")
                yield Record(int(seq), int(key), int(count), int(millis), version, attempt)
            except ValueError:
                raise CheckError(f"{path} line {number} is not a record: {line!r}") from None


def _expected(seen: Iterable[int], end: int | None) -> set[int]:
    if end is not None:
        return set(range(end))
    last: dict[int, int] = {}
    for number in seen:
        last[number % SPLITS] = max(number, last.get(number % SPLITS, 0))
    return {n for remainder, upto in last.items() for n in range(remainder, upto + 1, SPLITS)}


def _broken_counts(records: Iterable[Record]) -> Iterator[str]:
    counts: defaultdict[int, list[int]] = defaultdict(list)
    for record in records:
        counts[record.key].append(record.nth)
    for key, found in sorted(counts.items()):
        found.sort()
        wrong = next((i for i, count in enumerate(found, start=1) if count != i), None)
        if wrong is not None:
            yield f"key {key}: {found[wrong - 1]} where {wrong} should be"


def _stalled(records: list[Record]) -> Iterator[str]:
    """Splits that wrote nothing any more while the others went on: lost for good."""
    times: defaultdict[int, list[int]] = defaultdict(list)
    for record in records:
        times[record.number % SPLITS].append(record.millis)
    begin, end = records[0].millis, records[-1].millis
    for remainder in range(SPLITS):
        own = times.get(remainder, [begin])
        patience = max(_STALLED_MS, 3 * (own[-1] - own[0]) // len(own))
        if end - own[-1] > patience:
            yield f"no number of remainder {remainder} in the last {end - own[-1]} ms"


def _interruptions(records: list[Record]) -> Iterator[Interruption]:
    spans: dict[tuple[int, int], tuple[Record, Record]] = {}
    for record in records:
        first, _ = spans.get(record.attempt, (record, record))
        spans[record.attempt] = (first, record)
    attempts = list(spans.values())
    for (_, last), (first, _) in pairwise(attempts):
        yield Interruption(last.version, first.version, first.millis - last.millis)


def _longest_silence(records: list[Record]) -> int:
    pairs = pairwise(records)
    return max((after.millis - before.millis for before, after in pairs), default=0)


def _some(items: list[int] | list[str]) -> str:
    if not items:
        return "none"
    shown = ", ".join(str(item) for item in items[:5])
    return f"{len(items)}: {shown}{', ...' if len(items) > 5 else ''}"


def main(argv: list[str] | None = None) -> int:
    """Print the report on a folder; see the module for the exit codes."""
    parser = argparse.ArgumentParser(prog="python -m examples.jobs.check", description=__doc__)
    parser.add_argument("output_dir", type=Path, help="the job's --output")
    parser.add_argument("--end", type=int, help="the job's --end, if it had one")
    args = parser.parse_args(argv)
    try:
        report = check(args.output_dir, args.end)
    except CheckError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{report}\n")
    return 0 if report.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
