"""A process that carries quotes out and tells of each: `python exchanger.py < errand.json`."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import msgspec

from bezant.kernel.calls import Call
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Ledger
from bezant.ledger.fx.schemas import NewConversion

CONCURRENCY = 4
IDS = TimeOrderedIds()


class Errand(msgspec.Struct):
    """Which quotes to carry out, from Ann's EUR to Ann's USD."""

    url: str
    run_folder: str
    tenant_id: UUID
    book_id: UUID
    quotes: list[UUID]


async def work(errand: Errand) -> None:
    database = await Database.open(errand.url, name="exchanger")
    ledger = Ledger(database, Path(errand.run_folder))
    await ledger.start()
    quotes = iter(errand.quotes)

    async def one_after_the_other() -> None:
        for quote in quotes:
            key = f"convert-{quote}"
            call = Call(IDS.new(), errand.tenant_id, "key:x", "fx", "/fx", "test", key, b"fx")
            new = NewConversion(quote, "ann:EUR", "ann:USD")
            answer = await ledger.fx.convert(call, errand.book_id, new)
            sys.stdout.write(f"{quote} {answer.status}\n")
            sys.stdout.flush()

    await asyncio.gather(*(one_after_the_other() for _ in range(CONCURRENCY)))
    await ledger.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.stdin.buffer.read(), type=Errand)))
