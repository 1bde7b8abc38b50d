"""What a capture is divided into: a fee, the tax on it, shares of others, and the payee's net.

Pure, in integers of minor units: the parts sum to what was captured, always.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from bezant.kernel.money import allocate
from bezant.payments.fees.errors import FeeAboveCapture, SharesAboveCapture

BASIS_POINTS: Final = 10_000
"""In a whole: of rates, and of shares by parts."""


@dataclass(frozen=True, slots=True)
class Fees:
    """How a fee is reckoned. Amounts are minor units.

    Attributes:
        fixed: whatever the amount.
        basis_points: of the amount, on top of `fixed`.
        minimum: what a fee is at the least; as `maximum`, before tax.
        maximum: or None for no bound.
        vat_basis_points: the rate of the tax on the fee, which is charged on top of it.
    """

    fixed: int
    basis_points: int
    minimum: int
    maximum: int | None
    vat_basis_points: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Fees":
        """As a schedule's row has them."""
        maximum = row["maximum"]
        return cls(
            fixed=int(row["fixed"]),
            basis_points=row["basis_points"],
            minimum=int(row["minimum"]),
            maximum=None if maximum is None else int(maximum),
            vat_basis_points=row["vat_basis_points"],
        )

    def on(self, amount: int) -> tuple[int, int]:
        """The fee on an amount, and the tax on the fee."""
        fee = max(self.fixed + _part(amount, self.basis_points), self.minimum)
        if self.maximum is not None:
            fee = min(fee, self.maximum)
        return fee, _part(fee, self.vat_basis_points)


@dataclass(frozen=True, slots=True)
class Share:
    """What another account gets of a capture: an amount, or so many of 10,000 parts of the rest."""

    account_id: UUID
    amount: int | None
    parts: int | None


@dataclass(frozen=True, slots=True)
class Division:
    """A capture divided; `amount = net + fee + vat + shared`.

    Attributes:
        shares: by account, in the order they were asked for.
        net: what the payee keeps.
    """

    amount: int
    fee: int
    vat: int
    shares: tuple[tuple[UUID, int], ...]
    net: int

    @property
    def shared(self) -> int:
        """What all shares come to."""
        return sum(amount for _, amount in self.shares)


def divide(amount: int, fees: Fees | None, shares: Sequence[Share]) -> Division:
    """Divide a capture.

    The fee and its tax come off first, then shares of a fixed amount; shares by parts and the
    payee's own part divide what is left by the largest remainder, so that no minor unit of rounding
    is lost or made.

    Args:
        amount: minor units, above zero.
        fees: or None for no fee.
        shares: each of another account; their parts sum to 10,000 at the most.

    Raises:
        FeeAboveCapture: the fee and its tax come to more than the capture.
        SharesAboveCapture: the fixed shares come to more than what the fee leaves.
    """
    fee, vat = (0, 0) if fees is None else fees.on(amount)
    left = amount - fee - vat
    if left < 0:
        raise FeeAboveCapture(f"The fee would be {fee}, and {vat} of tax, of {amount}.")
    fixed = sum(share.amount or 0 for share in shares)
    left -= fixed
    if left < 0:
        raise SharesAboveCapture(
            f"The shares of fixed amounts come to {-left} more than there is.", field="shares"
        )
    parts = [share.parts or 0 for share in shares]
    assert sum(parts) <= BASIS_POINTS
    *divided, net = allocate(left, [*parts, BASIS_POINTS - sum(parts)])
    given = tuple(
        (share.account_id, divided[index] if share.amount is None else share.amount)
        for index, share in enumerate(shares)
    )
    division = Division(amount, fee, vat, given, net)
    assert amount == net + fee + vat + division.shared
    return division


def _part(amount: int, basis_points: int) -> int:
    """So many basis points of an amount, rounded half up to a whole minor unit."""
    return (2 * amount * basis_points + BASIS_POINTS) // (2 * BASIS_POINTS)
