"""The page of rights shows the files that are applied."""

from __future__ import annotations

import re
from pathlib import Path

_DOCS = Path(__file__).parents[2] / "docs"
_SHOWN = re.findall(r"^```yaml\n(.*?)^```$", (_DOCS / "rbac.md").read_text(), re.M | re.S)


def test_the_page_shows_the_files() -> None:
    preview, up = _SHOWN
    assert preview == (_DOCS / "rbac/preview.yaml").read_text()
    assert up == (_DOCS / "rbac/up.yaml").read_text()
