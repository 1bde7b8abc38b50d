"""The routes of limits."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.accounts import BankAccountNotFound
from bezant.banking.limits.counterparties import CounterpartyLists, CounterpartyStanding, Listed
from bezant.banking.limits.schemas import AccountLimits, NewLimits, PartyLimits, Usage
from bezant.banking.limits.service import LimitService
from bezant.banking.parties import PartyNotFound
from bezant.banking.scopes import LIMITS, READ, WRITE
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing

_TAG: Final = "banking"
_LIMITS: Final = "/v1/accounts/{account}/limits"
_PARTY_LIMITS: Final = "/v1/parties/{party}/limits"
_EXAMPLE: Final = {"limits": [{"asset": "EUR", "window": "day", "amount": "100000"}]}


class AccountPath(Struct, frozen=True):
    """An account with a number of its own."""

    account: UUID


class PartyPath(Struct, frozen=True):
    """A party."""

    party: UUID


class Routes:
    """The handlers."""

    def __init__(self, limits: LimitService, lists: CounterpartyLists) -> None:
        self._limits = limits
        self._lists = lists

    async def find(self, asked: Reading[AccountPath, Nothing]) -> AccountLimits:
        """`GET …/limits`."""
        return await self._limits.find(asked.principal.tenant_id, asked.path.account)

    async def set(self, asked: Writing[AccountPath, NewLimits]) -> Answer:
        """`PUT …/limits`."""
        return await self._limits.set(asked.call, asked.path.account, asked.body)

    async def set_at_once(self, asked: Writing[AccountPath, NewLimits]) -> Answer:
        """`PUT …/limits/at-once`."""
        return await self._limits.set(asked.call, asked.path.account, asked.body, raises_wait=False)

    async def find_of_party(self, asked: Reading[PartyPath, Nothing]) -> PartyLimits:
        """`GET /v1/parties/{party}/limits`."""
        return await self._limits.find_of_party(asked.principal.tenant_id, asked.path.party)

    async def set_of_party(self, asked: Writing[PartyPath, NewLimits]) -> Answer:
        """`PUT /v1/parties/{party}/limits`."""
        return await self._limits.set_of_party(asked.call, asked.path.party, asked.body)

    async def list_counterparty(self, asked: Writing[AccountPath, CounterpartyStanding]) -> Answer:
        """`POST …/counterparties`."""
        return await self._lists.set(asked.call, asked.path.account, asked.body)

    async def usage(self, asked: Reading[AccountPath, Nothing]) -> Usage:
        """`GET …/limits/usage`."""
        return await self._limits.usage(asked.principal.tenant_id, asked.path.account)


def operations(limits: LimitService, lists: CounterpartyLists) -> Sequence[Operation]:
    """The operations on the limits of accounts, and on whom they pay."""
    routes = Routes(limits, lists)
    return [*_reading(routes), *_setting(routes), *_of_parties(routes)]


def _of_parties(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="get_party_limits",
            path=_PARTY_LIMITS,
            tag=_TAG,
            summary="What a customer may pay from all accounts together",
            scope=READ,
            path_type=PartyPath,
            answer_type=PartyLimits,
            refusals=(PartyNotFound,),
            handler=routes.find_of_party,
        ),
        WriteOperation(
            id="set_party_limits",
            method="PUT",
            path=_PARTY_LIMITS,
            tag=_TAG,
            summary="Replace a customer's limits",
            description=(
                "Of payments that the party orders, from whatever account. From accounts that the "
                "party holds nothing is paid then without saying who orders it. What tightens "
                "holds at once; what raises a limit or removes one holds four hours later."
            ),
            scope=WRITE,
            action="party.set_limits",
            path_type=PartyPath,
            body_type=NewLimits,
            example=_EXAMPLE,
            answer_type=PartyLimits,
            refusals=(PartyNotFound,),
            handler=routes.set_of_party,
        ),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="get_account_limits",
            path=_LIMITS,
            tag=_TAG,
            summary="What an account may pay",
            scope=READ,
            path_type=AccountPath,
            answer_type=AccountLimits,
            refusals=(BankAccountNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="get_account_limits_usage",
            path=f"{_LIMITS}/usage",
            tag=_TAG,
            summary="How far an account's limits are used up",
            description="Windows end now, and roll: midnight gives nothing back.",
            scope=READ,
            path_type=AccountPath,
            answer_type=Usage,
            refusals=(BankAccountNotFound,),
            handler=routes.usage,
        ),
    ]


def _setting(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="set_account_limits",
            method="PUT",
            path=_LIMITS,
            tag=_TAG,
            summary="Replace an account's own limits",
            description=(
                "What tightens holds at once. What raises a limit or removes one holds four hours "
                "later; limits of instant payments are the payer's, and change at once. The "
                "product's limits hold besides."
            ),
            scope=WRITE,
            action="account.set_limits",
            path_type=AccountPath,
            body_type=NewLimits,
            example=_EXAMPLE,
            answer_type=AccountLimits,
            refusals=(BankAccountNotFound,),
            handler=routes.set,
        ),
        WriteOperation(
            id="set_account_limits_at_once",
            method="PUT",
            path=f"{_LIMITS}/at-once",
            tag=_TAG,
            summary="Replace an account's own limits, raises at once",
            description="For a bank's people, who have made sure of who asks.",
            scope=LIMITS,
            action="account.set_limits_at_once",
            path_type=AccountPath,
            body_type=NewLimits,
            example=_EXAMPLE,
            answer_type=AccountLimits,
            refusals=(BankAccountNotFound,),
            handler=routes.set_at_once,
        ),
        WriteOperation(
            id="list_counterparty",
            path="/v1/accounts/{account}/counterparties",
            tag=_TAG,
            summary="Allow or deny that an account pays a counterparty",
            description=(
                "As soon as one is allowed, the account pays those only that are. `standing` of "
                "null takes a counterparty off the list. Numbers are kept as keyed fingerprints, "
                "so they cannot be read back."
            ),
            scope=WRITE,
            action="account.list_counterparty",
            path_type=AccountPath,
            body_type=CounterpartyStanding,
            example={"iban": "GB33BUKB20201555555555", "standing": "denied"},
            answer_type=Listed,
            refusals=(BankAccountNotFound,),
            handler=routes.list_counterparty,
        ),
    ]
