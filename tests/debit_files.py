"""Files of direct debits, as their senders write them."""

from datetime import UTC, date, datetime
from uuid import uuid4

from bezant.formats.iso20022 import mandates, pain008
from fixtures_api import Tenant, fresh_key


def debit_file() -> bytes:
    """A pain.008 with one collection, under a mandate that nobody has signed."""
    mandate = mandates.MandateInformation("M-1", date(2026, 1, 5), "DE98ZZZ09999999999")
    payer = pain008.Party("Ada Lovelace", "FR1420041010050500013M02606")
    debit = pain008.InitiatedDebit("E-1", 1_000, "EUR", mandate, payer, "March")
    payee = pain008.Party("Example Power", "DE89370400440532013000")
    group = pain008.DebitGroup("G-1", "CORE", "RCUR", date(2027, 3, 18), payee, (debit,))
    at = datetime(2026, 11, 29, 9, tzinfo=UTC)
    name = uuid4().hex
    return pain008.write_pain008(pain008.DebitInitiation(name, at, "Example Power", (group,)))


async def sent_debit_file(tenant: Tenant) -> str:
    """One that was taken; its identifier."""
    headers = fresh_key() | {"Content-Type": "application/xml"}
    sent = await tenant.client.post("/v1/bulk-direct-debits", content=debit_file(), headers=headers)
    assert sent.status_code == 202, sent.text
    return str(sent.json()["id"])
