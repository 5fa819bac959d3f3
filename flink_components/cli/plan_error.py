"""Why there is no plan."""


class PlanError(Exception):
    """The plan could not be made; the message says why."""
