"""The routes of fee schedules."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.payments.fees.errors import FeeScheduleNotFound
from bezant.payments.fees.schemas import FeeSchedule, FeeSchedules, NewFeeSchedule
from bezant.payments.fees.service import FeeService

_TAG: Final = "payments"
_SCHEDULES: Final = "/v1/fee-schedules"


class SchedulePath(Struct, frozen=True):
    """A fee schedule."""

    schedule: UUID


class Routes:
    """The handlers."""

    def __init__(self, fees: FeeService) -> None:
        self._fees = fees

    async def create(self, asked: Writing[Nothing, NewFeeSchedule]) -> Answer:
        """`POST /v1/fee-schedules`."""
        return await self._fees.create(asked.call, asked.body)

    async def find(self, asked: Reading[SchedulePath, Nothing]) -> FeeSchedule:
        """`GET /v1/fee-schedules/{schedule}`."""
        return await self._fees.find(asked.principal.tenant_id, asked.path.schedule)

    async def page(self, asked: Reading[Nothing, Page]) -> FeeSchedules:
        """`GET /v1/fee-schedules`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _SCHEDULES,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._fees.page(tenant_id, after=after, limit=limit),
        )


def operations(fees: FeeService) -> Sequence[Operation]:
    """The operations on fee schedules."""
    routes = Routes(fees)
    return [
        WriteOperation(
            id="create_fee_schedule",
            path=_SCHEDULES,
            tag=_TAG,
            summary="Make a fee schedule, for captures to refer to",
            description="It never changes, so that a capture's fee can be reckoned again.",
            scope="orders:write",
            action="fee_schedule.create",
            body_type=NewFeeSchedule,
            example={"asset": "EUR", "fixed": "25", "basis_points": 140, "vat_basis_points": 1900},
            status=201,
            answer_type=FeeSchedule,
            handler=routes.create,
        ),
        ReadOperation(
            id="list_fee_schedules",
            path=_SCHEDULES,
            tag=_TAG,
            summary="Your fee schedules, oldest first",
            scope="orders:read",
            query_type=Page,
            answer_type=FeeSchedules,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_fee_schedule",
            path=f"{_SCHEDULES}/{{schedule}}",
            tag=_TAG,
            summary="One fee schedule",
            scope="orders:read",
            path_type=SchedulePath,
            answer_type=FeeSchedule,
            refusals=(FeeScheduleNotFound,),
            handler=routes.find,
        ),
    ]
