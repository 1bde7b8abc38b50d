"""Making and finding institutions."""

from secrets import SystemRandom
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.banking.institutions import store
from bezant.banking.institutions.errors import (
    BankCodeInvalid,
    BicInvalid,
    InstitutionExists,
    InstitutionNotFound,
)
from bezant.banking.institutions.numbers import NoSuchNumber, draw_number, is_bic_of
from bezant.banking.institutions.schemas import Institution, Institutions, NewInstitution
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from bezant.ledger import Ledger

    Connection = PoolConnectionProxy[asyncpg.Record]

_BEFORE_ALL: Final = UUID(int=0)


class InstitutionService:
    """The institutions of tenants.

    Args:
        database: connected as the application's role.
        ledger: tells which books there are; they are never removed.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, ledger: "Ledger") -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._ledger = ledger

    async def create(self, call: Call, new: NewInstitution) -> Answer:
        """`POST /v1/institutions` -> 201 `Institution`.

        Raises:
            BookNotFound: the tenant has no such book.
            BankCodeInvalid: no account number can be made with it.
            BicInvalid: it is none, or another country's.
            InstitutionExists: there is one under this bank code.
        """
        await self._ledger.book(call.tenant_id, new.book_id)
        _check(new)
        made = Institution(
            self._ids.new(), new.book_id, new.name, new.country, new.bank_code, new.branch_code,
            new.bic, self._clock.now(),
        )  # fmt: skip

        async def work(connection: "Connection") -> Answer:
            done = await connection.execute(
                store.INSERT, call.tenant_id, made.id, made.book_id, made.name, made.country,
                made.bank_code, made.branch_code, made.bic, made.created_at,
            )  # fmt: skip
            if done != "INSERT 0 1":
                raise InstitutionExists(f"There is one under {new.country} {new.bank_code}.")
            return Answer.of(made, 201)

        return await once(self._database, self._clock, call, work)

    async def find(self, tenant_id: UUID, institution_id: UUID) -> Institution:
        """One institution.

        Raises:
            InstitutionNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.FIND, tenant_id, institution_id)
        if row is None:
            raise InstitutionNotFound("There is no such institution.")
        return _institution(row)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> Institutions:
        """The tenant's institutions after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        found = [_institution(row) for row in rows[:limit]]
        return Institutions(found, str(found[-1].id) if len(rows) > limit else None)


def _check(new: NewInstitution) -> None:
    try:
        draw_number(new.country, new.bank_code, new.branch_code, SystemRandom())
    except NoSuchNumber as error:
        raise BankCodeInvalid(str(error), field=error.part) from None
    if not is_bic_of(new.bic, new.country):
        raise BicInvalid(f"{new.bic} is no BIC of {new.country}.", field="bic")


def _institution(row: "asyncpg.Record") -> Institution:
    return Institution(
        row["institution_id"], row["ledger_book"], row["name"], row["country"], row["bank_code"],
        row["branch_code"], row["bic"], row["created_at"],
    )  # fmt: skip
