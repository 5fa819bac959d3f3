"""A group of jobs that one `up` changes in an order."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from flink_components.spec.base import SpecModel
from flink_components.spec.ref import Whole


class FleetSpec(SpecModel):
    """How the jobs of a fleet are changed."""

    canary: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None, description="the name of the job that is changed first, alone"
    )
    max_in_flight: Annotated[Whole, Field(ge=1)] = Field(
        default=4, description="how many jobs are changed at a time"
    )
    stop_after_failures: Annotated[Whole, Field(ge=1)] = Field(
        default=1, description="after how many failures no further job is touched"
    )
