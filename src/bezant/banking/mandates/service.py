"""Changing and listing who may act for accounts."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.banking.accounts import BankAccountNotFound
from bezant.banking.mandates import store
from bezant.banking.mandates.riders import EndMandate, GiveMandate, SetSigningRules
from bezant.banking.mandates.schemas import (
    AccountParties,
    AccountParty,
    MandateEnd,
    NewMandate,
    NewSigningRules,
    OrderApproval,
    SigningRules,
)
from bezant.banking.mandates.signing import approvals_in
from bezant.banking.terms.signing import MandateRole, SigningBand
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database

if TYPE_CHECKING:
    from bezant.ledger import Ledger


class MandateService:
    """Who may act for accounts, and how many have to.

    Args:
        database: connected as the application's role.
        ledger: in whose lanes mandates are changed.
    """

    def __init__(self, database: Database, ledger: "Ledger") -> None:
        self._database = database
        self._ledger = ledger

    async def give(self, call: Call, account_id: UUID, new: NewMandate) -> Answer:
        """Give a party a mandate (201 `AccountParty`).

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        book_id = await self._book_of(call.tenant_id, account_id)
        return await self._ledger.submit(call, book_id, GiveMandate(account_id, new, call.actor))

    async def end(self, call: Call, account_id: UUID, party_id: UUID, end: MandateEnd) -> Answer:
        """End a mandate (200 `AccountParty`, as it was); it holds at once.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        book_id = await self._book_of(call.tenant_id, account_id)
        rider = EndMandate(account_id, party_id, end.role, call.actor)
        return await self._ledger.submit(call, book_id, rider)

    async def set_rules(self, call: Call, account_id: UUID, new: NewSigningRules) -> Answer:
        """Replace the signing rules (200 `SigningRules`).

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        book_id = await self._book_of(call.tenant_id, account_id)
        rider = SetSigningRules(account_id, new, call.actor)
        return await self._ledger.submit(call, book_id, rider)

    async def parties(self, tenant_id: UUID, account_id: UUID) -> AccountParties:
        """Every mandate of an account, in the order of parties.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        await self._book_of(tenant_id, account_id)
        rows = await self._database.fetch(store.FIND_PARTIES, tenant_id, account_id)
        return AccountParties(
            [
                AccountParty(
                    row["party_id"],
                    MandateRole(row["role"]),
                    row["valid_from"],
                    row["valid_until"],
                    row["on_behalf_of"],
                )
                for row in rows
            ]
        )

    async def rules(self, tenant_id: UUID, account_id: UUID) -> SigningRules:
        """The signing rules of an account.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        await self._book_of(tenant_id, account_id)
        row = await self._database.fetchrow(store.FIND_RULES, tenant_id, account_id)
        if row is None:
            return SigningRules(0, [])
        bands = msgspec.json.decode(row["bands"], type=list[SigningBand])
        return SigningRules(row["version"], bands)

    async def _book_of(self, tenant_id: UUID, account_id: UUID) -> UUID:
        row = await self._database.fetchrow(store.FIND_ACCOUNT, tenant_id, account_id)
        if row is None:
            raise BankAccountNotFound(f"No account {account_id}.")
        book_id: UUID = row["ledger_book"]
        return book_id


async def find_approvals(
    database: Database, tenant_id: UUID, order_id: UUID
) -> list[OrderApproval]:
    """The signatures under an order, withdrawn ones too, by party."""
    row = await database.fetchrow(store.READ_APPROVALS, tenant_id, [order_id])
    return [] if row is None else approvals_in(dict(row))
