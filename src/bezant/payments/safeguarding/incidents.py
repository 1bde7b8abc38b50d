"""What becomes of incidents: somebody acknowledges them, and somebody else closes them."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.ledger import Decision, Reads, RiderKinds, Seen
from bezant.payments.safeguarding import schemas, store
from bezant.payments.safeguarding.errors import (
    IncidentNotCovered,
    IncidentNotFound,
    IncidentNotInState,
    IncidentOwnAcknowledgement,
)
from bezant.payments.safeguarding.records import (
    ARRANGEMENT,
    INCIDENT,
    Standing,
    arranged_of,
    incident_of,
)
from bezant.payments.safeguarding.schemas import IncidentState
from bezant.payments.safeguarding.service import SafeguardingService

if TYPE_CHECKING:
    from bezant.ledger import Ledger, Rider

_BEFORE_ALL: Final = UUID(int=0)


@RiderKinds.register
class AcknowledgeIncident(msgspec.Struct, frozen=True):
    """`POST /v1/safeguarding-incidents/{incident}/acknowledge`."""

    id: UUID
    reason: str
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The incident."""
        return Reads(rows=((INCIDENT, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """Acknowledge it.

        Raises:
            IncidentNotInState: somebody did before.
        """
        found = _in_state(seen, self.id, IncidentState.OPEN)
        incident, rows = found.stepped(seen, IncidentState.ACKNOWLEDGED, self.actor, self.reason)
        return Decision(Answer.of(incident.view()), rows)


@RiderKinds.register
class CloseIncident(msgspec.Struct, frozen=True):
    """`POST /v1/safeguarding-incidents/{incident}/close`."""

    id: UUID
    arrangement_id: UUID
    reason: str
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The incident, and its arrangement."""
        return Reads(rows=((INCIDENT, self.id), (ARRANGEMENT, self.arrangement_id)))

    def decide(self, seen: Seen) -> Decision:
        """Close it.

        Raises:
            IncidentNotInState: nobody acknowledged it, or it is closed.
            IncidentOwnAcknowledgement: who acknowledged it asks.
            IncidentNotCovered: the difference is there as far as any day has shown.
        """
        found = _in_state(seen, self.id, IncidentState.ACKNOWLEDGED)
        if found.acknowledged_by == self.actor:
            raise IncidentOwnAcknowledgement("Somebody else has to close it.")
        if found.covered_on is None:
            raise IncidentNotCovered(f"On {found.last_day} it was {found.amount}.")
        incident, rows = found.stepped(seen, IncidentState.CLOSED, self.actor, self.reason)
        arranged = arranged_of(seen, self.arrangement_id)
        incidents = {kind: each for kind, each in arranged.incidents.items() if each != self.id}
        arranged = replace(arranged, incidents=incidents)
        return Decision(Answer.of(incident.view()), (*rows, arranged.save(seen)))


class IncidentService:
    """The safeguarding incidents of a tenant.

    Args:
        database: connected as the application's role.
        ledger: in whose commits they change, after the results of days that change them too.
        safeguarding: tells in which book.
    """

    def __init__(
        self, database: Database, ledger: "Ledger", safeguarding: SafeguardingService
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._safeguarding = safeguarding

    async def acknowledge(
        self, call: Call, incident_id: UUID, asked: schemas.IncidentReason
    ) -> Answer:
        """`POST /v1/safeguarding-incidents/{incident}/acknowledge` -> 200 `Incident`."""
        found = await self._standing(call.tenant_id, incident_id)
        return await self._submit(
            call, found, AcknowledgeIncident(incident_id, asked.reason, call.actor)
        )

    async def close(self, call: Call, incident_id: UUID, asked: schemas.IncidentReason) -> Answer:
        """`POST /v1/safeguarding-incidents/{incident}/close` -> 200 `Incident`."""
        found = await self._standing(call.tenant_id, incident_id)
        rider = CloseIncident(incident_id, found.arrangement_id, asked.reason, call.actor)
        return await self._submit(call, found, rider)

    async def incident(self, tenant_id: UUID, incident_id: UUID) -> schemas.Incident:
        """`GET /v1/safeguarding-incidents/{incident}`.

        Raises:
            IncidentNotFound: the tenant has no such.
        """
        return (await self._standing(tenant_id, incident_id)).view()

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> schemas.Incidents:
        """The tenant's incidents after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        listed = await self._database.fetch(store.LIST_INCIDENTS, tenant_id, start, limit + 1)
        ids = [row["incident_id"] for row in listed[:limit]]
        rows = await self._database.fetch(store.READ_INCIDENTS, tenant_id, ids)
        found = sorted((Standing.of(dict(row)) for row in rows), key=lambda each: each.id)
        more = str(ids[-1]) if len(listed) > limit else None
        return schemas.Incidents([each.view() for each in found], more)

    async def steps(self, tenant_id: UUID, incident_id: UUID) -> schemas.IncidentSteps:
        """`GET /v1/safeguarding-incidents/{incident}/steps`.

        Raises:
            IncidentNotFound: the tenant has no such.
        """
        await self._standing(tenant_id, incident_id)
        rows = await self._database.fetch(store.LIST_STEPS, tenant_id, incident_id)
        steps = [
            schemas.IncidentStep(
                IncidentState(row["to_state"]), row["reason"], row["at"], row["actor"]
            )
            for row in rows
        ]
        return schemas.IncidentSteps(steps)

    async def _standing(self, tenant_id: UUID, incident_id: UUID) -> Standing:
        row = await self._database.fetchrow(store.READ_INCIDENTS, tenant_id, [incident_id])
        if row is None:
            raise IncidentNotFound("There is no such safeguarding incident.")
        return Standing.of(dict(row))

    async def _submit(self, call: Call, found: Standing, rider: "Rider") -> Answer:
        arranged = await self._safeguarding.arranged(call.tenant_id, found.arrangement_id)
        return await self._ledger.submit(call, arranged.book_id, rider)


def _in_state(seen: Seen, incident_id: UUID, state: IncidentState) -> Standing:
    found = incident_of(seen, incident_id)
    if found.state is not state:
        raise IncidentNotInState(f"Incident {incident_id} is {found.state}.", state=found.state)
    return found
