"""AWS KMS: credentials, states of keys, and a service that is gone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec import structs

from bezant.vault.keystores import (
    KeyRefused,
    KeyStoreDown,
    KeyStoreUnusable,
    create_key_store,
    open_key_store,
    read_choice,
)
from bezant.vault.keystores.choice import KmsPlace
from bezant.vault.keystores.kms import KmsKeyStore
from integration.vault.keystores.servers import CREDENTIALS, Kms, kms

KEY = bytes(range(32))


def named(server: Kms, folder: Path) -> KmsPlace:
    choice = read_choice(server.text(f"root-{uuid4().hex}"), folder)
    assert isinstance(choice, KmsPlace)
    return choice


@pytest.fixture
def place(aws: Kms, folder: Path) -> KmsPlace:
    return named(aws, folder)


@asynccontextmanager
async def opened(place: KmsPlace) -> AsyncIterator[KmsKeyStore]:
    await create_key_store(place)
    store = await open_key_store(place)
    assert isinstance(store, KmsKeyStore)
    try:
        yield store
    finally:
        await store.close()


async def test_a_service_that_is_gone_is_down(folder: Path) -> None:
    async with kms() as server:
        place = named(server, folder)
        async with opened(place) as store:
            wrapped = await store.wrap(KEY)
            await server.stop()
            for _ in range(2):
                with pytest.raises(KeyStoreDown, match="does not answer"):
                    await store.unwrap(wrapped)
            with pytest.raises(KeyStoreDown):
                await store.wrap(KEY)
        with pytest.raises(KeyStoreUnusable, match="does not answer"):
            await open_key_store(place)


async def test_a_disabled_key_wraps_nothing_and_opens_again_when_enabled(place: KmsPlace) -> None:
    async with opened(place) as store:
        wrapped = await store.wrap(KEY)
        await store._ask("disable_key", KeyId=wrapped.version)
        with pytest.raises(KeyStoreDown):
            await store.wrap(KEY)
        with pytest.raises(KeyStoreUnusable, match="is Disabled"):
            await open_key_store(place)
        await store._ask("enable_key", KeyId=wrapped.version)
        assert await store.unwrap(wrapped) == KEY


async def test_a_destroyed_key_waits_for_its_deletion(place: KmsPlace) -> None:
    async with opened(place) as store:
        wrapped = await store.wrap(KEY)
        await store.rotate()
        await store.destroy(wrapped.version)
        state = await store._ask("describe_key", KeyId=wrapped.version)
        assert state["KeyMetadata"]["KeyState"] == "PendingDeletion"
        with pytest.raises(KeyRefused):
            await store.unwrap(wrapped)


async def test_a_key_store_of_the_same_account_opens_nothing_of_another(
    aws: Kms, place: KmsPlace, folder: Path
) -> None:
    """The context is the alias: were it left out, every key of the account would open."""
    async with opened(place) as one, opened(named(aws, folder)) as two:
        wrapped = await one.wrap(KEY)
        with pytest.raises(KeyRefused):
            await two.unwrap(wrapped)
        two._context = one._context
        assert await two.unwrap(wrapped) == KEY


async def test_a_key_of_another_kind_is_refused(place: KmsPlace) -> None:
    async with opened(place) as store:
        key = await store._ask("create_key", KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
        target = key["KeyMetadata"]["KeyId"]
        await store._ask("update_alias", AliasName=place.alias, TargetKeyId=target)
        with pytest.raises(KeyStoreUnusable, match="does not wrap keys"):
            await open_key_store(place)


async def test_without_credentials_or_a_region_it_is_told(
    place: KmsPlace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(KeyStoreUnusable, match="NoCredentialsError"):
        await open_key_store(place)
    with pytest.raises(KeyStoreUnusable, match="NoRegionError"):
        await open_key_store(structs.replace(place, region=None))


async def test_a_lost_alias_is_told_and_no_key_made(place: KmsPlace) -> None:
    async with opened(place) as store:
        await store._ask("delete_alias", AliasName=place.alias)
        with pytest.raises(KeyStoreDown, match="names no key"):
            await store.current()
        with pytest.raises(KeyStoreDown):
            await store.wrap(KEY)
        with pytest.raises(KeyStoreUnusable, match="has no alias/"):
            await open_key_store(place)
