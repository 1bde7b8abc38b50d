"""Money that waits, as rows of the commits that have it wait and that give it away."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.kernel.database import Row, RowKind
from bezant.ledger import ReadKind, Seen
from bezant.payments.unapplied import store
from bezant.payments.unapplied.domain import Origin, unapplied_account
from bezant.payments.unapplied.errors import UnappliedNotFound
from bezant.payments.unapplied.schemas import Movement

UNAPPLIED: Final = ReadKind("unapplied_money", store.READ_UNAPPLIED)
"""What money that waits is of, by its identifier."""

_UNAPPLIED: Final = RowKind("unapplied_money", store.SAVE_UNAPPLIED, key_columns=1)
_MOVEMENT: Final = RowKind("unapplied_movement", store.INSERT_MOVEMENTS)


class Waits(msgspec.Struct, frozen=True):
    """What money that waits is of.

    Attributes:
        id: of the payment, the collection or the return.
    """

    id: UUID
    institution_id: UUID
    origin: Origin
    asset: str

    @property
    def account(self) -> str:
        """The ledger's account that it waits on."""
        return unapplied_account(self.id)

    def remaining(self, seen: Seen) -> int:
        """What waits now, and may leave; minor units."""
        known = seen.draft.book.accounts.get(self.account)
        return 0 if known is None else known.available

    def noted(self, seen: Seen) -> tuple[Row, ...]:
        """Whether money of it waits after this commit; nothing where none ever did."""
        if self.account not in seen.draft.book.accounts:
            return ()
        is_open = self.remaining(seen) > 0
        book_id, at = seen.draft.book.book_id, seen.draft.at
        known = {"key": self.id, "ledger_book": book_id, "waits": self}
        seen.amend(UNAPPLIED, self.id, known)
        values = (self.id, book_id, self.institution_id, self.origin, self.asset, is_open, at)
        return (Row(_UNAPPLIED, values),)


def waits_of(seen: Seen, unapplied_id: UUID) -> Waits:
    """What waits, as the items before have left it.

    Raises:
        UnappliedNotFound: nothing of the tenant's ever waited so, or in another book.
    """
    row = seen.row(UNAPPLIED, unapplied_id)
    if row is None or row["ledger_book"] != seen.draft.book.book_id:
        raise UnappliedNotFound("There is no such unapplied money.")
    return _waits(row)


def movement_row(movement: Movement) -> Row:
    """What became of it."""
    values = (
        movement.unapplied_id,
        movement.id,
        movement.kind,
        int(movement.amount),
        movement.account_id,
        movement.reason,
        movement.at,
        movement.actor,
    )
    return Row(_MOVEMENT, values)


def _waits(row: Mapping[str, Any]) -> Waits:
    if "waits" in row:
        waits: Waits = row["waits"]
        return waits
    return Waits(row["key"], row["institution_id"], Origin(row["origin"]), row["asset"])
