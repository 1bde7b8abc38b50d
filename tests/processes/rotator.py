"""A process that rotates every kind of key again and again: to be killed, and started anew.

Starting Python takes longer than a kill is to wait. So this one, given tasks on its standard input,
makes a child of itself for each, and tells the child's process identifier; the child is killed.
"""

import asyncio
import os
import random
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.vault import Vault
from bezant.vault.keystores import KeyRefused, Wrapped
from bezant.vault.rotation import KeyDestruction, NewRotation, Portion
from bezant.vault.rotation.digests import IndexDigests

KINDS: Final = ("root", "tenant", "data", "index:test.email", "fingerprint", "requests")


class Task(msgspec.Struct):
    """What a child does.

    Attributes:
        kinds: which kinds of key it rotates.
        fault: what it does wrong on purpose; empty for nothing.
    """

    main: str
    keys: str
    key_store: str
    tenant_id: UUID
    seed: int
    kinds: tuple[str, ...] = KINDS
    fault: str = ""


class FileKeyStore:
    """A root in versions whose state is a file, so that it survives a kill.

    Args:
        path: its lines are versions that are not destroyed; the last one wraps.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def current(self) -> str:
        return self._versions()[-1]

    async def wrap(self, plaintext: bytes) -> Wrapped:
        version = self._versions()[-1]
        return Wrapped(version, self._turned(plaintext, version))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        if wrapped.version not in self._versions():
            raise KeyRefused("No such root.")
        return self._turned(wrapped.blob, wrapped.version)

    async def rotate(self) -> str:
        versions = self._versions()
        version = str(int(versions[-1]) + 1)
        self._write([*versions, version])
        return version

    async def destroy(self, version: str) -> None:
        versions = self._versions()
        if version == versions[-1]:
            raise KeyRefused("It is the one that wraps.")
        self._write([other for other in versions if other != version])

    async def close(self) -> None:
        """Nothing is open."""

    def _versions(self) -> list[str]:
        return self._path.read_text().split()

    def _write(self, versions: list[str]) -> None:
        new = self._path.with_suffix(".new")
        new.write_text("\n".join(versions))
        new.replace(self._path)

    @staticmethod
    def _turned(data: bytes, version: str) -> bytes:
        return bytes(byte ^ 0xFF ^ int(version) % 0xFF for byte in data)


def call(tenant_id: UUID) -> Call:
    """A request of its own."""
    call_id = TimeOrderedIds().new()
    return Call(call_id, tenant_id, f"test:{call_id}", "test", "/", "test", f"call:{call_id}")


async def rotate(vault: Vault, tenant_id: UUID, kind: str) -> None:
    """Finish what was begun, rotate once, and destroy what that leaves behind."""
    rotations = vault.rotations
    await rotations.carry_on()
    if kind == "root":
        await rotations.start_root(call(UUID(int=0)))
    else:
        await rotations.start(call(tenant_id), NewRotation(kind))
    await rotations.carry_on()
    # Everything that opened under the old version at any time must do without it from now on.
    if kind == "root":
        for root in await rotations.roots():
            if root.state == "restore_only":
                await rotations.destroy_root(call(UUID(int=0)), root.version, "a test")
    elif kind == "data":
        await rotations.destroy(call(tenant_id), KeyDestruction("data", reason="a test"))
    else:
        for key in (await rotations.keys(tenant_id)).keys:
            if key.kind == kind and key.state == "restore_only":
                asked = KeyDestruction(kind, int(key.version), reason="a test")
                await rotations.destroy(call(tenant_id), asked)


def destroy_keys_first(vault: Vault, task: Task) -> None:
    """The old keys go when the new ones are there, before what they sealed is moved."""
    renewed = vault.subjects.rotate

    async def too_early(
        tenant_id: UUID, subjects: Collection[UUID], rotation_id: UUID
    ) -> dict[UUID, int]:
        floors = await renewed(tenant_id, subjects, rotation_id)
        connection = await asyncpg.connect(task.keys)
        await connection.execute(
            "UPDATE subject_key SET state = 'destroyed', wrapped = NULL, destroyed_at = now()"
            " WHERE tenant_id = $1 AND state = 'restore_only'",
            tenant_id,
        )
        await connection.close()
        return floors

    vault.subjects.rotate = too_early  # type: ignore[method-assign]


def remove_digests_first(_vault: Vault, task: Task) -> None:
    """The old digests go in a transaction of their own."""
    moved = IndexDigests.move

    async def in_two(
        self: IndexDigests, tenant_id: UUID, version: int, after: UUID, limit: int
    ) -> Portion | None:
        connection = await asyncpg.connect(task.main)
        rows = await connection.fetch(
            "DELETE FROM vault_index WHERE tenant_id = $1 RETURNING *", tenant_id
        )
        await asyncio.sleep(0.05)
        for row in rows:
            await connection.execute(
                "INSERT INTO vault_index VALUES ($1, $2, $3, $4, $5, $6)", *row.values()
            )
        await connection.close()
        return await moved(self, tenant_id, version, after, limit)

    IndexDigests.move = in_two  # type: ignore[method-assign]


FAULTS: Final[dict[str, Callable[[Vault, Task], None]]] = {
    "keys destroyed first": destroy_keys_first,
    "digests removed first": remove_digests_first,
}


async def work(task: Task) -> None:
    """Rotate until killed."""
    database = await Database.open(task.main, name="rotator", connections_max=3)
    keys = await Database.open(task.keys, name="rotator keys", connections_max=3)
    store = FileKeyStore(Path(task.key_store))
    vault = Vault(database, keys, store, SystemClock(), TimeOrderedIds())
    if task.fault:
        FAULTS[task.fault](vault, task)
    dice = random.Random(task.seed)
    say("working")
    while True:
        kind = dice.choice(task.kinds)
        await rotate(vault, task.tenant_id, kind)
        say(f"rotated {kind}")


def say(line: str) -> None:
    """One line, in one write."""
    os.write(1, f"{line}\n".encode())


def main() -> None:
    """A child for each task."""
    for line in sys.stdin:
        task = msgspec.json.decode(line, type=Task)
        pid = os.fork()
        if not pid:
            asyncio.run(work(task))
        say(f"child {pid}")
        os.waitpid(pid, 0)
        say("killed")


if __name__ == "__main__":
    main()
