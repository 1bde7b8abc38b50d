"""Restriction of processing (GDPR, article 18) of what accounts' records say of their holders.

What the vault seals it opens, under a restriction, for few purposes only. What others seal about
the same people follows the same rule, for the same purposes.
"""

from collections.abc import Iterable
from uuid import UUID

from bezant.banking.parties import store
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.sealed import SubjectRestricted
from bezant.vault import is_open_under_restriction


class AccountRestrictions:
    """Tells of which accounts nothing is shown.

    Args:
        database: the primary one: a replica may not know of a restriction yet.
        clock: tells when something was not shown.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def closed(self, call: Call, accounts: Iterable[UUID | None]) -> set[UUID]:
        """Those accounts of whose holders nothing is shown for the call's purpose."""
        asked = {account for account in accounts if account is not None}
        if not asked or is_open_under_restriction(call.purpose):
            return set()
        rows = await self._database.fetch(
            store.FIND_RESTRICTED_ACCOUNTS, call.tenant_id, list(asked)
        )
        return {row["account_id"] for row in rows}

    async def check(self, call: Call, accounts: Iterable[UUID | None]) -> None:
        """Refuse to show what concerns the holders of any of the accounts, and put it on record.

        Args:
            call: with the purpose.
            accounts: of both sides; None for one that is not here.

        Raises:
            SubjectRestricted: the purpose is none of those that a restriction leaves open.
        """
        if await self.closed(call, accounts):
            refusal = SubjectRestricted("Processing of a holder's data is restricted.")
            await audit.write(self._database, self._clock, call, Answer.refused(refusal))
            raise refusal
