"""The routes of mandates and signing rules."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking.accounts import BankAccountNotFound
from bezant.banking.mandates.errors import (
    BandsUnclear,
    LastHolder,
    MandateNotFound,
    MandatePeriodInvalid,
    PartyNotServed,
    PrincipalUnfit,
    TooFewSigners,
)
from bezant.banking.mandates.schemas import (
    AccountParties,
    AccountParty,
    MandateEnd,
    NewMandate,
    NewSigningRules,
    SigningRules,
)
from bezant.banking.mandates.service import MandateService
from bezant.banking.parties.errors import UnknownParty
from bezant.banking.scopes import READ, WRITE
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.ledger import OF_LANES

_TAG: Final = "banking"
_PARTIES: Final = "/v1/accounts/{account}/parties"
_RULES: Final = "/v1/accounts/{account}/signing-rules"
_PARTY: Final = "0198c2b4-0000-7000-8000-000000000001"


class AccountPath(Struct, frozen=True):
    """An account with a number of its own."""

    account: UUID


class PartyPath(AccountPath, frozen=True):
    """A party of an account."""

    party: UUID


class Routes:
    """The handlers."""

    def __init__(self, mandates: MandateService) -> None:
        self._mandates = mandates

    async def give(self, asked: Writing[AccountPath, NewMandate]) -> Answer:
        """`POST …/parties`."""
        return await self._mandates.give(asked.call, asked.path.account, asked.body)

    async def end(self, asked: Writing[PartyPath, MandateEnd]) -> Answer:
        """`POST …/parties/{party}/remove`."""
        path = asked.path
        return await self._mandates.end(asked.call, path.account, path.party, asked.body)

    async def parties(self, asked: Reading[AccountPath, Nothing]) -> AccountParties:
        """`GET …/parties`."""
        return await self._mandates.parties(asked.principal.tenant_id, asked.path.account)

    async def set_rules(self, asked: Writing[AccountPath, NewSigningRules]) -> Answer:
        """`PUT …/signing-rules`."""
        return await self._mandates.set_rules(asked.call, asked.path.account, asked.body)

    async def rules(self, asked: Reading[AccountPath, Nothing]) -> SigningRules:
        """`GET …/signing-rules`."""
        return await self._mandates.rules(asked.principal.tenant_id, asked.path.account)


def operations(mandates: MandateService) -> Sequence[Operation]:
    """The operations on who may act for accounts."""
    routes = Routes(mandates)
    return [*_of_parties(routes), *_of_rules(routes)]


def _of_parties(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="add_account_party",
            path=_PARTIES,
            tag=_TAG,
            summary="Let a party act for an account",
            description="A party's role that stands already is given anew, as the body says it.",
            scope=WRITE,
            action="account.add_party",
            path_type=AccountPath,
            body_type=NewMandate,
            example={"party_id": _PARTY, "role": "holder"},
            status=201,
            answer_type=AccountParty,
            refusals=(
                BankAccountNotFound,
                LastHolder,
                MandatePeriodInvalid,
                PartyNotServed,
                PrincipalUnfit,
                UnknownParty,
                *OF_LANES,
            ),
            handler=routes.give,
        ),
        ReadOperation(
            id="list_account_parties",
            path=_PARTIES,
            tag=_TAG,
            summary="Who may act for an account, or could, or will",
            scope=READ,
            path_type=AccountPath,
            answer_type=AccountParties,
            refusals=(BankAccountNotFound,),
            handler=routes.parties,
        ),
        WriteOperation(
            id="remove_account_party",
            path=f"{_PARTIES}/{{party}}/remove",
            tag=_TAG,
            summary="Let a party act for an account no more",
            description=(
                "What is decided after the answer finds the mandate ended. The last holder stays "
                "one until the account is closed."
            ),
            scope=WRITE,
            action="account.remove_party",
            path_type=PartyPath,
            body_type=MandateEnd,
            example={"role": "attorney"},
            answer_type=AccountParty,
            refusals=(BankAccountNotFound, LastHolder, MandateNotFound, *OF_LANES),
            handler=routes.end,
        ),
    ]


def _of_rules(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="set_signing_rules",
            method="PUT",
            path=_RULES,
            tag=_TAG,
            summary="Say how many parties sign which payments",
            description="The lowest band that reaches a payment's amount tells.",
            scope=WRITE,
            action="account.set_signing_rules",
            path_type=AccountPath,
            body_type=NewSigningRules,
            example={"bands": [{"asset": "EUR", "up_to": "100000", "signatures": 1}]},
            answer_type=SigningRules,
            refusals=(BankAccountNotFound, BandsUnclear, TooFewSigners, *OF_LANES),
            handler=routes.set_rules,
        ),
        ReadOperation(
            id="get_signing_rules",
            path=_RULES,
            tag=_TAG,
            summary="How many parties sign which payments",
            scope=READ,
            path_type=AccountPath,
            answer_type=SigningRules,
            refusals=(BankAccountNotFound,),
            handler=routes.rules,
        ),
    ]
