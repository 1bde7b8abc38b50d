"""Whom accounts pay, and whom they do not: lists that the commit of a payment looks at."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.banking.accounts import BankAccountNotFound
from bezant.banking.limits import store
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.idempotency import once
from bezant.kernel.telemetry import Sensitive

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

Iban = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]{8,36}\Z",
        description="ISO 13616, in any form.",
        examples=["GB33BUKB20201555555555"],
    ),
]


class Standing(StrEnum):
    """How an account stands to a counterparty.

    As soon as one is `allowed`, the account pays those only that are.
    """

    ALLOWED = "allowed"
    DENIED = "denied"


class CounterpartyStanding(Struct, Sensitive, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/counterparties`. `standing` of null takes it off the list."""

    iban: Iban
    standing: Standing | None


class Listed(Struct, frozen=True):
    """What became of a counterparty on an account's list, whose number is not repeated."""

    standing: Standing | None


class CounterpartyLists:
    """Lists of counterparties, of which only keyed fingerprints are kept.

    Args:
        database: connected as the application's role.
    """

    def __init__(self, database: Database, clock: Clock, fingerprints: Fingerprints) -> None:
        self._database = database
        self._clock = clock
        self._fingerprints = fingerprints

    async def set(self, call: Call, account_id: UUID, asked: CounterpartyStanding) -> Answer:
        """Put a counterparty on a list, or off it (200 `Listed`). It holds at once.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        key = call.tenant_id, account_id, counterparty_of(self._fingerprints, asked.iban)

        async def work(connection: "Connection") -> Answer:
            if await connection.fetchrow(store.FIND_TERMS, call.tenant_id, account_id) is None:
                raise BankAccountNotFound(f"No account {account_id}.")
            if asked.standing is None:
                await connection.execute(store.DELETE_STANDING, *key)
            else:
                now = self._clock.now()
                await connection.execute(store.SAVE_STANDING, *key, asked.standing, now, call.actor)
            return Answer.of(Listed(asked.standing))

        return await once(self._database, self._clock, call, work)


def counterparty_of(fingerprints: Fingerprints, iban: str) -> bytes:
    """What limits and lists know a counterparty by: nothing that tells its number."""
    return fingerprints.of("counterparty", "".join(iban.split()).upper())
