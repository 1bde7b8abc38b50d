"""Statements and reconciliations through the API."""

import asyncio
from datetime import date
from itertools import count
from typing import Any

from fixtures_api import Book, Tenant, fresh_key, reconciliation_service
from jobbers import running
from swift import Line, Swift

_numbers = count(1)


def statement() -> bytes:
    """A statement that was never sent before."""
    number = next(_numbers)
    line = Line(number, date(2026, 1, 5), servicer=f"S{number}")
    return Swift([line], opening=number * 1000, number=str(number), day=date(2026, 1, 4)).written()


async def upload(
    tenant: Tenant, path: str, body: object, media_type: str = "text/plain"
) -> dict[str, Any]:
    """Send a file, which must succeed; the answer."""
    assert isinstance(body, bytes)
    headers = fresh_key() | {"Content-Type": media_type}
    answer = await tenant.client.post(path, content=body, headers=headers)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def done(tenant: Tenant, path: str) -> dict[str, Any]:
    """A reconciliation, once it is."""
    async with asyncio.timeout(30):
        while True:
            found: dict[str, Any] = (await tenant.client.get(path)).json()
            if found["status"] == "done":
                return found
            await tenant.database.fetch("SELECT pg_sleep(0.01)")


async def open_match(book: Book) -> tuple[str, dict[str, Any]]:
    """The path of a reconciliation that is done, and a match that it has left to people."""
    number = next(_numbers)
    amount = 1_000_000 + number
    line = Line(amount, date(2001, 1, 5))
    file = Swift([line], opening=amount, day=date(2001, 1, 4), number=str(number))
    path = f"{book.path}/accounts/wallet"
    await upload(book.tenant, f"{path}/imports", file.written())
    posted = await book.tenant.create(f"{book.path}/transactions", book.transfer(str(amount)))
    asked = {"account": "wallet", "period": {"from": "2001-01-01", "to": "2001-12-31"}}
    made = await book.tenant.create(f"{book.path}/reconciliations", asked)
    path = f"{book.path}/reconciliations/{made['id']}"
    database = book.tenant.database
    async with running(database, reconciliation_service(database).handling()):
        await done(book.tenant, path)
    breaks = (await book.tenant.client.get(f"{path}/breaks?limit=1000")).json()["breaks"]
    [line] = [each["line"] for each in breaks if each["amount"] == str(amount)]
    match = {"lines": [line], "entries": [f"{posted['seq']}.0"], "reason": "Seen by a person."}
    return path, match
