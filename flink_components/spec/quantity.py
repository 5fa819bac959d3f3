"""Sizes, processor shares and times, each with its unit, in Flink's and Kubernetes' spellings."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from typing_extensions import Self

from flink_components.spec.errors import FieldError

_NUMBER_AND_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_MEBI = 1024**2


class Quantity(ABC):
    """A value object made from text or a number; in JSON it is its canonical text."""

    @classmethod
    @abstractmethod
    def parse(cls, value: object) -> Self:
        """The quantity that `value` means; raises FieldError where it means none."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.to_string_ser_schema()
        )


@dataclass(frozen=True, order=True)
class Memory(Quantity):
    """A size in bytes: `2Gi`, `1600Mi` (Kubernetes), `2g`, `1600m` (Flink), or whole bytes."""

    bytes: int

    @classmethod
    def parse(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return cls._of_plain_number(_decimal(value, _SIZE_HINT))
        number, unit = _split(value, "is not a size", _SIZE_HINT)
        if not unit:
            return cls._of_plain_number(number)
        if unit in _AMBIGUOUS_SIZES:
            short = unit[0]
            raise FieldError(
                f"is ambiguous: {unit} is decimal to Kubernetes and binary to Flink",
                f"write {number}{short}i, or {number}{short.lower()}",
            )
        factor = _SIZES.get(unit)
        if factor is None:
            raise FieldError(f"has the unknown unit {unit!r}", _SIZE_HINT)
        return cls(_whole(number * factor, "bytes"))

    @classmethod
    def _of_plain_number(cls, number: Decimal) -> Self:
        if 0 < number < _MEBI:
            raise FieldError("has no unit, and as bytes it is very little", _SIZE_HINT)
        if number < 0:
            raise FieldError("is negative", _SIZE_HINT)
        return cls(_whole(number, "bytes"))

    @classmethod
    def mebibytes(cls, number: int) -> Self:
        return cls(number * _MEBI)

    @property
    def kubernetes(self) -> str:
        """As Kubernetes writes it, e.g. `1600Mi`; the largest unit that divides it."""
        return self._written("Ti", "Gi", "Mi", "Ki", "")

    @property
    def flink(self) -> str:
        """As Flink writes it, e.g. `1600m`."""
        return self._written("t", "g", "m", "k", "b")

    def _written(self, *units: str) -> str:
        for power, unit in zip(range(4, 0, -1), units, strict=False):
            if self.bytes and self.bytes % 1024**power == 0:
                return f"{self.bytes // 1024**power}{unit}"
        return f"{self.bytes}{units[-1]}"

    def __str__(self) -> str:
        return self.kubernetes


@dataclass(frozen=True, order=True)
class Cpu(Quantity):
    """A share of processors: `500m` or `0.5` is half of one, `2` is two."""

    millicores: int

    @classmethod
    def parse(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = format(_decimal(value, _CPU_HINT), "f")
        number, unit = _split(value, "is not a number of processors", _CPU_HINT)
        if unit not in ("", "m"):
            raise FieldError(f"has the unknown unit {unit!r}", _CPU_HINT)
        millicores = _whole(number if unit else number * 1000, "thousandths of a processor")
        if millicores == 0:
            raise FieldError("must be more than 0", _CPU_HINT)
        return cls(millicores)

    @property
    def kubernetes(self) -> str:
        """As Kubernetes writes it: `2` or `500m`."""
        whole, rest = divmod(self.millicores, 1000)
        return f"{self.millicores}m" if rest else str(whole)

    def __str__(self) -> str:
        return self.kubernetes


@dataclass(frozen=True, order=True)
class Duration(Quantity):
    """A time: `200 ms`, `90s`, `5 min`, `1h30min`, `2 d`, or ISO 8601 (`PT1H30M`)."""

    milliseconds: int

    @classmethod
    def parse(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise FieldError("has no unit", _TIME_HINT)
        if not isinstance(value, str):
            raise FieldError("is not a time", _TIME_HINT)
        text = value.strip()
        iso = _ISO_TIME.fullmatch(text.upper())
        if iso and any(iso.groups()):
            factors = (86_400_000, 3_600_000, 60_000, 1000)
            parts = zip(iso.groups(), factors, strict=True)
            return cls(_whole(sum(Decimal(n) * f for n, f in parts if n), "milliseconds"))
        return cls(_whole(sum(map(_part_of_time, _parts_of_time(text))), "milliseconds"))

    @property
    def seconds(self) -> float:
        return self.milliseconds / 1000

    @property
    def flink(self) -> str:
        """As Flink writes it, e.g. `90 s` or `200 ms`."""
        for factor, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")):
            if self.milliseconds and self.milliseconds % factor == 0:
                return f"{self.milliseconds // factor} {unit}"
        return f"{self.milliseconds} ms"

    def __str__(self) -> str:
        return self.flink


_SIZE_HINT = "write a size with its unit, like 2Gi, 1600Mi or 1600m"
_CPU_HINT = "write a number of processors, like 0.5, 2 or 500m"
_TIME_HINT = "write a time with its unit, like 200 ms, 90 s, 5 min or 1 h"
_AMBIGUOUS_SIZES = ("K", "M", "G", "T", "KB", "MB", "GB", "TB")
_SIZES: Mapping[str, int] = {
    "b": 1,
    "bytes": 1,
    **{
        name: 1024**power
        for power, letter in enumerate("kmgt", start=1)
        for name in (letter, f"{letter}b", f"{letter.upper()}i", f"{letter.upper()}iB")
    },
}
_TIMES: Mapping[str, int] = {
    **dict.fromkeys(("ms", "milli", "millis", "millisecond", "milliseconds"), 1),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1000),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000),
}
_ISO_TIME = re.compile(
    r"P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?"
)


def _split(value: object, what: str, hint: str) -> tuple[Decimal, str]:
    """The number and the unit in a text like `1600Mi`."""
    match = _NUMBER_AND_UNIT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise FieldError(what, hint)
    return Decimal(match[1]), match[2]


def _decimal(value: int | float, hint: str) -> Decimal:
    if not math.isfinite(value):
        raise FieldError("is not a number", hint)
    return Decimal(str(value))


def _whole(number: Decimal | int, of_what: str) -> int:
    if number != int(number):
        raise FieldError(f"is not a whole number of {of_what}", "write it in a smaller unit")
    return int(number)


def _parts_of_time(text: str) -> list[str]:
    parts = _NUMBER_AND_UNIT.findall(text)
    rest = _NUMBER_AND_UNIT.sub("", text)
    if not parts or rest.strip():
        raise FieldError("is not a time", _TIME_HINT)
    return [f"{number} {unit}" for number, unit in parts]


def _part_of_time(part: str) -> Decimal:
    number, _, unit = part.partition(" ")
    if not unit:
        raise FieldError("has no unit", _TIME_HINT)
    if unit.lower() not in _TIMES:
        raise FieldError(f"has the unknown unit {unit!r}", _TIME_HINT)
    return Decimal(number) * _TIMES[unit.lower()]
