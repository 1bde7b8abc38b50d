"""A payment scheme as a server: it takes each transfer once, and knows what it has taken."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bezant.payments.rails import Asked, NotSent, Outcome, Outgoing, Settled, Unknown


class Scheme:
    """The server's end.

    Attributes:
        asked: how often each transfer was sent, or each message about a recall.
        taken: transfers that were carried out: once, however often they are sent.
        told: what was said about recalls, with its kind, by its name.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.taken: set[str] = set()
        self.told: dict[str, tuple[str, str]] = {}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request: `send` or `inquire` and the attempt, or a message about a recall."""
        word, name, *said = (await reader.readline()).decode().split()
        if word != "inquire":
            self.asked[name] += 1
        if said:
            saying = (word, said[0])
            is_taken = self.told.setdefault(name, saying) == saying
        else:
            if word == "send":
                self.taken.add(name)
            is_taken = name in self.taken
        writer.write(b"settled\n" if is_taken else b"nothing\n")
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
    recall_refusals = frozenset({"CUST"})

    def __init__(self, path: Path) -> None:
        self._path = path

    def settlement_account(self, asset: str) -> str:
        return f"settlement:{self.name}:{asset}"

    def check(self, outgoing: Outgoing) -> None:
        """It takes everything."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        return await self._ask("send", outgoing.attempt_id)

    async def inquire(self, outgoing: Outgoing) -> Outcome:
        return await self._ask("inquire", outgoing.attempt_id)

    async def send_recall(self, asked: Asked) -> Outcome:
        return await self._tell("recall", asked)

    async def send_return(self, asked: Asked) -> Outcome:
        return await self._tell("return", asked)

    async def answer_recall(self, asked: Asked, refusal: str) -> Outcome:
        return await self._tell("refusal", asked, refusal)

    async def _tell(self, word: str, asked: Asked, refusal: str = "") -> Outcome:
        saying = repr((astuple(asked), refusal)).encode()
        return await self._ask(word, asked.message_id, hashlib.sha256(saying).hexdigest())

    async def _ask(self, word: str, name: UUID, said: str = "") -> Outcome:
        reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            writer.write(f"{word} {name} {said}\n".encode())
            said = (await reader.readline()).decode().strip()
        finally:
            writer.close()
        match said:
            case "settled":
                return Settled(f"scheme-{name}", datetime.now(UTC))
            case "nothing":
                return NotSent("NOT_FOUND")
            case _:
                return Unknown("CUT_OFF")
