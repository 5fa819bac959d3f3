"""What is wrong with a declaration, said in words that a user can act on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SENSITIVE_WORDS = (
    "password",
    "secret",
    "token",
    "apikey",
    "api-key",
    "api_key",
    "access-key",
    "access_key",
    "account.key",
    "auth-params",
    "service-key",
    "basic-auth",
    "jaas.config",
    "http-headers",
    "credential",
)
_LONGEST_SHOWN = 80


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to correct.

    path: the field, e.g. `job_manager.memory` or `env[2].name`; "" for the whole.
    what: what is wrong. given: the value as it may be shown ("" if it must not be).
    do: what the user should do.
    """

    path: str
    what: str
    given: str = ""
    do: str = ""

    def under(self, prefix: str) -> Problem:
        """The same problem with `prefix` in front of its path."""
        return replace(self, path=join_path(prefix, self.path))

    def __str__(self) -> str:
        text = f"{self.path}: {self.what}" if self.path else self.what
        if self.given:
            text += f" (given: {self.given})"
        return f"{text}; {self.do}" if self.do else text


class FieldError(ValueError):
    """Raised by a validator of one value: what is wrong with it and what to do.

    given: how to show the value instead of as it is.
    """

    def __init__(self, what: str, do: str = "", given: str | None = None) -> None:
        super().__init__(f"{what}; {do}" if do else what)
        self.what = what
        self.do = do
        self.given = given


class SpecError(Exception):
    """A declaration that cannot be used; `problems` holds every error, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        return f"{len(self.problems)} things to correct:{lines}"

    def __reduce__(self) -> tuple[type[SpecError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def join_path(*parts: str | int) -> str:
    """`("a", "b", 2, "rest.port")` as `a.b[2]["rest.port"]`; strings may be paths themselves."""
    path = ""
    for part in parts:
        if part == "":
            continue
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.startswith("["):
            path += part
        else:
            path += f".{part}" if path else part
    return path


def key_path(key: object) -> str:
    """A mapping's key as one step of a path: `name`, or `["rest.port"]` where it has dots."""
    text = str(key)
    return text if _IDENTIFIER.match(text) else f'["{text}"]'


_FIELDS_WITH_SECRETS = ("args", "config", "env")


def hiding_secrets(problem: Problem) -> Problem:
    """The same problem without the value, in fields of which any value may be a secret.

    For values that came out of an Output: whether it was a secret one is not known any more.
    """
    field = re.split(r"[.\[]", problem.path, maxsplit=1)[0]
    hidden = problem.given and field in _FIELDS_WITH_SECRETS
    return replace(problem, given="a hidden value") if hidden else problem


def is_sensitive(name: str) -> bool:
    """Whether a field, option or variable of this name is likely to hold a secret."""
    lowered = name.lower()
    return any(word in lowered for word in _SENSITIVE_WORDS)


def shown(value: object, *, hidden: bool = False) -> str:
    """`value` as an error message may show it: short, one line, and nothing of a secret."""
    if hidden:
        return "a hidden value"
    if isinstance(value, bool | None):
        return {True: "true", False: "false", None: "nothing"}[value]
    if isinstance(value, int | float):
        return f"{value:g}" if float(value).is_integer() and abs(value) < 1e6 else str(value)
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…")
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    kind = "mapping" if isinstance(value, dict) else type(value).__name__
    return f"{'an' if kind[0] in 'AEIOaeio' else 'a'} {kind}"
