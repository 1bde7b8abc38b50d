"""The routes of safeguarding."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES
from bezant.payments.safeguarding import errors, schemas
from bezant.payments.safeguarding.incidents import IncidentService
from bezant.payments.safeguarding.service import SafeguardingService

READ: Final = "safeguarding:read"
WRITE: Final = "safeguarding:write"

_TAG: Final = "safeguarding"
_ARRANGEMENTS: Final = "/v1/safeguarding-arrangements"
_ARRANGEMENT: Final = f"{_ARRANGEMENTS}/{{arrangement}}"
_RECONCILIATIONS: Final = "/v1/safeguarding-reconciliations"
_INCIDENTS: Final = "/v1/safeguarding-incidents"
_INCIDENT: Final = f"{_INCIDENTS}/{{incident}}"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXAMPLE: Final = "0198c2b4-0000-7000-8000-000000000001"


class ArrangementPath(Struct, frozen=True):
    """An arrangement."""

    arrangement: UUID


class ReconciliationPath(Struct, frozen=True):
    """The reconciliation of a day."""

    reconciliation: UUID


class IncidentPath(Struct, frozen=True):
    """An incident."""

    incident: UUID


class Routes:
    """The handlers."""

    def __init__(self, safeguarding: SafeguardingService, incidents: IncidentService) -> None:
        self._safeguarding = safeguarding
        self._incidents = incidents

    async def arrange(self, asked: Writing[Nothing, schemas.NewArrangement]) -> Answer:
        """`POST /v1/safeguarding-arrangements`."""
        return await self._safeguarding.arrange(asked.call, asked.body)

    async def arrangements(self, asked: Reading[Nothing, Page]) -> schemas.Arrangements:
        """`GET /v1/safeguarding-arrangements`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _ARRANGEMENTS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._safeguarding.arrangements(
                tenant_id, after=after, limit=limit
            ),
        )

    async def arrangement(self, asked: Reading[ArrangementPath, Nothing]) -> schemas.Arrangement:
        """`GET /v1/safeguarding-arrangements/{arrangement}`."""
        tenant_id = asked.principal.tenant_id
        return (await self._safeguarding.arranged(tenant_id, asked.path.arrangement)).view()

    async def position(self, asked: Reading[ArrangementPath, Nothing]) -> schemas.Position:
        """`GET /v1/safeguarding-arrangements/{arrangement}/position`."""
        tenant_id = asked.principal.tenant_id
        return await self._safeguarding.position(tenant_id, asked.path.arrangement)

    async def begin(self, asked: Writing[Nothing, schemas.NewReconciliation]) -> Answer:
        """`POST /v1/safeguarding-reconciliations`."""
        return await self._safeguarding.begin(asked.call, asked.body)

    async def days(self, asked: Reading[ArrangementPath, Page]) -> schemas.Reconciliations:
        """`GET /v1/safeguarding-arrangements/{arrangement}/reconciliations`."""
        tenant_id, arrangement_id = asked.principal.tenant_id, asked.path.arrangement
        return await turn_page(
            f"{_ARRANGEMENTS}/{arrangement_id}/reconciliations",
            asked.query,
            _DAY,
            lambda after, limit: self._safeguarding.page(
                tenant_id, arrangement_id, after=after, limit=limit
            ),
        )

    async def day(self, asked: Reading[ReconciliationPath, Nothing]) -> schemas.Reconciliation:
        """`GET /v1/safeguarding-reconciliations/{reconciliation}`."""
        tenant_id = asked.principal.tenant_id
        return await self._safeguarding.reconciliation(tenant_id, asked.path.reconciliation)

    async def incidents(self, asked: Reading[Nothing, Page]) -> schemas.Incidents:
        """`GET /v1/safeguarding-incidents`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _INCIDENTS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._incidents.page(tenant_id, after=after, limit=limit),
        )

    async def incident(self, asked: Reading[IncidentPath, Nothing]) -> schemas.Incident:
        """`GET /v1/safeguarding-incidents/{incident}`."""
        return await self._incidents.incident(asked.principal.tenant_id, asked.path.incident)

    async def steps(self, asked: Reading[IncidentPath, Nothing]) -> schemas.IncidentSteps:
        """`GET /v1/safeguarding-incidents/{incident}/steps`."""
        return await self._incidents.steps(asked.principal.tenant_id, asked.path.incident)

    async def acknowledge(self, asked: Writing[IncidentPath, schemas.IncidentReason]) -> Answer:
        """`POST /v1/safeguarding-incidents/{incident}/acknowledge`."""
        return await self._incidents.acknowledge(asked.call, asked.path.incident, asked.body)

    async def close(self, asked: Writing[IncidentPath, schemas.IncidentReason]) -> Answer:
        """`POST /v1/safeguarding-incidents/{incident}/close`."""
        return await self._incidents.close(asked.call, asked.path.incident, asked.body)


def operations(
    safeguarding: SafeguardingService, incidents: IncidentService
) -> Sequence[Operation]:
    """The operations on safeguarding."""
    routes = Routes(safeguarding, incidents)
    return [
        *_of_arrangements(routes),
        *_of_days(routes),
        *_of_incidents(routes),
        *_of_people(routes),
    ]


def _of_arrangements(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="arrange_safeguarding",
            path=_ARRANGEMENTS,
            tag=_TAG,
            summary="Agree on what safeguards an institution's customers in an asset",
            description="Agreeing anew makes a version of the terms. From then on every day is"
            " reconciled.",
            scope=WRITE,
            action="safeguarding.arrange",
            body_type=schemas.NewArrangement,
            example={
                "institution_id": _EXAMPLE,
                "asset": "EUR",
                "terms": {"accounts": [{"account": "safeguarding:bank-a"}]},
            },
            status=201,
            answer_type=schemas.Arrangement,
            refusals=(
                errors.UnknownSafeguardingInstitution,
                errors.UnfitSafeguardingAccount,
                *OF_LANES,
            ),
            handler=routes.arrange,
        ),
        ReadOperation(
            id="list_safeguarding_arrangements",
            path=_ARRANGEMENTS,
            tag=_TAG,
            summary="What safeguards your customers",
            scope=READ,
            query_type=Page,
            answer_type=schemas.Arrangements,
            refusals=(InvalidCursor,),
            handler=routes.arrangements,
        ),
        ReadOperation(
            id="get_safeguarding_arrangement",
            path=_ARRANGEMENT,
            tag=_TAG,
            summary="One arrangement, by its newest terms",
            scope=READ,
            path_type=ArrangementPath,
            answer_type=schemas.Arrangement,
            refusals=(errors.ArrangementNotFound,),
            handler=routes.arrangement,
        ),
        ReadOperation(
            id="get_safeguarding_position",
            path=f"{_ARRANGEMENT}/position",
            tag=_TAG,
            summary="How customers' money and what safeguards it stand now",
            scope=READ,
            path_type=ArrangementPath,
            answer_type=schemas.Position,
            refusals=(errors.ArrangementNotFound,),
            handler=routes.position,
        ),
    ]


def _of_days(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="reconcile_safeguarding",
            path=_RECONCILIATIONS,
            tag=_TAG,
            summary="Reconcile a day that is over",
            description="Every day is reconciled by itself, at the hour that was agreed on. This"
            " does it now; a day that was begun is answered as it stands, by 200.",
            scope=WRITE,
            action="safeguarding_reconciliation.create",
            body_type=schemas.NewReconciliation,
            example={"arrangement_id": _EXAMPLE, "day": "2026-01-31"},
            status=201,
            answer_type=schemas.Reconciliation,
            other_answers={200: schemas.Reconciliation},
            refusals=(errors.ArrangementNotFound, errors.SafeguardingDayNotReady, *OF_LANES),
            handler=routes.begin,
        ),
        ReadOperation(
            id="list_safeguarding_reconciliations",
            path=f"{_ARRANGEMENT}/reconciliations",
            tag=_TAG,
            summary="An arrangement's reconciliations, day by day",
            scope=READ,
            path_type=ArrangementPath,
            query_type=Page,
            answer_type=schemas.Reconciliations,
            refusals=(errors.ArrangementNotFound, InvalidCursor),
            handler=routes.days,
        ),
        ReadOperation(
            id="get_safeguarding_reconciliation",
            path=f"{_RECONCILIATIONS}/{{reconciliation}}",
            tag=_TAG,
            summary="The reconciliation of a day",
            scope=READ,
            path_type=ReconciliationPath,
            answer_type=schemas.Reconciliation,
            refusals=(errors.SafeguardingNotFound,),
            handler=routes.day,
        ),
    ]


def _of_incidents(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_safeguarding_incidents",
            path=_INCIDENTS,
            tag=_TAG,
            summary="Differences that days have found, oldest first",
            scope=READ,
            query_type=Page,
            answer_type=schemas.Incidents,
            refusals=(InvalidCursor,),
            handler=routes.incidents,
        ),
        ReadOperation(
            id="get_safeguarding_incident",
            path=_INCIDENT,
            tag=_TAG,
            summary="One incident",
            scope=READ,
            path_type=IncidentPath,
            answer_type=schemas.Incident,
            refusals=(errors.IncidentNotFound,),
            handler=routes.incident,
        ),
        ReadOperation(
            id="list_safeguarding_incident_steps",
            path=f"{_INCIDENT}/steps",
            tag=_TAG,
            summary="Who did what about an incident, and why",
            scope=READ,
            path_type=IncidentPath,
            answer_type=schemas.IncidentSteps,
            refusals=(errors.IncidentNotFound,),
            handler=routes.steps,
        ),
    ]


def _of_people(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="acknowledge_safeguarding_incident",
            path=f"{_INCIDENT}/acknowledge",
            tag=_TAG,
            summary="Say what an incident comes from",
            scope=WRITE,
            action="safeguarding_incident.acknowledge",
            path_type=IncidentPath,
            body_type=schemas.IncidentReason,
            example={"reason": "late_settlement"},
            answer_type=schemas.Incident,
            refusals=(errors.IncidentNotFound, errors.IncidentNotInState, *OF_LANES),
            handler=routes.acknowledge,
        ),
        WriteOperation(
            id="close_safeguarding_incident",
            path=f"{_INCIDENT}/close",
            tag=_TAG,
            summary="Close an incident whose difference is gone",
            description="A later day's reconciliation has to have found it gone, and who"
            " acknowledged it does not close it.",
            scope=WRITE,
            action="safeguarding_incident.close",
            path_type=IncidentPath,
            body_type=schemas.IncidentReason,
            example={"reason": "topped_up"},
            answer_type=schemas.Incident,
            refusals=(
                errors.IncidentNotFound,
                errors.IncidentNotInState,
                errors.IncidentNotCovered,
                errors.IncidentOwnAcknowledgement,
                *OF_LANES,
            ),
            handler=routes.close,
        ),
    ]
