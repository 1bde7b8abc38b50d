"""Fees that are given back with what they were for: agreed on when they were charged."""

from typing import Final
from uuid import UUID

import msgspec

from bezant.banking.fees import store
from bezant.banking.fees.charging import FeeOutcome, fee_accounts, income_account, vat_account
from bezant.banking.fees.schemas import Charge
from bezant.banking.terms.fees import Fee
from bezant.kernel.database import Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import derived_id
from bezant.kernel.outbox import event
from bezant.ledger import ReadKind, Reads, Seen, post
from bezant.ledger.schemas import NewTransaction, Posting

RETURNABLE: Final = ReadKind("fee_returnable", store.READ_RETURNABLE)
"""The fees that go back with a payment or a collection, by its identifier."""

_RETURNABLE: Final = RowKind("fee_returnable", store.INSERT_RETURNABLE)
_RETURN: Final = RowKind("fee_return", store.INSERT_RETURNS)


class _Part(msgspec.Struct, frozen=True, array_like=True):
    """A fee that was charged; minor units. `charge_id` is of the charge."""

    charge_id: UUID
    gross: str
    vat: str

    @property
    def net(self) -> int:
        """The bank's part."""
        return int(self.gross) - int(self.vat)


_PARTS: Final = msgspec.json.Decoder(list[_Part])


def pledged(
    seen: Seen, account_id: UUID, asset: str, subject: UUID, charged: list[tuple[Fee, Charge]]
) -> tuple[Row, ...]:
    """What of a subject's fees is given back with it, as its terms have it now."""
    parts = [
        _Part(charge.id, charge.gross, charge.vat)
        for fee, charge in charged
        if fee.given_back and charge.outcome is FeeOutcome.CHARGED and int(charge.gross)
    ]
    if not parts:
        return ()
    encoded = msgspec.json.encode(parts)
    known = {"key": subject, "account_id": account_id, "asset": asset, "parts": encoded}
    seen.amend(RETURNABLE, subject, known)
    return (Row(_RETURNABLE, (subject, account_id, asset, encoded, seen.draft.at)),)


def reads_of_fees_back(asset: str, subject: UUID) -> Reads:
    """What `give_fees_back` looks at besides the account that gets them."""
    return Reads(frozenset(fee_accounts(asset)), rows=((RETURNABLE, subject),))


def give_fees_back(seen: Seen, subject: UUID, to: str) -> tuple[Row, ...]:
    """Give back what was charged for a subject, once: the caller ends it but once.

    Args:
        seen: what the rider read.
        subject: the payment or the collection that came back.
        to: the ledger's account that gets it. What it does not take stays, and is told of: a fee
            never stands in the way of what comes back.

    Returns:
        The rows of it; none where nothing is given back.
    """
    row = seen.row(RETURNABLE, subject)
    if row is None:
        return ()
    asset, account_id, at = row["asset"], row["account_id"], seen.draft.at
    parts = _PARTS.decode(row["parts"])
    legs = [
        Posting(source, to, asset, str(amount), "fee.given_back")
        for part in parts
        for source, amount in (
            (income_account(asset), part.net),
            (vat_account(asset), int(part.vat)),
        )
        if amount
    ]
    transaction_id = derived_id(b"fees given back" + subject.bytes)
    gross = sum(int(part.gross) for part in parts)
    path, facts = f"/v1/accounts/{account_id}/fees", {"asset": asset, "gross": str(gross)}
    try:
        post(seen.draft, NewTransaction(legs, id=transaction_id))
    except Refusal as refusal:
        facts["reason"] = refusal.code
        return (event(seen.draft.ids.new(), "account_fees.not_given_back", path, at, facts),)
    returns = (
        Row(
            _RETURN,
            (part.charge_id, account_id, int(part.gross), part.net, int(part.vat),
             transaction_id, at),
        )
        for part in parts
    )  # fmt: skip
    told = event(seen.draft.ids.new(), "account_fees.given_back", path, at, facts)
    return (*returns, told)
