"""Agreeing on safeguarding, asking for reconciliations, and reading them."""

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.banking import InstitutionNotFound, InstitutionService
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.pagination import InvalidCursor
from bezant.payments.safeguarding import schemas, store
from bezant.payments.safeguarding.domain import Difference
from bezant.payments.safeguarding.errors import (
    ArrangementNotFound,
    SafeguardingNotFound,
    UnknownSafeguardingInstitution,
)
from bezant.payments.safeguarding.measuring import Measuring
from bezant.payments.safeguarding.records import TERMS, Arranged, arrangement_id_of, day_of
from bezant.payments.safeguarding.riders import ArrangeSafeguarding, BeginSafeguarding

if TYPE_CHECKING:
    from bezant.ledger import Ledger

_BEFORE_ALL: Final = UUID(int=0)


class SafeguardingService:
    """The safeguarding of a tenant's institutions.

    Args:
        database: connected as the application's role.
        ledger: in whose commits days are cut.
        institutions: tell in which book their customers are.
    """

    def __init__(
        self, database: Database, ledger: "Ledger", institutions: InstitutionService
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._institutions = institutions
        self._measuring = Measuring(database)

    async def arrange(self, call: Call, new: schemas.NewArrangement) -> Answer:
        """`POST /v1/safeguarding-arrangements` -> 201 `Arrangement`.

        Raises:
            UnknownSafeguardingInstitution: the tenant has no such.
        """
        try:
            institution = await self._institutions.find(call.tenant_id, new.institution_id)
        except InstitutionNotFound:
            raise UnknownSafeguardingInstitution(
                "There is no such institution.", field="institution_id"
            ) from None
        arrangement_id = arrangement_id_of(new.institution_id, new.asset)
        rider = ArrangeSafeguarding(arrangement_id, new, call.actor)
        return await self._ledger.submit(call, institution.book_id, rider)

    async def arranged(self, tenant_id: UUID, arrangement_id: UUID) -> Arranged:
        """An arrangement as it stands.

        Raises:
            ArrangementNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.READ_ARRANGEMENTS, tenant_id, [arrangement_id])
        if row is None:
            raise ArrangementNotFound("There is no such safeguarding arrangement.")
        return Arranged.of(dict(row))

    async def arrangements(
        self, tenant_id: UUID, *, after: str | None, limit: int
    ) -> schemas.Arrangements:
        """The tenant's arrangements after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        listed = await self._database.fetch(store.LIST_ARRANGEMENTS, tenant_id, start, limit + 1)
        ids = [row["arrangement_id"] for row in listed[:limit]]
        rows = await self._database.fetch(store.READ_ARRANGEMENTS, tenant_id, ids)
        found = sorted((Arranged.of(dict(row)) for row in rows), key=lambda each: each.id)
        more = str(ids[-1]) if len(listed) > limit else None
        return schemas.Arrangements([each.view() for each in found], more)

    async def position(self, tenant_id: UUID, arrangement_id: UUID) -> schemas.Position:
        """`GET /v1/safeguarding-arrangements/{arrangement}/position`.

        Raises:
            ArrangementNotFound: the tenant has no such.
        """
        arranged = await self.arranged(tenant_id, arrangement_id)
        figures = await self._measuring.now(tenant_id, arranged)
        difference = Difference.of(figures)
        return schemas.Position(
            arrangement_id,
            arranged.version,
            str(difference.shortfall),
            str(difference.excess),
            figures,
        )

    async def begin(self, call: Call, new: schemas.NewReconciliation) -> Answer:
        """`POST /v1/safeguarding-reconciliations` -> 201 `Reconciliation`. A job carries it out.

        Raises:
            ArrangementNotFound: the tenant has no such.
        """
        arranged = await self.arranged(call.tenant_id, new.arrangement_id)
        rider = BeginSafeguarding(new.arrangement_id, new.day, call.actor, is_asked=True)
        return await self._ledger.submit(call, arranged.book_id, rider)

    async def figures(self, tenant_id: UUID, begun: schemas.Reconciliation) -> schemas.Figures:
        """Both sides at the cut of a day."""
        arranged = await self.arranged(tenant_id, begun.arrangement_id)
        terms = await self.terms(tenant_id, begun)
        return await self._measuring.at_cut(
            tenant_id, arranged, terms, begun.day, begun.known_at, begun.begun_at
        )

    async def terms(
        self, tenant_id: UUID, begun: schemas.Reconciliation
    ) -> schemas.SafeguardingTerms:
        """The terms that a day was cut by."""
        row = await self._database.fetchrow(
            store.FIND_TERMS, tenant_id, begun.arrangement_id, begun.version
        )
        assert row is not None, "a cut is by a version of the terms"
        return TERMS.decode(row["terms"])

    async def reconciliation(
        self, tenant_id: UUID, reconciliation_id: UUID
    ) -> schemas.Reconciliation:
        """`GET /v1/safeguarding-reconciliations/{reconciliation}`.

        Raises:
            SafeguardingNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.READ_DAYS, tenant_id, [reconciliation_id])
        if row is None:
            raise SafeguardingNotFound("There is no such safeguarding reconciliation.")
        return day_of(dict(row))

    async def page(
        self, tenant_id: UUID, arrangement_id: UUID, *, after: str | None, limit: int
    ) -> schemas.Reconciliations:
        """An arrangement's reconciliations of days after one of them.

        Raises:
            ArrangementNotFound: the tenant has no such.
            InvalidCursor: there is no such day.
        """
        await self.arranged(tenant_id, arrangement_id)
        try:
            start = date.min if after is None else date.fromisoformat(after)
        except ValueError:
            raise InvalidCursor("No day is called so.", field="cursor") from None
        listed = await self._database.fetch(
            store.LIST_DAYS, tenant_id, arrangement_id, start, limit + 1
        )
        ids = [row["reconciliation_id"] for row in listed[:limit]]
        rows = await self._database.fetch(store.READ_DAYS, tenant_id, ids)
        found = sorted((day_of(dict(row)) for row in rows), key=lambda each: each.day)
        more = found[-1].day.isoformat() if len(listed) > limit else None
        return schemas.Reconciliations(found, more)
