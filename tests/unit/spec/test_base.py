"""Errors of a declaration: all at once, each with its path, also while inputs are unknown."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, field_validator

from flink_components.spec.base import Problem, SpecError, SpecModel, check, load, load_known
from flink_components.spec.quantity import Memory


class Disk(SpecModel):
    size: Memory = Field(description="a size, like 2Gi")
    kind: Literal["ssd", "hdd"] = "ssd"


class Engine(SpecModel):
    lowest: Annotated[int, Field(ge=1)] = 1
    highest: int = 4

    @check("lowest", "highest")
    def _in_order(self) -> Iterator[Problem]:
        if self.lowest > self.highest:
            yield Problem("lowest", "is above highest", str(self.lowest), "swap them")


class Machine(SpecModel):
    name: str = Field(description="the machine's name")
    engine: Engine = Engine()
    disks: list[Disk] = Field(default=[])
    options: dict[str, str | int] = Field(default={})
    api_token: str | None = None


UNKNOWN = object()


def is_unknown(value: object) -> bool:
    return value is UNKNOWN


def message(values: dict[str, Any], path: str = "") -> str:
    with pytest.raises(SpecError) as caught:
        load(Machine, values, path)
    return str(caught.value)


def known(values: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in load_known(Machine, values, is_unknown)]


def test_one_error_is_one_line() -> None:
    assert message({}) == "name: is missing; give the machine's name"


def test_every_error_is_told_at_once_with_the_path_of_its_field() -> None:
    assert message(
        {
            "nam": "m",
            "engine": {"lowest": 2.5},
            "disks": [{"size": "1Gi"}, {"size": "big", "kind": "tape"}, 7],
            "options": {"a.b": [1]},
        }
    ) == (
        "7 things to correct:\n"
        "  - name: is missing; give the machine's name\n"
        "  - engine.lowest: must be a whole number (given: 2.5)\n"
        "  - disks[1].size: is not a size (given: 'big'); "
        "write a size with its unit, like 2Gi, 1600Mi or 1600m\n"
        "  - disks[1].kind: is not one of the choices (given: 'tape'); use 'ssd' or 'hdd'\n"
        "  - disks[2]: must be a mapping (given: 7); with the fields size, kind\n"
        '  - options["a.b"]: must be text (given: a list of 1)\n'
        "  - nam: there is no such field; did you mean name?"
    )


def test_a_check_between_fields_runs_although_another_field_is_wrong() -> None:
    text = message({"name": 5, "engine": {"lowest": 9}})
    assert text == (
        "2 things to correct:\n"
        "  - name: must be text (given: 5); put it in quotes\n"
        "  - engine.lowest: is above highest (given: 9); swap them"
    )


def test_a_check_does_not_run_on_a_field_that_is_wrong_by_itself() -> None:
    assert message({"name": "m", "engine": {"lowest": 0, "highest": -1}}) == (
        "engine.lowest: must be at least 1 (given: 0)"
    )


def test_the_prefix_stands_in_front_of_every_path() -> None:
    text = message({"disks": [{"size": "big"}]}, "args")
    assert [line.split(":")[0] for line in text.splitlines()[1:]] == [
        "  - args.name",
        "  - args.disks[0].size",
    ]


@pytest.mark.parametrize(
    ("given", "meant"), [("apiToken", "api_token"), ("api-token", "api_token"), ("diskz", "disks")]
)
def test_an_unknown_field_is_answered_with_the_one_that_was_meant(given: str, meant: str) -> None:
    assert message({"name": "m", given: 1}).endswith(f"did you mean {meant}?")


def test_an_unknown_field_like_no_other_is_answered_with_all_fields() -> None:
    assert message({"name": "m", "zzz": 1}) == (
        "zzz: there is no such field; the fields are name, engine, disks, options, api_token"
    )


def test_whole_numbers_may_arrive_as_floats() -> None:
    assert load(Machine, {"name": "m", "engine": {"highest": 8.0}}).engine.highest == 8


def test_none_means_not_set() -> None:
    machine = load(Machine, {"name": "m", "engine": {"highest": None}, "api_token": None})
    assert machine == Machine(name="m")


def test_secrets_are_never_shown() -> None:
    text = message({"name": "m", "api_token": ["hunter2"], "options": {"s3.secret-key": [1]}})
    assert "hunter2" not in text
    assert "api_token: must be text (given: a hidden value)" in text
    assert '["s3.secret-key"]: must be text (given: a hidden value)' in text


def test_an_unknown_required_field_is_not_missing() -> None:
    assert known({"name": UNKNOWN}) == []


def test_what_is_known_beside_an_unknown_is_still_checked() -> None:
    found = known(
        {
            "name": UNKNOWN,
            "engine": {"lowest": UNKNOWN, "highest": "many"},
            "disks": [UNKNOWN, {"size": UNKNOWN, "kind": "tape"}],
            "options": {"a": UNKNOWN},
        }
    )
    assert [line.split(" (")[0] for line in found] == [
        "engine.highest: must be a whole number",
        "disks[1].kind: is not one of the choices",
    ]


def test_a_check_does_not_run_on_an_unknown_field() -> None:
    assert known({"name": "m", "engine": {"lowest": UNKNOWN, "highest": 0}}) == []


def test_checks_of_other_layers_run_with_the_models_own() -> None:
    @check("engine", "name")
    def small(machine: Machine) -> Iterator[Problem]:
        if machine.engine.highest > 2:
            yield Problem("engine.highest", "is too much here")

    with pytest.raises(SpecError, match=r"engine\.highest: is too much here"):
        load(Machine, {"name": "m"}, checks=[small])
    partly: dict[str, Any] = {"name": UNKNOWN}
    assert load_known(Machine, partly, is_unknown, checks=[small]) == []


def test_a_model_made_directly_is_checked_too() -> None:
    with pytest.raises(ValueError, match="is above highest"):
        Engine(lowest=9)


def test_a_model_never_changes() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Machine(name="m").name = "n"  # type: ignore[misc]


def test_a_validator_that_the_loader_would_not_see_is_refused_when_it_is_written() -> None:
    with pytest.raises(TypeError, match="use Annotated validators"):

        class Wrong(SpecModel):
            name: str

            @field_validator("name")
            @classmethod
            def _upper(cls, value: str) -> str:
                return value.upper()


def test_a_spec_error_survives_pickling() -> None:
    error = SpecError([Problem("a", "is wrong")])
    assert pickle.loads(pickle.dumps(error)).problems == error.problems
