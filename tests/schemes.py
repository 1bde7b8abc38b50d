"""A payment scheme as a server: it takes each transfer once, and knows what it has taken."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bezant.payments.rails import NotSent, Outcome, Outgoing, Settled, Unknown


class Scheme:
    """The server's end.

    Attributes:
        asked: how often each transfer was sent.
        taken: transfers that were carried out: once, however often they are sent.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.taken: set[str] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request: `send` or `inquire`, and the attempt."""
        word, _, attempt = (await reader.readline()).decode().strip().partition(" ")
        if word == "send":
            self.asked[attempt] += 1
            self.taken.add(attempt)
        writer.write(b"settled\n" if attempt in self.taken else b"nothing\n")
        writer.close()

    @asynccontextmanager
    async def serving(self, path: Path) -> AsyncIterator["Scheme"]:
        """Listen."""
        server = await asyncio.start_unix_server(self.answer, path)
        async with server:
            yield self


class SchemeClient:
    """The rail's end."""

    name = "scheme"
    answers_within_s: int | None = 10

    def __init__(self, path: Path) -> None:
        self._path = path

    def settlement_account(self, asset: str) -> str:
        return f"settlement:{self.name}:{asset}"

    def check(self, outgoing: Outgoing) -> None:
        """It takes everything."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await self._ask("send", outgoing)

    async def inquire(self, outgoing: Outgoing) -> Outcome:
        return await self._ask("inquire", outgoing)

    async def _ask(self, word: str, outgoing: Outgoing) -> Outcome:
        reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            writer.write(f"{word} {outgoing.attempt_id}\n".encode())
            said = (await reader.readline()).decode().strip()
        finally:
            writer.close()
        match said:
            case "settled":
                return Settled(f"scheme-{outgoing.attempt_id}", datetime.now(UTC))
            case "nothing":
                return NotSent("NOT_FOUND")
            case _:
                return Unknown("CUT_OFF")
