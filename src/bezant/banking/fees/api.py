"""The routes of fees."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.accounts import AssetNotHeld, BankAccountNotFound
from bezant.banking.accounts.errors import AccountChanged
from bezant.banking.fees import schemas
from bezant.banking.fees.service import FeeService
from bezant.banking.scopes import READ, WRITE
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.ledger import OF_LANES

_TAG: Final = "banking"
_FEES: Final = "/v1/accounts/{account}/fees"


class AccountPath(Struct, frozen=True):
    """An account."""

    account: UUID


class Routes:
    """The handlers."""

    def __init__(self, fees: FeeService) -> None:
        self._fees = fees

    async def charge(self, asked: Writing[AccountPath, schemas.NewCharge]) -> Answer:
        """`POST /v1/accounts/{account}/fees`."""
        return await self._fees.charge(asked.call, asked.path.account, asked.body)

    async def charges(self, asked: Reading[AccountPath, Nothing]) -> schemas.Charges:
        """`GET /v1/accounts/{account}/fees`."""
        return await self._fees.charges(asked.principal.tenant_id, asked.path.account)


def operations(fees: FeeService) -> Sequence[Operation]:
    """The operations on fees."""
    routes = Routes(fees)
    return [
        WriteOperation(
            id="charge_account_fees",
            path=_FEES,
            tag=_TAG,
            summary="Charge what an account's product asks for an event",
            description="Once for each reference. A fee that cannot be paid is answered as"
            " refused.",
            scope=WRITE,
            action="bank_account.charge_fees",
            path_type=AccountPath,
            body_type=schemas.NewCharge,
            example={"event": "statement", "asset": "EUR", "reference": "2026-01"},
            status=201,
            answer_type=schemas.Charges,
            refusals=(BankAccountNotFound, AssetNotHeld, AccountChanged, *OF_LANES),
            handler=routes.charge,
        ),
        ReadOperation(
            id="list_account_fees",
            path=_FEES,
            tag=_TAG,
            summary="What an account was charged, was spared, and could not pay",
            description=f"The newest {schemas.CHARGES_MAX}, oldest first.",
            scope=READ,
            path_type=AccountPath,
            answer_type=schemas.Charges,
            refusals=(BankAccountNotFound,),
            handler=routes.charges,
        ),
    ]
