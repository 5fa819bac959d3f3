"""A state verdict on a restart that is due: whether it may go on, and what a plan says of it."""

from dataclasses import dataclass

from flink_components.plan.state.losses import Accepted, Refused, size_text
from flink_components.plan.state.rendering import as_text
from flink_components.plan.state.verdict import StateVerdict, Verdict


@dataclass(frozen=True)
class Judgement:
    """The verdict, the losses that stand in its way, and those that are accepted.

    `by` names what was looked at in place of a snapshot that is yet to be taken, `graph` where the
    job graph is from that no file has.
    """

    verdict: StateVerdict
    refused: tuple[Refused, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    by: str = ""
    graph: str = ""

    @property
    def refusal(self) -> str:
        """Why the restart is refused before anything is stopped; "" where it is not."""
        if self.verdict.verdict is Verdict.INCOMPATIBLE:
            mend = "mend that" if self.verdict.obstacles else "keep the uids"
            return (
                f"the new program can't go on from this state, whatever is accepted: {mend}, or "
                f'give the state up with upgrade_mode="stateless"'
            )
        if not self.refused:
            return ""
        return "state would be lost: keep it, or accept each loss by name"

    @property
    def gives_up(self) -> bool:
        """The job goes on, without the state whose loss is accepted."""
        return bool(self.accepted) and not self.refusal

    def text(self) -> str:
        """The block of a plan."""
        lines = [as_text(self.verdict, self.refused)]
        facts = [("accepted", _said(loss)) for loss in self.accepted]
        facts += [("graph", self.graph)] if self.graph else []
        facts += [("judged by", self.by)] if self.by else []
        return "\n".join([*lines, *(f"    {label:<9} {said}" for label, said in facts)])


def _said(loss: Accepted) -> str:
    """Without the reason, which may be a secret."""
    most = f", of at most {loss.by.up_to}" if loss.by.up_to else ""
    return f"{loss.by.operator} for version {loss.by.version}: {size_text(loss.dropped.size)}{most}"
