"""Conditions that the program names in the annotation `pulumi.com/waitFor`."""

from __future__ import annotations

import json
from collections.abc import Callable

from sandbox.engine.kubernetes_provider import jsonpath
from sandbox.engine.kubernetes_provider.awaits.progress import Awaited, Message, Progress, View
from sandbox.engine.kubernetes_provider.logs import WARNING
from sandbox.engine.kubernetes_provider.manifests import generation_of, pluck
from sandbox.engine.kubernetes_provider.values import Manifest

_Check = Callable[[Manifest], tuple[bool, Message]]


class WaitForError(Exception):
    """The annotation cannot be used; the text says why."""


def wait_for(annotation: str) -> Awaited:
    """Read the annotation: one expression, or a JSON list of them that must all hold.

    An expression is ``jsonpath={path}``, ``jsonpath={path}=value``, ``condition=Type`` or
    ``condition=Type=Status``.

    Raises WaitForError if it is none of these.
    """
    try:
        loaded = json.loads(annotation)
    except ValueError:
        loaded = annotation
    expressions = loaded if isinstance(loaded, list) else [annotation]
    if not expressions:
        raise WaitForError("at least one condition must be specified")
    checks = [_parse(str(expression)) for expression in expressions]

    def check(live: Manifest, before: Manifest | None, view: View) -> Progress:
        try:
            results = [one(live) for one in checks]
        except jsonpath.JsonPathError as error:
            return Progress(False, errors=[str(error)], failed=True)
        messages = [message for _, message in results]
        missing = [message.text for done, message in results if not done]
        return Progress(not missing, messages, missing)

    return Awaited(check)


def _parse(expression: str) -> _Check:
    if expression.startswith("jsonpath="):
        try:
            path = jsonpath.parse(expression)
        except jsonpath.JsonPathError as error:
            raise WaitForError(str(error)) from error
        return lambda live: _has_value(live, path)
    if expression.startswith("condition="):
        kind, _, status = expression.removeprefix("condition=").partition("=")
        return lambda live: _has_condition(live, kind, status or "True")
    raise WaitForError(f'expected a "jsonpath=" or "condition=" prefix, got "{expression}"')


def _has_value(live: Manifest, path: jsonpath.JsonPath) -> tuple[bool, Message]:
    observed = pluck(live, "status", "observedGeneration")
    if isinstance(observed, int) and observed < generation_of(live):
        return False, Message(f"Waiting for {path}")
    done, line = path.matches(live)
    return done, Message(line)


def _has_condition(live: Manifest, kind: str, status: str) -> tuple[bool, Message]:
    conditions = pluck(live, "status", "conditions")
    if conditions is None:
        return False, Message("Has no .status.conditions", WARNING)
    for condition in conditions:
        if str(condition.get("type")).lower() != kind.lower():
            continue
        observed = condition.get("observedGeneration", pluck(live, "status", "observedGeneration"))
        if isinstance(observed, int) and observed < generation_of(live):
            return False, Message(
                f"Generation {observed} is less than expected {generation_of(live)}"
            )
        has = str(condition.get("status"))
        if has.lower() == status.lower():
            return True, Message(f"Resource has condition {kind}={has}")
        return False, Message(f"Resource has condition {kind}={has} (want {status})")
    return False, Message(f"Waiting for condition {kind}={status}")
