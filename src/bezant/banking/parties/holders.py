"""Who holds an account: what kinds of parties they are, and what they are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.banking.parties import store
from bezant.banking.parties.schemas import PartyKind
from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.sealed import Sealer
from bezant.kernel.telemetry import Sensitive
from bezant.ledger import ReadKind

HOLDER_KINDS: Final = ReadKind("holder_kinds", store.READ_HOLDER_KINDS, takes_instant=True)
"""The kinds of an account's holders, by its identifier, for `is_person`."""


def is_person(row: Mapping[str, Any] | None) -> bool:
    """Whether a natural person is among an account's holders, as far as these are known."""
    return row is not None and PartyKind.PERSON in row["kinds"]


@dataclass(frozen=True, slots=True, repr=False)
class AccountHolder(Sensitive):
    """A party that an account belongs to.

    Attributes:
        legal_name: as it was verified.
        other_names: that it is known by, or trades under.
    """

    kind: PartyKind
    legal_name: str
    other_names: tuple[str, ...] = ()

    @property
    def is_person(self) -> bool:
        """Whether it is a natural person."""
        return self.kind is PartyKind.PERSON


class AccountHolders:
    """The names of those who hold accounts.

    Args:
        database: connected as the application's role.
        clock: tells whose mandates are over.
        sealer: opens names; each opening is in the audit log.
    """

    def __init__(self, database: Database, clock: Clock, sealer: Sealer) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer

    async def of(self, call: Call, account_id: UUID) -> list[AccountHolder]:
        """The holders whose names are known; none of those who were erased.

        Raises:
            SubjectRestricted: for the call's purpose a name is not opened.
            Unavailable: the vault does not answer.
        """
        rows = await self._database.fetch(
            store.FIND_HOLDERS, call.tenant_id, account_id, self._clock.now()
        )
        references = [reference for row in rows for reference in row["refs"]]
        if not references:
            return []
        opened = (await self._sealer.open(call, references)).values
        holders = []
        for row in rows:
            slots = dict(zip(row["slots"], row["refs"], strict=True))
            legal = opened.get(slots["legal_name"]) if "legal_name" in slots else None
            if legal is None:
                continue
            others = opened.get(slots["other_names"]) if "other_names" in slots else None
            names = () if others is None else msgspec.json.decode(others, type=tuple[str, ...])
            holders.append(AccountHolder(PartyKind(row["kind"]), legal, names))
        return holders
