"""Wire models of fee schedules and shares. Amounts are strings of minor units."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.ledger import schemas
from bezant.payments.fees.domain import BASIS_POINTS

Parts = Annotated[int, Meta(ge=1, le=BASIS_POINTS)]
BasisPoints = Annotated[int, Meta(ge=0, le=BASIS_POINTS)]
# Leaves room for what is added and multiplied on the way to a fee.
FeeAmount = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,29})\Z")]


class NewFeeSchedule(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/fee-schedules`. It never changes: who agrees on others makes another.

    Attributes:
        basis_points: of the captured amount, on top of `fixed`.
        minimum: what a fee is at the least; as `maximum`, before tax.
        vat_basis_points: the rate of the tax, charged on top of the fee.
    """

    asset: schemas.AssetCode
    fixed: FeeAmount = "0"
    basis_points: BasisPoints = 0
    minimum: FeeAmount = "0"
    maximum: FeeAmount | None = None
    vat_basis_points: BasisPoints = 0

    def __post_init__(self) -> None:
        if self.maximum is not None and int(self.maximum) < int(self.minimum):
            raise ValueError("Invalid field `maximum`: it is below the minimum")


class FeeSchedule(Struct, frozen=True):
    """How fees are reckoned."""

    id: UUID
    asset: str
    fixed: str
    basis_points: int
    minimum: str
    maximum: str | None
    vat_basis_points: int
    created_at: datetime


class FeeSchedules(Struct, frozen=True):
    """A page of fee schedules, newest last."""

    fee_schedules: list[FeeSchedule]
    next: str | None


class NewShare(Struct, frozen=True, forbid_unknown_fields=True):
    """What another account gets of a capture.

    Attributes:
        amount: fixed, or
        parts: of 10,000 of what the fee and the fixed shares leave.
    """

    account_id: UUID
    amount: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,37}\Z")] | None = None
    parts: Parts | None = None

    def __post_init__(self) -> None:
        if (self.amount is None) == (self.parts is None):
            raise ValueError("Exactly one of `amount` and `parts` is needed")


class ShareOfCapture(Struct, frozen=True):
    """What an account got of a capture."""

    account_id: UUID
    amount: str
