"""Holds that a domain keeps: its riders place and settle them, and no route of the ledger does.

The reservation of a payment ends with what its scheme says of it. Whoever could void it beside that
would have the payer's money spent twice, and its order would never know.
"""

from typing import Final

from bezant.ledger.errors import CodeKept, HoldKept
from bezant.ledger.lane import Draft
from bezant.ledger.schemas import NewTransaction

_CODES: Final[set[str]] = set()


def keep_holds(code: str) -> str:
    """Keep the holds of a code for the domain that asks; the code."""
    _CODES.add(code)
    return code


def check_not_kept(draft: Draft, new: NewTransaction) -> None:
    """Make sure that what a client asks for concerns nobody's holds but its own.

    Raises:
        CodeKept: it would place one under such a code.
        HoldKept: it would capture or void one.
    """
    for index, posting in enumerate(new.postings):
        if posting.pending and posting.code in _CODES:
            raise CodeKept(
                f"Holds of the code {posting.code} are placed by what they are for.",
                field=f"postings[{index}].code",
            )
    named = (
        *((capture.hold, f"captures[{index}].hold") for index, capture in enumerate(new.captures)),
        *((hold, f"voids[{index}]") for index, hold in enumerate(new.voids)),
    )
    for hold_id, field in named:
        hold = draft.book.holds.get(hold_id)
        if hold is not None and hold.code in _CODES:
            raise HoldKept(
                f"Hold {hold_id} is a {hold.code}'s, which ends it.",
                field=field,
                kept_for=hold.code,
            )
