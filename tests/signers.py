"""Orders that wait for signatures: a rider that signs, and carries out what has enough of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from bezant.banking.mandates import Signing, store
from bezant.banking.terms.signing import MandateRole, SigningBand
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.kernel.errors import Conflict
from bezant.ledger import Decision, ReadKind, Reads, RiderKinds, Seen, post, schemas
from fixtures_ledger import IDS, Bank

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

TABLE = (
    "CREATE TABLE signed_order (tenant_id uuid, key uuid, state text NOT NULL,"
    " PRIMARY KEY (tenant_id, key))"
)
INSTITUTION = (
    "INSERT INTO institution VALUES ($1, $2, $2, 'Bank', 'DE', $2::uuid::text, '', 'BIC', now())"
    " ON CONFLICT (tenant_id, institution_id) DO NOTHING"
)
PRODUCT = (
    "INSERT INTO product VALUES ($1, $2, 1, $2::uuid::text, $2, 'current', '', now(), 'test')"
    " ON CONFLICT (tenant_id, product_id, version) DO NOTHING"
)
ACCOUNT = (
    "INSERT INTO bank_account VALUES ($1, $2, $2, $3, $2, 1, 'active', uuid_send($2::uuid), '',"
    " now(), NULL, 1) ON CONFLICT (tenant_id, account_id) DO NOTHING"
)
PARTY = (
    "INSERT INTO party VALUES ($1, $2, 'person', $2, NULL, 'none', 'unrated', 'active', 1, now(),"
    " now()) ON CONFLICT (tenant_id, party_id) DO NOTHING"
)
ORDER = ReadKind(
    "signed_order",
    "SELECT key, state FROM signed_order WHERE tenant_id = $1 AND key = ANY($2::uuid[])",
)
ORDERS = RowKind(
    "signed_order",
    "INSERT INTO signed_order (tenant_id, key, state) SELECT $1, key, state"
    " FROM unnest($2::uuid[], $3::text[]) AS new (key, state)"
    " ON CONFLICT (tenant_id, key) DO UPDATE SET state = excluded.state",
    key_columns=1,
)


class NotWaiting(Conflict):
    """The order was carried out."""

    code, title = "NOT_WAITING", "The order waits for nothing"


@RiderKinds.register
class SignOrder(msgspec.Struct, frozen=True):
    """Signs an order, or withdraws; what has its signatures is paid in the same commit."""

    account_id: UUID
    order_id: UUID
    amount: int
    party_id: UUID
    actor: str = "key:test"
    revokes: bool = False
    looks_away: bool = False
    weight: int = 1

    def _signing(self) -> Signing:
        return Signing(self.account_id, self.order_id, "EUR", self.amount)

    def reads(self) -> Reads:
        """The accounts, the order, its signatures and who may give them."""
        rows = (*self._signing().reads(), (ORDER, self.order_id))
        return Reads(frozenset({"world", "alice"}), rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Sign; pay if it was the last signature."""
        order = seen.row(ORDER, self.order_id)
        if order is not None and order["state"] == "paid" and not self.looks_away:
            raise NotWaiting("It was paid.")
        signing = self._signing()
        if self.revokes:
            return Decision(
                Answer.of("waits"), signing.revoke(seen, self.party_id, self.actor).rows
            )
        signed = signing.approve(seen, self.party_id, self.actor)
        if not signed.is_complete:
            return Decision(Answer.of("waits"), signed.rows)
        leg = schemas.Posting("alice", "world", "EUR", str(self.amount))
        post(seen.draft, schemas.NewTransaction([leg]))
        seen.amend(ORDER, self.order_id, {"key": self.order_id, "state": "paid"})
        return Decision(Answer.of("paid"), (*signed.rows, Row(ORDERS, (self.order_id, "paid"))))


class Signers:
    """An account and the parties who may act for it."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.account_id = IDS.new()

    async def mandate(
        self,
        role: MandateRole = MandateRole.HOLDER,
        *,
        begins: datetime | None = None,
        ends: datetime | None = None,
        party: UUID | None = None,
        principal: UUID | None = None,
    ) -> UUID:
        """Give a party a mandate, a new one if none is named; on behalf of a principal."""
        party_id, now = party or IDS.new(), self.bank.ledger.now()
        await self._known(party_id)
        values = [self.account_id, party_id, role, begins or now, ends, principal, now, "test"]
        await self._write(store.SAVE_PARTIES, values)
        return party_id

    async def _known(self, party_id: UUID) -> None:
        """Have the account and a party, which mandates are between, as far as these need to be."""
        named = self.bank.tenant_id, self.account_id

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            for statement in (INSTITUTION, PRODUCT):
                await connection.execute(statement, *named)
            await connection.execute(ACCOUNT, *named, self.bank.book_id)
            await connection.execute(PARTY, self.bank.tenant_id, party_id)

        await self.bank.database.transaction(work)

    async def agree(self, *bands: SigningBand, version: int = 1) -> None:
        """Agree on how many sign."""
        encoded, now = msgspec.json.encode(bands), self.bank.ledger.now()
        await self._write(store.INSERT_RULES, [self.account_id, version, encoded, now, "test"])

    async def sign(self, order_id: UUID, party_id: UUID, amount: int = 10, **more: Any) -> Answer:  # noqa: ANN401 - members by name
        """Sign an order, or withdraw."""
        rider = SignOrder(self.account_id, order_id, amount, party_id, **more)
        return await self.bank.ledger.submit(self.bank.call(), self.bank.book_id, rider)

    async def _write(self, statement: str, values: list[Any]) -> None:
        await self.bank.database.transaction(
            lambda connection: connection.execute(
                statement, self.bank.tenant_id, *([value] for value in values)
            )
        )
