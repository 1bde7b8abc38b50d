"""Fee schedules as riders read them."""

from typing import Final
from uuid import UUID

from bezant.ledger import ReadKind, Seen
from bezant.payments.fees import store
from bezant.payments.fees.domain import Fees
from bezant.payments.fees.errors import UnknownFeeSchedule

FEE_SCHEDULE: Final = ReadKind("fee_schedule", store.READ_SCHEDULES)
"""A fee schedule by its identifier."""


def fees_of(seen: Seen, schedule_id: UUID, asset: str) -> Fees:
    """A schedule's fees on captures of an asset.

    Raises:
        UnknownFeeSchedule: the tenant has no such, or it is of another asset.
    """
    row = seen.row(FEE_SCHEDULE, schedule_id)
    if row is None or row["asset"] != asset:
        raise UnknownFeeSchedule(
            f"There is no such fee schedule of {asset}.", field="fee_schedule_id"
        )
    return Fees.of(row)
