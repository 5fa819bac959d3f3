"""How the machine that runs Pulumi reads snapshots: by references only, without a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from flink_components.spec.base import Flag, Problem, SpecModel, check
from flink_components.spec.connection import VariableName
from flink_components.spec.errors import FieldError
from flink_components.spec.storage import EndpointUrl

_ACCESS_KEY = re.compile(r"(AKIA|ASIA)[A-Z0-9]{16}")


def _no_key(value: str) -> str:
    if _ACCESS_KEY.fullmatch(value):
        raise FieldError(
            "is an access key itself",
            "put it into an environment variable, and give the name of that",
            given="a hidden value",
        )
    return value


_Name = Annotated[str, Field(min_length=1)]
_Variable = Annotated[VariableName, AfterValidator(_no_key)]


class S3Reading(SpecModel):
    """An S3 as this machine sees it; what is absent is as for any other client (`AWS_…`)."""

    endpoint: EndpointUrl | None = Field(
        default=None, description="its URL from this machine (default: that of AWS)"
    )
    path_style: Flag = Field(default=False, description="whether the bucket is in the path")
    region: _Name | None = Field(default=None, description="its region, like eu-central-1")
    profile: _Name | None = Field(
        default=None, description="a profile of this machine's ~/.aws/config"
    )
    access_key_env: _Variable | None = Field(
        default=None, description="environment variable that holds the access key"
    )
    secret_key_env: _Variable | None = Field(
        default=None, description="environment variable that holds the secret key"
    )
    session_token_env: _Variable | None = Field(
        default=None, description="environment variable that holds a session token"
    )

    @check("access_key_env", "secret_key_env", "session_token_env")
    def _whole_keys(self) -> Iterator[Problem]:
        both = {"access_key_env": self.access_key_env, "secret_key_env": self.secret_key_env}
        given = [name for name, value in both.items() if value is not None]
        for name in both:
            if name not in given and (given or self.session_token_env is not None):
                beside = given[0] if given else "session_token_env"
                yield Problem(name, f"is missing beside {beside}", do="give both keys, or none")

    @check("profile", "access_key_env")
    def _one_way_in(self) -> Iterator[Problem]:
        if self.profile is not None and self.access_key_env is not None:
            yield Problem("profile", "is given beside keys", do="keep one of the two")


class StateAccess(SpecModel):
    """The storage of a job's state from the machine that runs Pulumi.

    The pods' own way there is `state_storage` of the cluster, which may be another one.
    """

    s3: S3Reading | None = Field(default=None, description="how s3:// is read from this machine")

    @check("s3")
    def _says_something(self) -> Iterator[Problem]:
        if self.s3 is None:
            yield Problem("s3", "is missing", do="say how s3:// is read, or remove state_access")
