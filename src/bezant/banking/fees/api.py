"""The routes of fees."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.accounts import AssetNotHeld, BankAccountNotFound
from bezant.banking.accounts.errors import AccountChanged
from bezant.banking.fees import schemas
from bezant.banking.fees.errors import FeeNotAgreed, FeeWaiverNotFound
from bezant.banking.fees.service import FeeService
from bezant.banking.fees.waiving import FeeWaiverService
from bezant.banking.scopes import READ, WRITE
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.ledger import OF_LANES

_TAG: Final = "banking"
_FEES: Final = "/v1/accounts/{account}/fees"
_WAIVERS: Final = "/v1/accounts/{account}/fee-waivers"


class AccountPath(Struct, frozen=True):
    """An account."""

    account: UUID


class WaiverPath(AccountPath, frozen=True):
    """A waiver of an account."""

    waiver: UUID


class Routes:
    """The handlers."""

    def __init__(self, fees: FeeService, waivers: FeeWaiverService) -> None:
        self._fees = fees
        self._waivers = waivers

    async def charge(self, asked: Writing[AccountPath, schemas.NewCharge]) -> Answer:
        """`POST /v1/accounts/{account}/fees`."""
        return await self._fees.charge(asked.call, asked.path.account, asked.body)

    async def charges(self, asked: Reading[AccountPath, Nothing]) -> schemas.Charges:
        """`GET /v1/accounts/{account}/fees`."""
        return await self._fees.charges(asked.principal.tenant_id, asked.path.account)

    async def give_waiver(self, asked: Writing[AccountPath, schemas.NewFeeWaiver]) -> Answer:
        """`POST /v1/accounts/{account}/fee-waivers`."""
        return await self._waivers.give(asked.call, asked.path.account, asked.body)

    async def waivers(self, asked: Reading[AccountPath, Nothing]) -> schemas.FeeWaivers:
        """`GET /v1/accounts/{account}/fee-waivers`."""
        return await self._waivers.waivers(asked.principal.tenant_id, asked.path.account)

    async def end_waiver(self, asked: Writing[WaiverPath, Nothing]) -> Answer:
        """`POST /v1/accounts/{account}/fee-waivers/{waiver}/end`."""
        return await self._waivers.end(asked.call, asked.path.account, asked.path.waiver)


def operations(fees: FeeService, waivers: FeeWaiverService) -> Sequence[Operation]:
    """The operations on fees and their waivers."""
    routes = Routes(fees, waivers)
    return [*_charging(routes), *_waiving(routes)]


def _charging(routes: Routes) -> Sequence[Operation]:
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


def _waiving(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="give_fee_waiver",
            path=_WAIVERS,
            tag=_TAG,
            summary="Spare an account a fee, or all of them, until a day",
            description="Whatever is charged after the answer, by the end of a day or by a payment,"
            " is listed as `waived`.",
            scope=WRITE,
            action="bank_account.give_fee_waiver",
            path_type=AccountPath,
            body_type=schemas.NewFeeWaiver,
            example={"reason": "goodwill", "until": "2026-12-31"},
            status=201,
            answer_type=schemas.FeeWaiver,
            refusals=(BankAccountNotFound, FeeNotAgreed),
            handler=routes.give_waiver,
        ),
        ReadOperation(
            id="list_fee_waivers",
            path=_WAIVERS,
            tag=_TAG,
            summary="What fees an account is spared, ended waivers too",
            scope=READ,
            path_type=AccountPath,
            answer_type=schemas.FeeWaivers,
            refusals=(BankAccountNotFound,),
            handler=routes.waivers,
        ),
        WriteOperation(
            id="end_fee_waiver",
            path=f"{_WAIVERS}/{{waiver}}/end",
            tag=_TAG,
            summary="End a waiver before its last day",
            scope=WRITE,
            action="bank_account.end_fee_waiver",
            path_type=WaiverPath,
            body_type=Nothing,
            example={},
            answer_type=schemas.FeeWaiver,
            refusals=(BankAccountNotFound, FeeWaiverNotFound),
            handler=routes.end_waiver,
        ),
    ]
