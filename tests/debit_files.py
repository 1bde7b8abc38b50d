"""Files of direct debits, as their senders write them."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from bezant.formats.iso20022 import mandates, pain008
from bezant.kernel.database import Database, write_rows
from bezant.payments.bulk_debits.records import outcome_row
from fixtures_api import Tenant, fresh_key

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


def debit_file(iban: str = "DE89370400440532013000") -> bytes:
    """A pain.008 with one collection for an account, under a mandate that nobody has signed."""
    mandate = mandates.MandateInformation("M-1", date(2026, 1, 5), "DE98ZZZ09999999999")
    payer = pain008.Party("Ada Lovelace", "FR1420041010050500013M02606")
    debit = pain008.InitiatedDebit(f"E-{uuid4().hex[:20]}", 1_000, "EUR", mandate, payer, "March")
    payee = pain008.Party("Example Power", iban)
    group = pain008.DebitGroup("G-1", "CORE", "RCUR", date(2027, 3, 18), payee, (debit,))
    at = datetime(2026, 11, 29, 9, tzinfo=UTC)
    name = uuid4().hex
    return pain008.write_pain008(pain008.DebitInitiation(name, at, "Example Power", (group,)))


async def sent_debit_file(tenant: Tenant, *iban: str) -> str:
    """One that was taken; its identifier."""
    headers = fresh_key() | {"Content-Type": "application/xml"}
    sent = await tenant.client.post(
        "/v1/bulk-direct-debits", content=debit_file(*iban), headers=headers
    )
    assert sent.status_code == 202, sent.text
    return str(sent.json()["id"])


async def refuse_debits(database: Database, tenant_id: UUID, bulk: str) -> None:
    """Record that the collections of a file were refused, as its job would."""

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        at = datetime.now(UTC)
        row = outcome_row(UUID(bulk), 1, "DEBIT_MANDATE_NOT_FOUND", at)
        await write_rows(connection, tenant_id, [row])

    await database.transaction(work)
