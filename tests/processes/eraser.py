"""A process that erases subjects, and stops at a step: `python eraser.py < tasks.jsonl`."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.vault import Vault
from bezant.vault.subjects import SubjectService, store
from bezant.vault.subjects.journal import Journal
from bezant.vault.subjects.schemas import ErasureRequest
from forking import say, serve, stop_here
from memory_key_store import MemoryKeyStore

IDS = TimeOrderedIds()


class Task(msgspec.Struct):
    """What to do.

    Attributes:
        step: where to stop for ever; none for nowhere.
    """

    url: str
    keys_url: str
    folder: str
    tenant_id: UUID
    subjects: list[UUID]
    step: str = ""


def stop_at(step: str) -> None:
    """Have the process stop between two of its own acts."""
    if step == "half a line":
        write = os.write

        def half(descriptor: int, data: Any) -> int:  # noqa: ANN401 - as `os.write`
            write(descriptor, bytes(data[: len(data) // 2]))
            os.fsync(descriptor)
            say(step)
            while True:
                asyncio.run(asyncio.sleep(3600))

        os.write = half
    if step in {"before the journal", "after the journal"}:
        append = Journal.append

        async def told(journal: Journal, erasures: Any) -> Any:  # noqa: ANN401 - as `append`
            if step.startswith("before"):
                await stop_here(step)
            entries = await append(journal, erasures)
            await stop_here(step)
            return entries

        Journal.append = told  # type: ignore[assignment,method-assign]
    statements = {
        "before values are deleted": store.DELETE_VALUES_OF_SUBJECTS,
        "before keys are destroyed": store.DESTROY_KEYS,
        "between keys and tombstones": store.INSERT_TOMBSTONES,
        "before it is done": store.SET_DONE,
    }
    if step in statements:
        transaction = Database.transaction

        async def watched(self: Database, work: Any, **more: Any) -> Any:  # noqa: ANN401 - as the real one
            async def watch(connection: Any) -> Any:  # noqa: ANN401 - as above
                return await work(Watched(connection, statements[step], step))

            return await transaction(self, watch, **more)

        Database.transaction = watched  # type: ignore[method-assign]


class Watched:
    """A connection that stops before one statement."""

    def __init__(self, connection: Any, statement: str, step: str) -> None:  # noqa: ANN401 - asyncpg's
        self._connection = connection
        self._statement = statement
        self._step = step

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - asyncpg's
        return getattr(self._connection, name)

    async def execute(self, statement: str, *values: object) -> Any:  # noqa: ANN401 - asyncpg's
        if statement == self._statement:
            await stop_here(self._step)
        return await self._connection.execute(statement, *values)


async def work(task: Task) -> None:
    database = await Database.open(task.url, name="eraser")
    keys = await Database.open(task.keys_url, name="eraser of keys")
    clock = SystemClock()
    vault = await Vault.open(database, keys, MemoryKeyStore(), clock, IDS, Path(task.folder))
    assert vault._journal is not None
    decisions = SubjectService(database, clock, IDS, vault._erasing, vault._journal)
    stop_at(task.step)
    say("ready")
    for subject_id in task.subjects:
        call = Call(
            id=IDS.new(),
            tenant_id=task.tenant_id,
            actor="key:test",
            action="subject.erase",
            resource=f"/v1/vault/subjects/{subject_id}/erase",
            origin="test",
            idempotency_key=f"erase-{subject_id}",
        )
        say("asking", subject_id)
        answer = await decisions.erase(call, subject_id, ErasureRequest("objection"))
        assert answer.status == 200, answer.body
        say("erased", subject_id)
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
