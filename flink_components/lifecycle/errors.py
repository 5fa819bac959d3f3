"""Why a life cycle step did not happen: one clear line each."""


class LifecycleError(Exception):
    """A step was refused or failed; the message says what was done and what to do."""


class Refused(LifecycleError):
    """Refused before anything was changed."""


class Locked(LifecycleError):
    """Another process holds the lock of the key."""


class LockLost(LifecycleError):
    """The lock was taken over by another process: nothing more may be done here."""


class StepFailed(LifecycleError):
    """A step was carried out and failed; the ledger says how far it came."""


class AnswerLost(StepFailed):
    """Whether a submission was carried out is not known: nothing may be started beside it."""


class WrongState(StepFailed):
    """A job runs with other state than it was given: it must not run on."""


class FailedByItself(StepFailed):
    """Flink restarts the job for a reason of its own: it may be stopped when it runs again."""


class LeftToGuard(StepFailed):
    """Its JobManager does not answer: its guard goes on with the job once the lock is free."""
