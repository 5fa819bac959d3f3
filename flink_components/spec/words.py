"""pydantic's findings about a single value, in plain words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "tuple": "a list",
    "dict": "a mapping",
    "mapping": "a mapping",
    "model": "a mapping",
}
_BOUNDS = {
    "greater_than": ("gt", "must be more than {:g}"),
    "greater_than_equal": ("ge", "must be at least {:g}"),
    "less_than": ("lt", "must be less than {:g}"),
    "less_than_equal": ("le", "must be at most {:g}"),
}


_CHOICES = ("literal_error", "enum")
_SIZES = {"min_length": "needs at least {}", "max_length": "may have at most {}"}


def in_words(line: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong and what to do, for one entry of `ValidationError.errors()`."""
    kind, context = str(line["type"]), line.get("ctx", {})
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return words.format(context[key]), ""
    if kind in _CHOICES:
        return "is not one of the choices", f"use {context['expected']}"
    if kind == "string_type" and isinstance(line["input"], int | float):
        return "must be text", "put it in quotes"
    if kind == "string_type" and isinstance(line["input"], os.PathLike):
        return "must be text", "write str(…) around it"
    if kind == "string_too_short" and context["min_length"] == 1:
        return "is empty", "give a value"
    if kind in ("list_type", "tuple_type") and isinstance(line["input"], str):
        return "must be a list", "give its items one by one, like ['a', 'b']"
    for key, words in _SIZES.items():
        if key in context:
            return words.format(context[key]), ""
    if (noun := _KINDS.get(kind.split("_", maxsplit=1)[0])) is not None:
        return f"must be {noun}", ""
    message = str(line["msg"])
    return message[:1].lower() + message[1:], ""
