"""The base of everything a user declares, and how plain values become a model.

Fields are checked one by one, with validators attached by `Annotated`; what concerns several
fields is a method marked `@check("field", …)`. So every error is found at once, and what is
known can be checked while other inputs are not known yet.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import FunctionType
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Strict, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo

from flink_components.spec.errors import (
    FieldError,
    Problem,
    SpecError,
    is_sensitive,
    join_path,
    key_path,
    shown,
)
from flink_components.spec.words import in_words

__all__ = [
    "FieldError",
    "Flag",
    "Problem",
    "SpecError",
    "SpecModel",
    "check",
    "load",
    "load_known",
]

M = TypeVar("M", bound="SpecModel")
# Strict: to pydantic the text "off" is False, to what reads the raw arguments it is not.
Flag = Annotated[bool, Strict()]
Check = Callable[[Any], Iterable[Problem]]
IsUnknown = Callable[[object], bool]


def check(*fields: str) -> Callable[[Check], Check]:
    """Marks a method that yields the problems between `fields`.

    It runs only if all of these fields are known and right by themselves.
    """

    def mark(method: Check) -> Check:
        method.__checked_fields__ = fields  # type: ignore[attr-defined]
        return method

    return mark


class SpecModel(BaseModel):
    """Base of the declared models: unknown fields are refused, values never change.

    A model is built when it is first used: most programs use few of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    _checks: ClassVar[tuple[Check, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        decorators = cls.__pydantic_decorators__
        if decorators.field_validators or len(decorators.model_validators) > 1:
            raise TypeError(f"{cls.__name__}: use Annotated validators and @check methods")
        found = [vars(base) for base in reversed(cls.__mro__)]
        methods = {name: value for scope in found for name, value in scope.items()}
        # Only functions: to ask pydantic's own attributes for another builds the whole model.
        functions = (m for m in methods.values() if isinstance(m, FunctionType))
        cls._checks = tuple(m for m in functions if hasattr(m, "__checked_fields__"))

    @model_validator(mode="after")
    def _is_consistent(self) -> Any:
        problems = list(self._problems(set(type(self).model_fields)))
        if problems:
            raise NestedError(problems)
        return self

    def _problems(self, usable: set[str], checks: Sequence[Check] = ()) -> Iterator[Problem]:
        for method in (*self._checks, *checks):
            if usable.issuperset(method.__checked_fields__):  # type: ignore[attr-defined]
                yield from method(self)


class NestedError(ValueError):
    """Carries the problems of a nested model through pydantic, which only takes ValueErrors."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def load(
    model: type[M], values: Mapping[str, Any], path: str = "", *, checks: Sequence[Check] = ()
) -> M:
    """The model that `values` declare.

    `None` means "not set"; whole numbers may arrive as floats. `path` is put in front of the
    fields' paths in errors. `checks` are further functions marked by `@check`, of layers above.

    Raises SpecError with all errors.
    """
    given = _without_none(values)
    try:
        loaded = model.model_validate(given)
        problems = [problem for run in checks for problem in run(loaded)]
        if not problems:
            return loaded
    except ValidationError as error:
        problems = list(_problems_of(model, given, _never, checks))
        problems = problems or list(_from_pydantic(error, ""))
    raise SpecError(problem.under(path) for problem in problems)


def load_known(
    model: type[SpecModel],
    values: Mapping[str, Any],
    is_unknown: IsUnknown,
    path: str = "",
    *,
    checks: Sequence[Check] = (),
) -> list[Problem]:
    """The problems of what is known of `values`; fields that hold an unknown are skipped."""
    given = _without_none(values)
    if not _has_unknown(given, is_unknown) and _is_right(model, given, checks):
        return []
    return [problem.under(path) for problem in _problems_of(model, given, is_unknown, checks)]


def _is_right(
    model: type[SpecModel], values: Mapping[str, Any], checks: Sequence[Check] = ()
) -> bool:
    """At once, and so much sooner than field by field; what is wrong is not said."""
    try:
        loaded = model.model_validate(values)
    except ValidationError:
        return False
    return not any(problem for run in checks for problem in run(loaded))


def _never(_: object) -> bool:
    return False


def _problems_of(
    model: type[SpecModel],
    values: Mapping[str, Any],
    is_unknown: IsUnknown,
    checks: Sequence[Check] = (),
) -> Iterator[Problem]:
    """Every problem of one model: its fields, unknown names, then what is between fields."""
    parsed: dict[str, Any] = {}
    usable: set[str] = set()
    for name, field in model.model_fields.items():
        if name not in values:
            if field.is_required():
                yield Problem(name, "is missing", do=_purpose(field))
            else:
                usable.add(name)
            continue
        value = values[name]
        problems = [p.under(name) for p in _problems_of_value(model, name, value, is_unknown)]
        yield from problems
        if not problems and not _has_unknown(value, is_unknown):
            parsed[name] = _adapter(model, name).validate_python(value)
            usable.add(name)
    names = list(model.model_fields)
    yield from (unknown_field(name, names) for name in values if name not in names)
    yield from model.model_construct(**parsed)._problems(usable, checks)


def _problems_of_value(
    model: type[SpecModel], name: str, value: Any, is_unknown: IsUnknown
) -> Iterator[Problem]:
    """The problems of one field's value, with paths below the field."""
    annotation = model.model_fields[name].annotation
    nested = _nested_model(annotation)
    if nested and not is_unknown(value):
        if not _is_list(annotation):
            yield from _problems_of_nested(nested, name, value, is_unknown)
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                found = _problems_of_nested(nested, name, item, is_unknown)
                yield from (problem.under(f"[{index}]") for problem in found)
        else:
            given = shown(value, hidden=is_sensitive(name))
            do = f"write a list of mappings with the fields {_names(nested)}"
            yield Problem("", "must be a list", given, do)
    elif not _has_unknown(value, is_unknown):
        try:
            _adapter(model, name).validate_python(value)
        except ValidationError as error:
            yield from _from_pydantic(error, name)


def _problems_of_nested(
    model: type[SpecModel], name: str, value: Any, is_unknown: IsUnknown
) -> Iterator[Problem]:
    """The problems of a model in the field `name`, or in an item of it."""
    if isinstance(value, Mapping):
        yield from _problems_of(model, value, is_unknown)
    elif not is_unknown(value) and not isinstance(value, model):
        given = shown(value, hidden=is_sensitive(name))
        yield Problem("", "must be a mapping", given, f"with the fields {_names(model)}")


def _from_pydantic(error: ValidationError, field: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for line in error.errors(include_url=False):
        cause = line.get("ctx", {}).get("error")
        steps = [step if isinstance(step, int) else key_path(step) for step in _location(line)]
        path = join_path(*steps)
        if isinstance(cause, NestedError):
            yield from (problem.under(path) for problem in cause.problems)
            continue
        if path in seen:
            continue
        seen.add(path)
        hidden = any(is_sensitive(str(step)) for step in (field, *line["loc"]))
        given = "" if "[key]" in line["loc"] else shown(line["input"], hidden=hidden)
        if isinstance(cause, FieldError):
            yield Problem(path, cause.what, given if cause.given is None else cause.given, cause.do)
        else:
            what, do = in_words(line)
            yield Problem(path, what, given, do)


def _location(line: Any) -> list[str | int]:
    """Where in the value the error is, without pydantic's names of a union's branches."""
    steps: list[str | int] = []
    value_types = {"str", "int", "float", "bool", "[key]"}
    for step in line["loc"]:
        if isinstance(step, str) and (step in value_types or "[" in step):
            continue
        steps.append(step)
    return steps


@cache
def _adapter(model: type[SpecModel], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    annotation: Any = field.annotation
    for constraint in field.metadata:
        annotation = Annotated[annotation, constraint]
    return TypeAdapter(annotation)


def _nested_model(annotation: Any) -> type[SpecModel] | None:
    """The SpecModel in an annotation: itself, `X | None`, or the item of a list or tuple."""
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        return annotation
    if get_origin(annotation) is dict:
        return None
    models = [found for arg in get_args(annotation) if (found := _nested_model(arg))]
    return models[0] if len(models) == 1 else None


def _is_list(annotation: Any) -> bool:
    origins = [get_origin(annotation), *map(get_origin, get_args(annotation))]
    return any(origin in (list, tuple) for origin in origins)


def unknown_field(name: str, names: Sequence[str], listed: str = "") -> Problem:
    """There is no field `name`; the one of `names` that was probably meant is suggested.

    listed: what to say in place of all names, where these are many.
    """
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
    close = [snake] if snake in names else difflib.get_close_matches(snake, names, n=1)
    do = f"did you mean {close[0]}?" if close else f"the fields are {listed or ', '.join(names)}"
    return Problem(key_path(name), "there is no such field", do=do)


def _names(model: type[SpecModel]) -> str:
    return ", ".join(model.model_fields)


def _purpose(field: FieldInfo) -> str:
    return f"give {field.description}" if field.description else "give a value"


def _has_unknown(value: object, is_unknown: IsUnknown) -> bool:
    if is_unknown(value):
        return True
    if isinstance(value, Mapping):
        return any(_has_unknown(item, is_unknown) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_has_unknown(item, is_unknown) for item in value)
    return False


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
