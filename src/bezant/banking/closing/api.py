"""The route of closings."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.accounts import AccountBlocked, AccountNotActive, AssetNotHeld
from bezant.banking.accounts import errors as account_errors
from bezant.banking.closing import errors, schemas
from bezant.banking.closing.service import ClosingService
from bezant.banking.limits import CounterpartyDenied, LimitExceeded, OrderingPartyNeeded
from bezant.banking.mandates import (
    AlreadyApproved,
    MayNotAct,
    SignatureOfAnother,
    SignaturesNeeded,
)
from bezant.banking.scopes import WRITE
from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Operation, WriteOperation, Writing
from bezant.ledger import OF_LANES, OF_POSTINGS, AccountNotEmpty

_TAG: Final = "banking"
_OF_OTHERS: Final[tuple[type[Refusal], ...]] = (
    SignaturesNeeded,
    MayNotAct,
    SignatureOfAnother,
    AlreadyApproved,
    LimitExceeded,
    OrderingPartyNeeded,
    CounterpartyDenied,
)
"""Of payouts to others, which are judged as payments."""


class AccountPath(Struct, frozen=True):
    """An account."""

    account: UUID


class Routes:
    """The handlers."""

    def __init__(self, closings: ClosingService) -> None:
        self._closings = closings

    async def close(self, asked: Writing[AccountPath, schemas.Closing]) -> Answer:
        """`POST /v1/accounts/{account}/close`."""
        return await self._closings.close(asked.call, asked.path.account, asked.body)


def operations(closings: ClosingService) -> Sequence[Operation]:
    """The operations of closing."""
    routes = Routes(closings)
    return [
        WriteOperation(
            id="close_bank_account",
            path="/v1/accounts/{account}/close",
            tag=_TAG,
            summary="Book an account's last interest, pay out what is left, and close it",
            description="All of it in one commit, or nothing. A payment at the same moment wins"
            " or is refused; where it wins, ask again under a new key. What goes to an account of"
            " other holders is judged as a payment is, by limits and signatures.",
            scope=WRITE,
            action="bank_account.close",
            path_type=AccountPath,
            body_type=schemas.Closing,
            example={
                "reason": "customer_left",
                "payout_to": "0198c2b4-0000-7000-8000-000000000001",
            },
            answer_type=schemas.ClosedAccount,
            refusals=(
                account_errors.BankAccountNotFound,
                account_errors.StatusNotAllowed,
                account_errors.BlocksStand,
                account_errors.AccountChanged,
                AccountNotActive,
                AccountBlocked,
                AssetNotHeld,
                AccountNotEmpty,
                errors.PayoutNotPossible,
                errors.AccountOverdrawn,
                *_OF_OTHERS,
                *OF_POSTINGS,
                *OF_LANES,
            ),
            handler=routes.close,
        ),
    ]
