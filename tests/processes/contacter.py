"""A process that makes contacts, and stops at a step: `python contacter.py < tasks.jsonl`."""

import asyncio
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.banking import Contact, ContactService, NewContact
from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.vault import VaultClient
from forking import say, serve, stop_here

IDS = TimeOrderedIds()


class Task(msgspec.Struct):
    """What to do: contacts by the keys of their requests.

    Attributes:
        step: where to stop for ever; none for nowhere.
    """

    url: str
    socket: str
    token: str
    tenant_id: UUID
    keys: list[str]
    step: str = ""


class Stopping:
    """A sealer whose caller stops before or after one of its acts."""

    def __init__(self, sealer: VaultClient, step: str) -> None:
        self._sealer = sealer
        self._step = step

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the port's
        method = getattr(self._sealer, name)

        async def act(*given: object) -> object:
            if self._step == f"before {name}":
                await stop_here(self._step)
            result = await method(*given)
            if self._step == f"after {name}":
                await stop_here(self._step)
            return result

        return act


def call_of(tenant_id: UUID, key: str) -> Call:
    """The request of a key."""
    return Call(
        id=IDS.new(),
        tenant_id=tenant_id,
        actor="key:test",
        action="contact.create",
        resource="/v1/contacts",
        origin="test",
        idempotency_key=key,
        fingerprint=key.encode(),
    )


def contact_of(key: str) -> NewContact:
    """What the request asks for."""
    return NewContact(f"Name of {key}", f"{key}@example.com")


async def work(task: Task) -> None:
    database = await Database.open(task.url, name="contacter")
    sealer = Stopping(VaultClient(Path(task.socket), task.token), task.step)
    contacts = ContactService(database, SystemClock(), IDS, sealer)
    say("ready")
    for key in task.keys:
        say("asking", key)
        answer = await contacts.create(call_of(task.tenant_id, key), contact_of(key))
        say("made", key, answer.value(Contact).id)
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
