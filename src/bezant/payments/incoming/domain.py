"""What an offer is known by, and why it is refused. No I/O."""

from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import AccountStatus, AssetNotHeld, BankAccount
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import derived_id
from bezant.payments.rails import Incoming

NO_SUCH_ACCOUNT: Final = "AC03"
CLOSED_ACCOUNT: Final = "AC04"
BLOCKED_ACCOUNT: Final = "AC06"
FORBIDDEN: Final = "AG01"
DUPLICATE: Final = "AM05"


def incoming_id(
    tenant_id: UUID, institution_id: UUID, rail: str, sender_bic: str, transaction_id: str
) -> UUID:
    """What an offer is known by: follows from what the scheme says is unique."""
    named = [str(institution_id), rail, sender_bic, transaction_id]
    return derived_id(b"incoming" + tenant_id.bytes + msgspec.json.encode(named))


def substance(incoming: Incoming) -> str:
    """What must be equal for an offer to be the same again. A repeat may be another message."""
    said = [
        str(incoming.amount),
        incoming.asset,
        incoming.debtor.name,
        incoming.debtor.iban,
        incoming.creditor.name,
        incoming.creditor.iban,
        str(incoming.creditor.account_id),
        incoming.end_to_end_id,
        incoming.remittance,
    ]
    return msgspec.json.encode(said).decode()


def code_of(refusal: Refusal, account: BankAccount) -> str:
    """The reason, of ISO 20022's external list, that fits why an account does not take money."""
    if account.status is AccountStatus.CLOSED:
        return CLOSED_ACCOUNT
    # Of a currency that is not held the schemes say no more than that.
    if account.status is AccountStatus.OPENING or isinstance(refusal, AssetNotHeld):
        return FORBIDDEN
    # By a status, by a block, or in the ledger itself.
    return BLOCKED_ACCOUNT
