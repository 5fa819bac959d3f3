"""Tables of outcomes at the end of a run: what was foretold, and what came of it, how often."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import pytest

_PROPERTY = "outcome"


@pytest.fixture
def note_outcome(record_property: Callable[[str, object], None]) -> Callable[[str, str, str], None]:
    """Counts a case in a table: `note_outcome(table, row, column)`.

    The table is printed at the end of the run, also of one on several workers.
    """

    def note(table: str, row: str, column: str) -> None:
        record_property(_PROPERTY, (table, row, column))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was counted."""
    tables: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for report in (one for found in terminalreporter.stats.values() for one in found):
        for name, value in getattr(report, "user_properties", ()):
            if name == _PROPERTY and report.when == "call":
                table, row, column = value
                tables[table][row, column] += 1
    for title, counts in tables.items():
        terminalreporter.section(f"{title}: {counts.total()} in all", sep="-")
        for line in drawn(counts):
            terminalreporter.write_line(line)


def drawn(counts: Counter[tuple[str, str]]) -> list[str]:
    """The table in lines: a row and a column each, in the order of their sums."""
    rows, columns = _by_sum(counts, 0), _by_sum(counts, 1)
    cells = [["", *columns, "all"]]
    for row in rows:
        found = [counts[row, column] for column in columns]
        cells.append([row, *(str(one or "-") for one in found), str(sum(found))])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(_padded(line, widths)).rstrip() for line in cells]


def _padded(line: list[str], widths: list[int]) -> Iterable[str]:
    first, *rest = zip(line, widths, strict=True)
    yield first[0].ljust(first[1])
    yield from (text.rjust(width) for text, width in rest)


def _by_sum(counts: Counter[tuple[str, str]], part: int) -> list[str]:
    sums: Counter[str] = Counter()
    for names, count in counts.items():
        sums[names[part]] += count
    return [name for name, _ in sums.most_common()]
