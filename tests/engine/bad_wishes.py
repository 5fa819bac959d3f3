"""Wishes for a job's life cycle that can't be met: all in one preview, and some as Outputs."""

from __future__ import annotations

from typing import Any

import pulumi

from flink_components import SessionJob
from tests.bad_wishes import modes, places
from tests.engine.bad_jobs import REF
from tests.engine.cases import ENVIRONMENT, Case, Place, in_a_program

_WISHES = {**modes.REFUSED, **places.REFUSED}
_AS_OUTPUTS = {
    "state-true": "SessionJob counts-job",
    "fallback-of-stateless": "SessionJob counts-job",
    "age-without-unit": "SessionJob counts-job",
    "keep-a-fraction": "SessionJob counts-job",
    "claim-on-an-old-flink": "SessionJob counts-job",
    "restore-with-password": "SessionJob counts-job",
    "accept-size": "SessionJob counts-job",
    "parallelism-below-one": "SessionJob counts-job",
    "format-number": "JobAnchor counts-anchor",
    "dir-one-slash": "JobAnchor counts-anchor",
    "key-umlaut": "JobAnchor counts-anchor",
    "savepoint-in-words": "JobAnchor counts-anchor",
}
"""Those that are tried as Outputs too, and the resource that refuses each."""


TOGETHER = {name: in_a_program("SessionJob", name, said) for name, (_, said) in _WISHES.items()}
"""The one message of each wish of `together`."""


def together(place: Place) -> None:
    """A program that tries all wishes, hands on why each is refused, and ends by the last."""
    refusals = [_refusal(place, name, args) for name, (args, _) in _WISHES.items()]
    for refusal in refusals[:-1]:
        pulumi.log.error(str(refusal))
    raise refusals[-1]


def _refusal(place: Place, name: str, args: dict[str, Any]) -> pulumi.RunError:
    try:
        _make(place, name, args)
    except pulumi.RunError as error:
        return error
    return pulumi.RunError(f"{name} was not refused")


def _make(place: Place, name: str, args: dict[str, Any]) -> None:
    given = {"cluster": REF, "jar": str(place.jar), **args}
    SessionJob(name, given, env=ENVIRONMENT)  # type: ignore[arg-type]


def _as_outputs(wish: str, resource: str) -> Case:
    """Its arguments are known to the provider alone, which says the same of them."""
    args, said = _WISHES[wish]
    kind, name = resource.split()
    where = f"pulumi-python:dynamic/flink:{kind} resource '{name}' has a problem"

    def program(place: Place) -> None:
        outputs = {field: pulumi.Output.from_input(value) for field, value in args.items()}
        _make(place, "counts", outputs)

    return Case(program, f"{where}: {said}")


CASES: dict[str, Case] = {
    wish: _as_outputs(wish, resource) for wish, resource in _AS_OUTPUTS.items()
}
