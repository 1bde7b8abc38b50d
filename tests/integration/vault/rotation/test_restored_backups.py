"""Drills: databases from before a rotation come back, and everything in them opens."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from bezant.vault.keystores import KeyRefused
from fixtures_rotation import Rotating
from people import dump, restore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Connection = asyncpg.Connection[asyncpg.Record]

MAIN = ("vault_key", "vault_subject", "vault_value", "vault_index")
KEYS = ("subject_key", "tenant_key_floor")
VALUES = ("ann@example.com", "bob@example.com", "eve@example.com")
KINDS = ("root", "tenant", "data", "index:contact.email", "requests")


@asynccontextmanager
async def connected(url: str) -> "AsyncIterator[Connection]":
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("kinds", [*[(kind,) for kind in KINDS], KINDS, KINDS * 2])
async def test_databases_from_before_a_rotation_open(
    rotating: Rotating, kinds: tuple[str, ...]
) -> None:
    references = await rotating.seal(*VALUES)
    async with connected(rotating.urls.main) as main, connected(rotating.urls.keys) as keys:
        backup = await dump(main, rotating.tenant_id, MAIN)
        keys_backup = await dump(keys, rotating.tenant_id, KEYS)
        for kind in kinds:
            rotation = await rotating.rotate(kind)
            assert rotation.failed == 0
        await restore(main, rotating.tenant_id, backup)
        await restore(keys, rotating.tenant_id, keys_backup)
    assert await rotating.opened(*references) == list(VALUES)
    for reference, value in zip(references, VALUES, strict=True):
        assert await rotating.found(value) == [reference]
    # And what is new is sealed, under what is active by now.
    [new] = await rotating.seal("zoe@example.com")
    assert await rotating.opened(new) == ["zoe@example.com"]


async def test_a_root_that_was_ended_opens_no_backup_of_its_time(rotating: Rotating) -> None:
    """The control: what is restored does depend on the former version."""
    references = await rotating.seal(*VALUES)
    async with connected(rotating.urls.main) as main:
        backup = await dump(main, rotating.tenant_id, MAIN)
        before = await rotating.key_store.current()
        await rotating.rotate("root")
        await rotating.key_store.destroy(before)
        await restore(main, rotating.tenant_id, backup)
    rotating.vault._cache.clear()
    with pytest.raises(KeyRefused):
        await rotating.opened(*references)
