"""A process that brings notes to a folder, and tells of each: to be killed."""

import asyncio
import sys
from pathlib import Path
from typing import Final
from uuid import UUID

from bezant.ledger.checkpoints import Folder, Published

BOOK: Final = UUID("01938f5c-7d1e-7c3a-9b1a-2f60c2c6a001")


def note(number: int) -> str:
    """A long one, so that there is time to be killed within it."""
    return f"{number}\n" * 20_000


async def work(folder: Path) -> None:
    place = Folder(folder)
    last = await place.last(BOOK, BOOK)
    number = 0 if last is None else last.number
    while True:
        number += 1
        await place.put(BOOK, BOOK, [Published(number, note(number))])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
