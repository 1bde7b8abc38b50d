"""The registry of creditors: whose an identifier is, in an institution.

An identifier collects for accounts alone that its party may act for. One that is not registered
collects nothing, unless the platform's settings let it.
"""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.banking import InstitutionService, find_party, may_act, reads_of_mandates
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.idempotency import once
from bezant.kernel.ids import derived_id
from bezant.ledger import ReadKind, Seen
from bezant.payments.direct_debits import store
from bezant.payments.direct_debits.domain import identity_of, normal_creditor_identifier
from bezant.payments.direct_debits.errors import (
    CreditorNotFound,
    CreditorOfAnother,
    CreditorRegistered,
    CreditorUnregistered,
)
from bezant.payments.direct_debits.schemas import Creditor, Creditors, NewCreditor

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

CREDITOR: Final = ReadKind("direct_debit_creditor", store.READ_CREDITORS)
"""Whose a creditor identifier is, by the identifier of its registration."""

RowKeys = tuple[tuple[ReadKind, object], ...]

_BEFORE_ALL: Final = UUID(int=0)


def registration_id(tenant_id: UUID, institution_id: UUID, creditor: bytes) -> UUID:
    """What a registration is known by: an identifier has one in an institution."""
    return derived_id(b"direct debit creditor" + tenant_id.bytes + institution_id.bytes + creditor)


def reads_of_creditor(registration: UUID, account_id: UUID) -> RowKeys:
    """What `check_creditor` looks at."""
    return ((CREDITOR, registration), *reads_of_mandates(account_id))


def check_creditor(seen: Seen, registration: UUID, account_id: UUID) -> None:
    """Refuse to collect for an account under another party's identifier.

    Raises:
        CreditorOfAnother: the party that it is registered for may not act for the account.
    """
    row = seen.row(CREDITOR, registration)
    if row is not None and not may_act(seen, account_id, row["party_id"], seen.draft.at):
        raise CreditorOfAnother("It is registered for another party.", field="creditor_id")


def check_registered(seen: Seen, registration: UUID, account_id: UUID) -> None:
    """Refuse to collect under an identifier of nobody, or of another party.

    Raises:
        CreditorUnregistered: nobody has it in the institution.
        CreditorOfAnother: see `check_creditor`.
    """
    if seen.row(CREDITOR, registration) is None:
        raise CreditorUnregistered("Register whose creditor identifier it is.")
    check_creditor(seen, registration, account_id)


class CreditorService:
    """The creditors of a tenant's institutions.

    Args:
        database: where they are registered.
        clock: tells when.
        institutions: knows the tenant's.
        fingerprints: identifiers are recognised by, and not kept.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        institutions: InstitutionService,
        fingerprints: Fingerprints,
    ) -> None:
        self._database = database
        self._clock = clock
        self._institutions = institutions
        self._fingerprints = fingerprints

    async def register(self, call: Call, new: NewCreditor) -> Answer:
        """`POST /v1/direct-debit-creditors` -> 201 `Creditor`.

        Raises:
            CreditorIdentifierInvalid: see there.
            InstitutionNotFound: the tenant has no such.
        """
        tenant_id = call.tenant_id
        call = self._fingerprints.covered(call)
        identifier = normal_creditor_identifier(new.creditor_id)
        await self._institutions.find(tenant_id, new.institution_id)
        fingerprint = self._fingerprints.of("sepa creditor", identity_of(identifier))
        made = Creditor(
            registration_id(tenant_id, new.institution_id, fingerprint),
            new.institution_id,
            new.party_id,
            self._clock.now(),
        )

        async def work(connection: "Connection") -> Answer:
            await find_party(connection, tenant_id, new.party_id)
            taken = await connection.fetchrow(
                store.INSERT_CREDITOR, tenant_id, made.id, made.institution_id, made.party_id,
                made.registered_at, call.actor,
            )  # fmt: skip
            if taken is None:
                raise CreditorRegistered("The identifier is registered.", field="creditor_id")
            return Answer.of(made, 201)

        return await once(self._database, self._clock, call, work)

    async def find(self, tenant_id: UUID, creditor: UUID) -> Creditor:
        """`GET /v1/direct-debit-creditors/{creditor}`.

        Raises:
            CreditorNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.READ_CREDITORS, tenant_id, [creditor])
        if row is None:
            raise CreditorNotFound("There is no such creditor.")
        return _creditor(row)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> Creditors:
        """The tenant's creditors after the one named `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST_CREDITORS, tenant_id, start, limit + 1)
        found = [_creditor(row) for row in rows[:limit]]
        return Creditors(found, str(found[-1].id) if len(rows) > limit else None)


def _creditor(row: "asyncpg.Record") -> Creditor:
    return Creditor(row["key"], row["institution_id"], row["party_id"], row["registered_at"])
