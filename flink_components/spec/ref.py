"""References: plain JSON, fit for a stack's output and a StackReference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

from flink_components.spec.base import FieldError, Problem, SpecModel, check
from flink_components.spec.connection import Connection
from flink_components.spec.names import Key, Name, Namespace, ObjectName
from flink_components.spec.version import JobFlinkVersion


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise FieldError("must be a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_no_bool)]


class ClusterRef(SpecModel):
    """Where a cluster is: its active revision's REST service, and how to reach it."""

    key: Key = Field(description="the cluster's key")
    namespace: Namespace = Field(description="its Kubernetes namespace")
    name: Name = Field(description="its name")
    revision: Annotated[Whole, Field(ge=1)] = Field(description="its active revision")
    service: Name = Field(description="the name of that revision's REST Service")
    port: Annotated[Whole, Field(ge=1, le=65535)] = Field(default=8081, description="its port")
    flink_version: JobFlinkVersion = Field(description="its Flink version")
    uid: str | None = Field(default=None, description="uid of that Service, once it exists")
    slots: Annotated[Whole, Field(ge=0)] | None = Field(
        default=None, description="how many slots its TaskManagers have in sum"
    )
    leader: ObjectName | None = Field(
        default=None, description="the ConfigMap that names its leader, where JobManagers stand by"
    )
    connection: Connection = Field(default=Connection(), description="how to reach it")
    kind: Literal["session", "application"] = Field(
        default="session", description="whether jobs are submitted to it, or it has its own"
    )

    @property
    def noun(self) -> str:
        """What it is, in messages."""
        return "session cluster" if self.kind == "session" else "application"

    @model_serializer(mode="wrap")
    def _as_ever_for_a_session_cluster(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, object]:
        """What is in ledgers and in users' states is older than `kind`."""
        written: dict[str, object] = serialize(self)
        if self.kind == "session":
            del written["kind"]
        return written

    def to_json(self) -> dict[str, object]:
        """Plain JSON that `load(ClusterRef, …)` takes back; what is not set is left out."""
        return self.model_dump(mode="json", exclude_none=True)


def _job_id(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise FieldError("is not a job id", "give the 32 hex digits that Flink shows for the job")
    return text


class JobRef(SpecModel):
    """A job that runs on a session cluster already, by its id or by its name in Flink."""

    job_id: Annotated[str, AfterValidator(_job_id)] | None = Field(
        default=None, description="Flink's id of the job, 32 hex digits"
    )
    name: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None, description="the name that Flink shows, if no other job has it"
    )

    @check("job_id", "name")
    def _names_one_job(self) -> Iterator[Problem]:
        if (self.job_id is None) == (self.name is None):
            what = "is given together with name" if self.job_id else "is missing, and so is name"
            yield Problem("job_id", what, do="give one of the two")

    def __str__(self) -> str:
        return self.job_id or repr(self.name)
