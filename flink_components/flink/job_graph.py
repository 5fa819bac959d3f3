"""The job graph of a program: its operators, with the ids under which Flink finds their state."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from flink_components.spec.base import FieldError, Flag, Problem, SpecError, SpecModel, check, load
from flink_components.spec.ref import Whole
from flink_components.spec.version import JobFlinkVersion

SCHEMA: Literal[1] = 1
"""Version of the JSON form."""
_LARGEST = 64 << 20
_AGAIN = "make the graph again"


def _operator_id(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise FieldError("is not the id of an operator", "give its 32 hex digits")
    return text


OperatorId = Annotated[str, AfterValidator(_operator_id)]
Parallelism = Annotated[Whole, Field(ge=1, le=32768)]


class GraphError(Exception):
    """A job graph that can't be had; the message says what to do."""


class Source(str, Enum):
    """What a graph was read from."""

    DRIVER = "driver"
    """Flink's own classes, with the jar on the class path."""
    PLANS = "plans"
    """The plans of a cluster, which tell neither uids nor max parallelism."""


class Operator(SpecModel):
    """One operator of a job graph."""

    id: OperatorId = Field(description="32 hex digits, as Flink shows it")
    name: str = Field(description="its name, such as `Source: orders`")
    parallelism: Parallelism = Field(description="its parallelism")
    max_parallelism: Parallelism | None = Field(
        default=None, description="as the program sets it; absent: as the snapshot has it"
    )
    uid: str | None = Field(default=None, description="its uid, where it is known")
    uid_hash: OperatorId | None = Field(
        default=None, description="another id under which its state is looked for (setUidHash)"
    )
    generated: Flag = Field(default=False, description="its id comes from its place: it has no uid")
    inputs: tuple[OperatorId, ...] = Field(
        default=(), description="ids of what it reads, one an edge, in Flink's order"
    )
    head: OperatorId = Field(description="the first operator of its chain: the id of its vertex")

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.uid or self.name


class JobGraph(SpecModel):
    """The operators of a program, and what the program was."""

    schema_version: Literal[1] = Field(default=SCHEMA, description="version of this form")
    flink_version: JobFlinkVersion = Field(description="the Flink that made it")
    source: Source = Field(description="driver, or plans of a cluster")
    jar: str = Field(description="the file's name, for people")
    jar_content: str = Field(description="what the jar contains, hashed")
    jar_sha256: str = Field(description="SHA-256 of the jar file")
    program: str = Field(description="jar, class, arguments, options and parallelism, hashed")
    state_backend: str | None = Field(
        default=None, description="the state backend that the program sets, if it does"
    )
    operators: tuple[Operator, ...] = Field(description="in the order in which Flink numbers them")

    @check("operators")
    def _is_one_graph(self) -> Iterator[Problem]:
        if not self.operators:
            yield Problem("operators", "is empty", do=_AGAIN)
        ids = Counter(operator.id for operator in self.operators)
        for index, operator in enumerate(self.operators):
            path = f"operators[{index}]"
            if ids[operator.id] > 1:
                yield Problem(f"{path}.id", "is there twice", repr(operator.id), _AGAIN)
            for name, found in (("head", (operator.head,)), ("inputs", operator.inputs)):
                for unknown in (one for one in found if one not in ids):
                    yield Problem(f"{path}.{name}", "names no operator", repr(unknown), _AGAIN)

    def is_of(self, jar_content: str) -> bool:
        """Whether it was made of the jar with this content, which is a hash of the file where the
        jar comes from https."""
        return jar_content in (self.jar_content, self.jar_sha256[:32])

    @property
    def knows_max_parallelism(self) -> bool:
        """Whether an operator without `max_parallelism` is known to set none."""
        return self.source is Source.DRIVER

    def chained_outputs(self, operator: Operator) -> int:
        """How many of its outgoing edges stay inside its chain."""
        return sum(
            after.inputs.count(operator.id)
            for after in self.operators
            if after.head == operator.head and after.id != operator.id
        )

    def to_json(self) -> str:
        """Text for a file, the same for the same graph."""
        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"


def graph_of(values: Mapping[str, Any], where: str) -> JobGraph:
    """The graph that JSON holds. Raises GraphError with every problem, which names `where`."""
    version = values.get("schema_version")
    if isinstance(version, int) and version > SCHEMA:
        raise GraphError(
            f"{where} has schema_version {version}, and this flink-components reads {SCHEMA}: "
            f"upgrade it, or make the graph again"
        )
    try:
        return load(JobGraph, values)
    except SpecError as error:
        raise GraphError(f"{where} is not a job graph: {error}") from error


def read_graph(path: Path) -> JobGraph:
    """The graph in a file. Raises GraphError."""
    again = f"make it again with `flink-components graph JAR -o {path}`"
    try:
        if path.stat().st_size > _LARGEST:
            raise GraphError(
                f"{path} is not a job graph: it has more than {_LARGEST >> 20} MiB; {again}"
            )
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise GraphError(
            f"{path} is not there: make it with `flink-components graph JAR -o {path}`"
        ) from None
    except OSError as error:
        why = error.strerror or "it is no file"
        raise GraphError(f"{path} can't be read: {why}; give the file of a job graph") from error
    except RecursionError as error:
        raise GraphError(f"{path} is not JSON: it is nested too deep; {again}") from error
    except ValueError as error:
        raise GraphError(f"{path} is not JSON: {error}; {again}") from error
    if not isinstance(values, dict):
        raise GraphError(f"{path} is not a job graph: it holds no JSON object; {again}")
    return graph_of(values, str(path))
