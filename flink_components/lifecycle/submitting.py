"""Submits an attempt of a job to a session cluster: once, whatever becomes of the answer."""

import re

from flink_components.flink.errors import FlinkError, FlinkNotFound, FlinkUnreachable
from flink_components.flink.rest import FlinkClient
from flink_components.lifecycle.errors import AnswerLost, StepFailed
from flink_components.lifecycle.jars import ensure_jar
from flink_components.lifecycle.program import program
from flink_components.lifecycle.waiting import poll
from flink_components.lifecycle.work import HeldRecord, Workshop
from flink_components.plan.record import Run
from flink_components.spec.job import ClaimMode, JobSpec, SessionJobSpec

_LOOK_SECONDS = 30.0
_ALREADY_USED = re.compile(r"Duplicate(Job|Application)Submission|already been submitted")


def submit(
    shop: Workshop,
    held: HeldRecord,
    spec: SessionJobSpec,
    run: Run,
    jar_id: str,
    loses_state: bool = False,
) -> bool:
    """False where Flink refuses the id as used and has no such job: an earlier try has failed.

    `loses_state`: state that no operator takes is left behind, which Flink else refuses. Where the
    answer is lost and the job does not show up, it is sent once more: under the same id, which
    Flink takes only once.
    """
    flink = shop.flink(spec.cluster)
    for last in (False, True):
        try:
            _run(flink, spec, run, jar_id, loses_state)
            return True
        except FlinkUnreachable as error:
            if submitted(shop, flink, run.job_id, _LOOK_SECONDS):
                return True
            if last:
                raise AnswerLost(
                    f"the answer to the submission of {run.job_id} was lost ({error}), and the "
                    f"job does not show up: run `pulumi up` again, which looks before it submits"
                ) from error
            shop.say(f"no answer to the submission ({error}): sending it again")
            held.fence()
        except FlinkError as error:
            if not _ALREADY_USED.search(error.cause):
                raise StepFailed(error.cause) from error
            return submitted(shop, flink, run.job_id, 0.0)
    raise AssertionError("unreachable")


def _run(
    flink: FlinkClient, spec: SessionJobSpec, run: Run, jar_id: str, loses_state: bool
) -> None:
    """Submits; a jar that was removed since it was looked for is uploaded again."""
    what = (run.job_id, program(spec), run.restored_from, loses_state, claim_mode(spec, run))
    try:
        flink.run_jar(jar_id, *what)
    except FlinkUnreachable:
        raise
    except FlinkError as error:
        if error.status == 404 or jar_id in flink.jars():
            raise
        again = ensure_jar(flink, spec, run.jar)
        flink.run_jar(again, *what)


def claim_mode(spec: JobSpec, run: Run) -> str:
    """Only what the user names is ever claimed: a hand-over is what a failed start goes back to."""
    return (spec.claim_mode if run.asked_from is not None else ClaimMode.NO_CLAIM).value


def submitted(shop: Workshop, flink: FlinkClient, job_id: str, seconds: float) -> bool:
    """Looks for `seconds` whether a submission whose answer was lost has arrived."""

    def read() -> bool:
        try:
            flink.status(job_id)
        except (FlinkNotFound, FlinkUnreachable):
            return False
        return True

    return poll(shop.clock, read, bool, seconds)[1]
