"""Applications that can't be made, and what is said of each."""

from __future__ import annotations

from typing import Any

import pulumi

from flink_components import ApplicationDeployment, SessionJob
from tests.bad_wishes.applications import REFUSED
from tests.engine.bad_jobs import REF
from tests.engine.cases import ENVIRONMENT, NAMESPACE, SECRET, TAKEN, Case, Place, in_a_program

RIGHT = {
    "image": "acme/fraud:4.1.3",
    "jar": "local:///opt/flink/usrlib/fraud.jar",
    "savepoint_dir": "file:///data/savepoints",
}
_AS_OUTPUTS = ("jar-on-this-machine", "too-few-slots", "surge-in-words", "shutdown-as-an-option")
"""Those that are tried as Outputs too, which the component sees once they are known."""


TOGETHER = {
    name: in_a_program("ApplicationDeployment", name, said) for name, (_, said) in REFUSED.items()
}
"""The one message of each application of `together`."""


def together(_: Place) -> None:
    """A program that tries all, hands on why each is refused, and ends by the last."""
    refusals = [_refusal(name, args) for name, (args, _) in REFUSED.items()]
    for refusal in refusals[:-1]:
        pulumi.log.error(str(refusal))
    raise refusals[-1]


def _refusal(name: str, args: dict[str, Any]) -> pulumi.RunError:
    try:
        _make(name, args)
    except pulumi.RunError as error:
        return error
    return pulumi.RunError(f"{name} was not refused")


def _make(name: str, args: Any) -> None:
    given = {"namespace": NAMESPACE, "flink_version": "1.20.3", **RIGHT, **args}
    ApplicationDeployment(name, given)  # type: ignore[arg-type]


def _as_outputs(wish: str) -> Case:
    args, said = REFUSED[wish]

    def program(_: Place) -> None:
        _make("fraud", {field: pulumi.Output.from_input(value) for field, value in args.items()})

    return Case(program, in_a_program("ApplicationDeployment", "fraud", said))


def _two_of_one_key(_: Place) -> None:
    _make("fraud", {"key": "payments/fraud"})
    _make("other", {"key": "payments/fraud"})


def _a_session_job_of_that_key(place: Place) -> None:
    _make("fraud", {"key": "payments/fraud"})
    job = {"cluster": REF, "jar": str(place.jar), "key": "payments/fraud"}
    SessionJob("fraud", job, env=ENVIRONMENT)  # type: ignore[arg-type]


def _a_job_on_an_application(place: Place) -> None:
    cluster = {**REF, "kind": "application"}
    SessionJob("counts", {"cluster": cluster, "jar": str(place.jar)}, env=ENVIRONMENT)


def _secret_output(_: Place) -> None:
    _make("fraud", {"config": pulumi.Output.secret({"s3": {"secret-key": SECRET}})})


CASES: dict[str, Case] = {
    **{f"output-{wish}": _as_outputs(wish) for wish in _AS_OUTPUTS},
    "args-as-text": Case(
        lambda _: ApplicationDeployment("fraud", "fraud.jar"),  # type: ignore[arg-type]
        "ApplicationDeployment fraud: args: must be a mapping (given: 'fraud.jar'); write them "
        "like {'image': 'acme/fraud:4.2.0', 'jar': 'local:///opt/flink/usrlib/fraud.jar'}",
    ),
    "one-key-twice": Case(
        _two_of_one_key,
        "ApplicationDeployment other: key: is that of fraud already (given: 'payments/fraud'); "
        "give one of them another name, namespace or key",
    ),
    "key-of-a-session-job": Case(
        _a_session_job_of_that_key,
        "SessionJob fraud: key: is that of ApplicationDeployment fraud already (given: "
        "'payments/fraud'); give one of them another name, namespace or key",
    ),
    "job-on-an-application": Case(
        _a_job_on_an_application,
        "SessionJob counts: cluster: is that of an application, which runs only its own job "
        f"(given: '{NAMESPACE}/main'); give a session cluster",
    ),
    "secret-output-of-a-wrong-type": Case(
        _secret_output,
        "ApplicationDeployment fraud: config.s3: is nested (given: a hidden value); write one "
        "dotted key for each option, like s3.endpoint",
    ),
}

OF_A_CLUSTER: dict[str, Case] = {
    "key-of-another-stack": Case(
        lambda _: _make("fraud", {"key": TAKEN}),
        "pulumi-python:dynamic/flink:JobAnchor resource 'fraud-anchor' has a problem: the job "
        "test-bad-input/taken is managed by the stack acme/flink/prod: choose another key, or "
        "take it over with adopt=True and remove it from that stack's program",
    ),
}
"""Those that only a ledger tells."""
