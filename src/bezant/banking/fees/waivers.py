"""Fees that an account is spared for a time, whatever is on it: for whoever charges them."""

from datetime import date
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.banking.fees import store
from bezant.ledger import ReadKind, Seen

FEE_WAIVERS: Final = ReadKind("fee_waiver", store.READ_WAIVERS)
"""The waivers of an account that were not ended, by its identifier."""


class Waiver(Struct, frozen=True):
    """What an account is spared.

    Attributes:
        code: of the fee; None for all.
        until: the last day whose fees it is of.
    """

    code: str | None
    until: date

    def spares(self, code: str, day: date) -> bool:
        """Whether it is of a fee for a day."""
        return self.code in {None, code} and day <= self.until


_WAIVERS: Final = msgspec.json.Decoder(list[Waiver])


def is_spared(seen: Seen, account_id: UUID, code: str, day: date) -> bool:
    """Whether an account is spared a fee for a day. The rider reads `FEE_WAIVERS` of it."""
    row = seen.row(FEE_WAIVERS, account_id)
    return row is not None and any(
        each.spares(code, day) for each in _WAIVERS.decode(row["waivers"])
    )
