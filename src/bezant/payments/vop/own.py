"""Answering about accounts of this platform, from the sealed names of who holds them."""

import asyncio
from typing import Final
from uuid import UUID

import msgspec
import structlog

from bezant.banking import AccountHolder, AccountHolders, AccountService, AccountStatus
from bezant.kernel.calls import Call
from bezant.kernel.errors import Unavailable
from bezant.kernel.sealed import SubjectRestricted
from bezant.payments.vop.matching import (
    Comparison,
    Verdict,
    best,
    compare_organisation,
    compare_people,
)
from bezant.payments.vop.patience import Patience

PURPOSE: Final = "payee_verification"
"""Why names are opened, in the audit log."""

_TAKING: Final = frozenset({AccountStatus.ACTIVE, AccountStatus.BLOCKED, AccountStatus.DORMANT})

log = structlog.get_logger("bezant.payments.vop")


class OwnPayees:
    """The holders of a tenant's accounts.

    Args:
        accounts: tells which there are.
        holders: tells what their holders are called.
        patience: with the vault.
    """

    def __init__(
        self,
        accounts: AccountService,
        holders: AccountHolders,
        patience: Patience,
    ) -> None:
        self._accounts = accounts
        self._holders = holders
        self._seconds_max = patience.own_s

    async def compare(self, call: Call, account_id: UUID, name: str) -> Comparison:
        """Compare a name with those of an account's holders.

        `not_possible` where the account is not open, nobody is known to hold it, their names are
        not to be processed, or the vault does not open them in time.
        """
        call = msgspec.structs.replace(call, purpose=PURPOSE)
        try:
            async with asyncio.timeout(self._seconds_max):
                account = await self._accounts.account(call.tenant_id, account_id)
                if account.status not in _TAKING:
                    return Comparison(Verdict.NOT_POSSIBLE)
                return compare_holders(name, await self._holders.of(call, account_id))
        except (TimeoutError, Unavailable, SubjectRestricted) as error:
            log.warning("payee_not_compared", account=str(account_id), why=type(error).__name__)
            return Comparison(Verdict.NOT_POSSIBLE)


def compare_holders(asked: str, holders: list[AccountHolder]) -> Comparison:
    """Compare a name with those of all who hold an account: the best result counts."""
    if not holders:
        return Comparison(Verdict.NOT_POSSIBLE)
    found = [
        compare_organisation(asked, [each.legal_name, *each.other_names])
        for each in holders
        if not each.is_person
    ]
    people = [each for each in holders if each.is_person]
    if people:
        found.append(compare_people(asked, [each.legal_name for each in people]))
    found += [compare_people(asked, [name]) for each in people for name in each.other_names]
    return best(found)
