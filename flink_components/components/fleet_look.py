"""Looks at the jobs of a fleet: what happens to each, and how those are that nothing happens to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flink_components.components import foreseeing
from flink_components.components.fleet import Member
from flink_components.components.looking import workshop
from flink_components.lifecycle.fleet import Place, record_of, settled, troubles, undeclared
from flink_components.plan.changes import plain
from flink_components.plan.fleet import Fate, FleetPlan, fate_of
from flink_components.providers.process import has_unknown
from flink_components.spec.base import SpecError, load
from flink_components.spec.connection import Connection
from flink_components.spec.fleet import FleetSpec

_OF_A_PLACE = ("key", "namespace")


@dataclass(frozen=True)
class Look:
    """A job, what is declared of it, and what becomes of it: what its plan says, where not said."""

    member: Member
    inputs: Mapping[str, Any]
    said: Fate | None

    @property
    def fate(self) -> Fate:
        """What becomes of it."""
        if self.said is not None or self.member.plan is None:
            return self.said or Fate.UNKNOWN
        return fate_of(self.member.plan)

    @property
    def key(self) -> str:
        """Its key; its name where that is not known yet."""
        key = self.inputs.get("key")
        return key if isinstance(key, str) else self.member.name

    def place(self) -> Place | None:
        """Where its ledger is; None where that is not known yet."""
        if not all(isinstance(self.inputs.get(name), str) for name in _OF_A_PLACE):
            return None
        of_the_cluster = self.inputs.get("cluster")
        given = (
            of_the_cluster.get("connection")
            if isinstance(of_the_cluster, Mapping)
            else self.inputs.get("connection")
        )
        if has_unknown(given):
            return None
        try:
            connection = load(Connection, plain(given or {}))
        except SpecError:
            return None
        return Place(connection, self.inputs["namespace"], self.inputs["key"])


def foreseen(member: Member, inputs: Mapping[str, Any], in_trouble: bool = False) -> Fate:
    """What an `up` would do with the job, by its ledger and by Flink, but for what is in place.

    `in_trouble`: that is asked for though its ledger says that the job is as it is declared.
    """
    if member.ignores:
        return Fate.UNKNOWN
    find = foreseeing.job if member.foreseen_as == "job" else foreseeing.application
    look = find(inputs, None, None)
    shop, place = workshop(), Look(member, inputs, None).place()
    if look is None or place is None:
        return Fate.UNKNOWN
    wish = foreseeing.wish_of(member.foreseen_as, inputs)
    if not in_trouble and wish is not None and settled(wish, record_of(shop, place)):
        return Fate.UNTOUCHED
    return fate_of(look(shop))


def summary(
    name: str,
    spec: FleetSpec,
    looks: Sequence[Look],
    canary: Member | None,
    keys: Collection[str] | None,
    stack: str,
    in_up: bool,
) -> FleetPlan:
    """What happens to all of them. `keys` are those of all jobs of the program, None if unknown."""
    shop = workshop()
    places = {look.key: place for look in looks if (place := look.place()) is not None}
    quiet = [look.key for look in looks if look.fate is Fate.UNTOUCHED and look.key in places]
    wrong, unseen = troubles(shop, {key: record_of(shop, places[key]) for key in quiet})
    return FleetPlan(
        name=name,
        spec=spec,
        fates={look.key: look.fate for look in looks},
        canary=next((look.key for look in looks if look.member is canary), None),
        deleted=() if keys is None else undeclared(shop, places.values(), keys, stack),
        troubles=wrong,
        unseen=unseen,
        in_up=in_up,
    )
