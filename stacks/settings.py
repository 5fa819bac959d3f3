"""The stack's configuration as the engine hands it to the program."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret

from flink_components import Environment
from flink_components.spec.base import Problem, SpecError, load
from stacks.config import StackConfig

_PREFIX = "flink:"
_MAY_BE_SECRET = ("config",)
_ABSENT_BY_DEFAULT = ("state_storage", "state_access", "high_availability", "fleet")
_JSON = (
    "create_namespace",
    "connection",
    "volume",
    "state_storage",
    "state_access",
    "high_availability",
    "labels",
    "config",
    "clusters",
    "jobs",
    "applications",
    "fleet",
)


@dataclass(frozen=True)
class Settings:
    """A stack's configuration, and which of its keys are secret."""

    config: StackConfig
    secrets: frozenset[str] = frozenset()

    def environment(self) -> Environment:
        """The environment, with what is secret as such."""
        environment = self.config.environment()
        if "config" not in self.secrets:
            return environment
        hidden = {name: pulumi.Output.secret(value) for name, value in environment.config.items()}
        return replace(environment, config=hidden)  # type: ignore[arg-type]


def settings() -> Settings:
    """The configuration of the running stack. Raises RunError with all that is wrong in it."""
    given = {
        key.removeprefix(_PREFIX): value
        for key, value in CONFIG.get().items()
        if key.startswith(_PREFIX)
    }
    secrets = frozenset(key for key in given if is_config_secret(_PREFIX + key))
    try:
        return Settings(parse(given, secrets), secrets)
    except SpecError as error:
        problems = [_shown(problem, secrets) for problem in error.problems]
        raise pulumi.RunError(_text(problems)) from None


def parse(given: Mapping[str, str], secrets: frozenset[str] = frozenset()) -> StackConfig:
    """The configuration from the engine's texts, by key without `flink:`. Raises SpecError."""
    values: dict[str, Any] = {}
    problems = list(_secret_where_not_allowed(secrets))
    for key, text in given.items():
        if key not in _JSON:
            values[key] = text or None
            continue
        try:
            value = json.loads(text)
        except ValueError:
            problems.append(Problem(key, "is text, and must be a value of YAML", do=_set(key)))
        else:
            # Pulumi.yaml has no way to leave a default out.
            values[key] = None if value == {} and key in _ABSENT_BY_DEFAULT else value
    try:
        config = load(StackConfig, values)
    except SpecError as error:
        raise SpecError([*problems, *error.problems]) from None
    if problems:
        raise SpecError(problems)
    return config


def _secret_where_not_allowed(secrets: frozenset[str]) -> Iterator[Problem]:
    for key in sorted(secrets.difference(_MAY_BE_SECRET)):
        yield Problem(
            key,
            "can't be secret",
            do="put secret Flink options into flink:config, and give pods others by env "
            "with value_from",
        )


def _set(key: str) -> str:
    return f"write it into the stack's file, or with `pulumi config set --path '{key}…' VALUE`"


def _shown(problem: Problem, secrets: frozenset[str]) -> Problem:
    key = problem.path.split("[", 1)[0].split(".", 1)[0]
    if problem.given and key in secrets:
        return replace(problem, given="a hidden value")
    return problem


def _text(problems: list[Problem]) -> str:
    stack = pulumi.get_stack()
    if len(problems) == 1:
        return f"Pulumi.{stack}.yaml: {_PREFIX}{problems[0]}"
    lines = "".join(f"\n  - {_PREFIX}{problem}" for problem in problems)
    return f"Pulumi.{stack}.yaml: {len(problems)} keys to correct:{lines}"
