"""What every key store promises, each asked the real thing."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec import structs

from bezant.vault.keystores import (
    BoundKeys,
    KeyRefused,
    KeyStore,
    KeyStoreChoice,
    KeyStoreUnusable,
    create_key_store,
    open_key_store,
    read_choice,
)
from bezant.vault.keystores.local_file import Argon2

QUICK = Argon2(memory_kib=8 * 1024, passes=1, lanes=1)
KINDS = ("local", "pkcs11", "transit", "aws-kms")


@dataclass(frozen=True)
class Place:
    """Where a key store can be made, with a name that nobody else has."""

    choice: KeyStoreChoice
    other: KeyStoreChoice

    @asynccontextmanager
    async def opened(self, *, is_other: bool = False) -> AsyncIterator[KeyStore]:
        """The key store, made if need be."""
        choice = self.other if is_other else self.choice
        try:
            await create_key_store(choice, QUICK)
        except KeyStoreUnusable as error:
            assert "already" in error.problem  # noqa: PT017 - any other one is a failure
        store = await open_key_store(choice)
        try:
            yield store
        finally:
            await store.close()


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, folder: Path) -> Place:
    name = f"root-{uuid4().hex}"
    if request.param == "local":
        texts = [
            f"local:{folder}/{each}.json?passphrase_file={folder}/{each}.passphrase"
            for each in ("one", "other")
        ]
    else:
        fixture = {"pkcs11": "token", "transit": "openbao", "aws-kms": "aws"}[request.param]
        server = request.getfixturevalue(fixture)
        texts = [server.text(name), server.text(f"{name}-other")]
    choice, other = (read_choice(text, folder) for text in texts)
    return Place(choice, other)


@pytest.fixture
async def store(place: Place) -> AsyncIterator[KeyStore]:
    async with place.opened() as store:
        yield store


@pytest.mark.parametrize("size", [32, 33, 64, 95, 96])
async def test_what_is_wrapped_opens_again(store: KeyStore, size: int) -> None:
    key = os.urandom(size)
    wrapped = await store.wrap(key)
    assert wrapped.version == await store.current()
    assert await store.unwrap(wrapped) == key
    assert key not in wrapped.blob


async def test_the_same_key_is_never_wrapped_the_same(store: KeyStore) -> None:
    blobs = {(await store.wrap(bytes(32))).blob for _ in range(5)}
    assert len(blobs) == 5


async def test_former_versions_open_after_rotations_and_the_newest_wraps(store: KeyStore) -> None:
    wrapped = [await store.wrap(bytes([at]) * 32) for at in range(1)]
    for at in range(1, 4):
        assert await store.rotate() == await store.current()
        wrapped.append(await store.wrap(bytes([at]) * 32))
    assert len({each.version for each in wrapped}) == 4
    assert [await store.unwrap(each) for each in wrapped] == [bytes([at]) * 32 for at in range(4)]


async def test_another_process_opens_what_was_wrapped_and_sees_rotations(place: Place) -> None:
    async with place.opened() as one, place.opened() as two:
        before = await one.wrap(b"a" * 32)
        version = await two.rotate()
        after = await two.wrap(b"b" * 32)
        assert after.version == version
        assert await two.unwrap(before) == b"a" * 32
        assert await one.unwrap(after) == b"b" * 32


async def test_an_altered_key_does_not_open(store: KeyStore) -> None:
    wrapped = await store.wrap(bytes(range(64)))
    blob = wrapped.blob
    places = {0, 1, len(blob) // 3, len(blob) // 2, len(blob) - 12, len(blob) - 3}
    altered = [blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :] for at in places]
    altered += [blob[:-1], blob[:20], blob[:5], b"", blob + b"\0", blob + blob]
    for each in altered:
        with pytest.raises(KeyRefused):
            await store.unwrap(structs.replace(wrapped, blob=each))
    assert await store.unwrap(wrapped) == bytes(range(64))


async def test_a_key_opens_under_its_own_version_only(store: KeyStore) -> None:
    first = await store.wrap(b"a" * 32)
    await store.rotate()
    second = await store.wrap(b"b" * 32)
    for version in (second.version, "99", "nonsense", ""):
        with pytest.raises(KeyRefused):
            await store.unwrap(structs.replace(first, version=version))
    assert await store.unwrap(first) == b"a" * 32


async def test_another_key_store_opens_nothing(place: Place, store: KeyStore) -> None:
    wrapped = await store.wrap(b"a" * 32)
    async with place.opened(is_other=True) as other:
        with pytest.raises(KeyRefused):
            await other.unwrap(wrapped)
        theirs = await other.wrap(b"b" * 32)
    with pytest.raises(KeyRefused):
        await store.unwrap(theirs)


async def test_what_a_destroyed_version_wrapped_stays_closed(place: Place, store: KeyStore) -> None:
    old = await store.wrap(b"a" * 32)
    await store.rotate()
    middle = await store.wrap(b"b" * 32)
    await store.rotate()
    assert await store.unwrap(old) == b"a" * 32
    await store.destroy(old.version)
    await store.destroy(old.version)
    async with place.opened() as again:
        for each in (store, again):
            with pytest.raises(KeyRefused):
                await each.unwrap(old)
            assert await each.unwrap(middle) == b"b" * 32
            assert await each.unwrap(await each.wrap(b"c" * 32)) == b"c" * 32


async def test_the_version_that_wraps_is_not_destroyed(store: KeyStore) -> None:
    wrapped = await store.wrap(b"a" * 32)
    with pytest.raises(KeyRefused):
        await store.destroy(wrapped.version)
    assert await store.unwrap(wrapped) == b"a" * 32
    # The version after it is a new one, whatever was destroyed before.
    await store.rotate()
    await store.destroy(wrapped.version)
    assert await store.rotate() != wrapped.version


async def test_a_bound_key_opens_in_its_own_context_only(store: KeyStore) -> None:
    keys = BoundKeys(store)
    wrapped = await keys.wrap(b"k" * 32, b"tenant 1")
    assert await keys.unwrap(wrapped, b"tenant 1") == b"k" * 32
    for context in (b"tenant 2", b""):
        with pytest.raises(KeyRefused):
            await keys.unwrap(wrapped, context)


async def test_everything_opens_while_the_root_is_rotated(store: KeyStore) -> None:
    async def use(at: int) -> None:
        key = bytes([at]) * 32
        assert await store.unwrap(await store.wrap(key)) == key

    async def rotate() -> None:
        for _ in range(3):
            await store.rotate()

    await asyncio.gather(rotate(), *(use(at) for at in range(40)))


async def test_a_key_store_is_made_once_and_never_in_anothers_place(place: Place) -> None:
    async with place.opened() as store:
        wrapped = await store.wrap(b"a" * 32)
        with pytest.raises(KeyStoreUnusable, match="already") as refused:
            await create_key_store(place.choice, QUICK)
        assert refused.value.remedy
        assert await store.unwrap(wrapped) == b"a" * 32


async def test_opening_makes_none(place: Place) -> None:
    for _ in range(2):
        with pytest.raises(KeyStoreUnusable, match="bezant vault keystore create"):
            await open_key_store(place.choice)


async def test_nothing_of_an_open_key_store_is_shown(store: KeyStore) -> None:
    assert repr(store) == str(store) == "[redacted]"
