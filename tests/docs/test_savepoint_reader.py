"""The page of the savepoint reader shows what the commands print."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from flink_components.cli import app as command

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs/savepoint-reader.md").read_text()
_SHOWN = re.findall(r"```\n\$ flink-components (savepoint .+)\n((?s:.+?))```", _PAGE)


def test_the_page_shows_both_commands() -> None:
    assert [typed.split()[1] for typed, _ in _SHOWN] == ["show", "diff"]


@pytest.mark.parametrize(("typed", "output"), _SHOWN)
def test_what_is_shown_is_what_is_printed(
    typed: str,
    output: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(_ROOT)
    monkeypatch.setattr(sys, "argv", ["flink-components", *shlex.split(typed)])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert printed == output.splitlines()
