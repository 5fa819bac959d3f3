"""The programs of a key, in a Secret beside its ledger: what a person runs without Pulumi.

A Secret, since arguments and options may be passwords. It never makes an upgrade fail or longer.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from flink_components.kube.api import Conflict, KubeApi, KubeError
from flink_components.lifecycle.errors import LifecycleError
from flink_components.lifecycle.key_secret import KeySecret
from flink_components.lifecycle.ledger import Ledger
from flink_components.lifecycle.wish import Wish
from flink_components.lifecycle.work import Workshop, meanwhile
from flink_components.plan.programs import Program, Programs, with_program
from flink_components.plan.record import Record

_PROGRAMS = "programs"
_WRITE_ATTEMPTS = 3

Json = dict[str, Any]


@dataclass(frozen=True)
class Shelf:
    """Where the programs of a key are kept."""

    api: KubeApi
    namespace: str
    key: str

    @property
    def name(self) -> str:
        """The Secret's name."""
        return self._kept.name

    @property
    def _kept(self) -> KeySecret:
        return KeySecret(self.api, self.namespace, self.key)

    def read(self) -> Programs:
        """The kept programs; none where nothing was written yet.

        Raises LifecycleError where they were edited to something else.
        """
        return self._programs(self._kept.read())

    def keep(self, program: Program, record: Record) -> None:
        """Writes a program that is to be submitted, if that is not what is there already.

        `record` says what else is needed. Raises KubeError, LifecycleError.
        """
        for attempt in range(_WRITE_ATTEMPTS):
            # Before its first start a job has none, so that need not be asked.
            new = not record.attempts and not attempt
            secret = {} if new else self._kept.read()
            known = self._programs(secret)
            programs = with_program(known, program, record)
            if programs == known:
                return
            try:
                text = json.dumps(programs.model_dump(mode="json"), separators=(",", ":"))
                self._kept.write(secret, _PROGRAMS, text.encode())
            except Conflict:
                continue
            return
        raise LifecycleError(f"Secret {self.namespace}/{self.name} is written by others all along")

    def remove(self) -> None:
        """Removes them all, since they may hold passwords. Raises KubeError."""
        self.api.delete("Secret", self.namespace, self.name)

    def _programs(self, secret: Json) -> Programs:
        if not secret:
            return Programs(key=self.key)
        try:
            programs = Programs.model_validate_json(base64.b64decode(secret["data"][_PROGRAMS]))
        except (KeyError, TypeError, ValueError, ValidationError):
            programs = None
        return self._kept.checked("programs", programs)


def shelf_of(ledger: Ledger[Record]) -> Shelf:
    """The programs that belong to a ledger."""
    return Shelf(ledger.api, ledger.namespace, ledger.key)


@contextmanager
def keeping(
    shop: Workshop, ledger: Ledger[Record], wish: Wish, revision: int, record: Record
) -> Iterator[None]:
    """Keeps the program of a wish beside what is done in the block, by its end.

    What can't be kept is said, and is no error.
    """
    program = Program(
        fingerprint=wish.fingerprint,
        content=wish.content,
        revision=revision,
        spec=wish.declared.model_dump(mode="json", exclude_none=True),
    )
    failed = "the program was not kept for `flink-components resume` and `rollback`"
    with meanwhile(shop, lambda: shelf_of(ledger).keep(program, record), failed):
        yield


def keep(shop: Workshop, ledger: Ledger[Record], wish: Wish, revision: int, record: Record) -> None:
    """Keeps the program of a wish, or says why it can't."""
    with keeping(shop, ledger, wish, revision, record):
        pass


def remove_programs(shop: Workshop, ledger: Ledger[Record]) -> None:
    """Removes the programs of a key that is deleted, or says why it can't."""
    shelf = shelf_of(ledger)
    try:
        shelf.remove()
    except KubeError as error:
        shop.say(
            f"Secret {shelf.namespace}/{shelf.name} with the job's programs was not removed, "
            f"and may hold passwords: delete it ({error})"
        )
