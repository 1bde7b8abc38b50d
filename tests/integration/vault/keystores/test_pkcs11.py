"""The token: what never leaves it, and what happens without it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from uuid import uuid4

import pkcs11
import pytest
from msgspec import structs
from pkcs11 import Attribute, KeyType
from pkcs11.exceptions import PKCS11Error

from bezant.vault.keystores import (
    KeyStoreDown,
    KeyStoreUnusable,
    create_key_store,
    open_key_store,
    read_choice,
)
from bezant.vault.keystores import pkcs11 as subject
from bezant.vault.keystores.choice import Pkcs11Place
from bezant.vault.keystores.pkcs11 import Pkcs11KeyStore
from integration.vault.keystores.servers import MODULE, PIN, TOKEN, Hsm, private

KEY = bytes(range(32))
# The library cannot end a search in a session that is gone, and says so where nobody can catch it.
LOSES_ITS_SESSION = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def place(token: Hsm, folder: Path) -> Pkcs11Place:
    choice = read_choice(token.text(f"root-{uuid4().hex}"), folder)
    assert isinstance(choice, Pkcs11Place)
    return choice


@asynccontextmanager
async def opened(place: Pkcs11Place) -> AsyncIterator[Pkcs11KeyStore]:
    await create_key_store(place)
    store = await open_key_store(place)
    assert isinstance(store, Pkcs11KeyStore)
    try:
        yield store
    finally:
        await store.close()


async def test_root_keys_do_not_leave_the_token_not_even_for_its_user(place: Pkcs11Place) -> None:
    async with opened(place) as store:
        await store.rotate()
    with pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN).open(user_pin=PIN) as session:
        keys = list(session.get_objects({Attribute.ID: place.object.encode()}))
        assert len(keys) == 2
        for key in keys:
            assert key[Attribute.SENSITIVE]
            assert not key[Attribute.EXTRACTABLE]
            with pytest.raises(PKCS11Error):
                key[Attribute.VALUE]


async def test_a_key_that_may_leave_the_token_is_refused(place: Pkcs11Place) -> None:
    with pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN) as each:
        each.generate_key(
            KeyType.AES,
            256,
            id=place.object.encode(),
            label=f"{place.object}-1.00",
            store=True,
            template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
        )
    with pytest.raises(KeyStoreUnusable, match="may leave the token"):
        await open_key_store(place)


@LOSES_ITS_SESSION
async def test_a_token_that_is_gone_is_down_and_serves_again_when_it_is_back(
    token: Hsm, place: Pkcs11Place
) -> None:
    async with opened(place) as store:
        wrapped = await store.wrap(KEY)
        away = token.tokens.rename(token.folder / "away")
        try:
            for _ in range(2):
                with pytest.raises(KeyStoreDown):
                    await store.unwrap(wrapped)
                with pytest.raises(KeyStoreDown):
                    await store.wrap(KEY)
        finally:
            away.rename(token.tokens)
        assert await store.unwrap(wrapped) == KEY


@LOSES_ITS_SESSION
async def test_a_lost_login_is_made_again(place: Pkcs11Place) -> None:
    async with opened(place) as store:
        wrapped = await store.wrap(KEY)
        assert store._session is not None
        # As when another user of the same library in this process logs out.
        store._session.close()
        assert await store.unwrap(wrapped) == KEY


async def test_a_wrong_pin_is_tried_once(place: Pkcs11Place, folder: Path) -> None:
    wrong = structs.replace(place, pin_file=private(folder / "pin", "0000"))
    with pytest.raises(KeyStoreUnusable, match="refuses the PIN"):
        await open_key_store(wrong)
    store = Pkcs11KeyStore(wrong)
    try:
        with pytest.raises(KeyStoreDown, match="refuses the PIN"):
            await store.current()
        # The token would lock itself.
        for _ in range(3):
            with pytest.raises(KeyStoreDown, match="not asked again"):
                await store.current()
    finally:
        await store.close()


async def test_what_is_not_there_is_told(place: Pkcs11Place, folder: Path) -> None:
    for wrong, problem in (
        (structs.replace(place, module=folder / "none.so"), "no PKCS#11 module"),
        (structs.replace(place, module=private(folder / "no.so", "text")), "does not serve"),
        (structs.replace(place, token="Other"), "does not serve \\(NoSuchToken\\)"),
        (structs.replace(place, pin_file=folder / "none"), "PIN cannot be read"),
        (place, "has no key root-"),
    ):
        with pytest.raises(KeyStoreUnusable, match=problem) as refused:
            await open_key_store(wrong)
        assert PIN not in str(refused.value)


async def test_a_pin_that_others_may_read_is_refused(place: Pkcs11Place, folder: Path) -> None:
    pin = private(folder / "pin", PIN)
    pin.chmod(0o644)
    with pytest.raises(KeyStoreUnusable, match="PIN cannot be read"):
        await open_key_store(structs.replace(place, pin_file=pin))


async def test_a_token_that_does_not_answer_is_down(
    place: Pkcs11Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Event()
    async with opened(place) as store:
        wrapped = await store.wrap(KEY)
        store._thread.submit(done.wait)
        monkeypatch.setattr(subject, "TIMEOUT_S", 0.05)
        try:
            with pytest.raises(KeyStoreDown, match="does not answer"):
                await store.unwrap(wrapped)
        finally:
            done.set()
        monkeypatch.undo()
        assert "SOFTHSM2_CONF" in os.environ
        assert await store.unwrap(wrapped) == KEY


async def test_two_that_rotate_at_once_make_two_versions_that_both_open(
    place: Pkcs11Place,
) -> None:
    async with opened(place) as store:
        first = await store.wrap(KEY)
        other = await open_key_store(place)
        try:
            # The other one saw version 1, and makes a 2 as well.
            await store._do(lambda session: store._generate(session, 2))
            await store._do(lambda session: store._generate(session, 2))
            second = await other.wrap(KEY)
        finally:
            await other.close()
        assert second.version.startswith("2.")
        assert await store.current() == second.version
        assert [await store.unwrap(each) for each in (first, second)] == [KEY] * 2
