"""The key of fingerprints is renewed while tokens are in use."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from bezant.kernel.database import Database
from bezant.vault.subjects import FILE
from fixtures_rotation import Rotating
from fixtures_vault import Counter, counter_of
from tokenized import PAN, TOKENS, card, value


@pytest.fixture
async def renewed(rotating: Rotating, tmp_path: Path) -> AsyncIterator[tuple[Counter, Rotating]]:
    """A vault by HTTP, and the same for its operator."""
    await rotating.vault._replay(tmp_path / FILE)
    database = await Database.open(rotating.urls.main, name="tests")
    async with counter_of(rotating, database) as counter:
        assert isinstance(counter.room, Rotating)
        yield counter, counter.room
    await database.close()


async def test_tokens_are_found_and_given_again_under_the_new_key_alone(
    renewed: tuple[Counter, Rotating],
) -> None:
    counter, room = renewed
    subject = uuid4()
    token = await counter.create(TOKENS, card(subject, number=PAN))
    other = await counter.create(TOKENS, value("X12 / 9"))
    rotation = await room.rotate("fingerprint")
    assert (rotation.done, rotation.failed) == (2, 0)
    await room.destroy("fingerprint", 1, reason="a test")
    assert await room.states("fingerprint") == {"1": "destroyed", "2": "active"}
    found = await counter.create(f"{TOKENS}/search", {"card": {"number": PAN}})
    assert [each["token"] for each in found["tokens"]] == [token["token"]]
    again = await counter.create(TOKENS, card(subject, number=PAN))
    assert (again["token"], again["reused"]) == (token["token"], True)
    assert again["token"] != other["token"]


async def test_a_token_whose_value_does_not_open_keeps_the_former_key(
    renewed: tuple[Counter, Rotating],
) -> None:
    counter, room = renewed
    await counter.create(TOKENS, card(uuid4(), number=PAN))
    await room.execute(
        "UPDATE vault_value SET sealed = sealed || '\\x00'::bytea WHERE tenant_id = $1",
        room.tenant_id,
    )
    rotation = await room.rotate("fingerprint")
    assert (rotation.done, rotation.failed) == (0, 1)
    assert (await room.states("fingerprint"))["1"] == "restore_only"
