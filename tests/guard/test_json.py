"""The guard's own JSON: whatever is read is written back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Ask = Callable[[dict[str, Any]], dict[str, Any]]
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.dictionaries(_TEXT, _VALUE), ascii_only=st.booleans())
def test_every_object_is_written_back_as_it_was_read(
    ask: Ask, value: dict[str, Any], ascii_only: bool
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    written = json.loads(ask({"json": text})["json"])
    assert (written, list(written)) == (value, list(value))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"a"}', '{"a":}', '{"a":1,}', '{"a":"', '{"a":tru}', "{} {}", "1"]
)
def test_what_is_not_a_json_object_is_refused(ask: Ask, text: str) -> None:
    assert "not " in ask({"json": text})["error"]
