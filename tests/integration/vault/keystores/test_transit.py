"""The transit engine: credentials, certificates, and a server that is sealed or gone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from msgspec import structs

from bezant.kernel.clock import SystemClock
from bezant.server.development_ca import DevelopmentCa
from bezant.vault.keystores import (
    KeyRefused,
    KeyStoreDown,
    KeyStoreUnusable,
    create_key_store,
    open_key_store,
    read_choice,
)
from bezant.vault.keystores.choice import TransitPlace
from bezant.vault.keystores.transit import TransitKeyStore
from documents.commands import ROOT
from integration.vault.keystores.servers import ROOT_TOKEN, Bao, bao, private

KEY = bytes(range(32))


def named(server: Bao, folder: Path, token: str = ROOT_TOKEN) -> TransitPlace:
    """A key that nobody else has, reached by a token file of one's own."""
    token_file = private(folder / "token", token)
    choice = read_choice(server.text(f"root-{uuid4().hex}", token_file), folder)
    assert isinstance(choice, TransitPlace)
    return choice


@pytest.fixture
def place(openbao: Bao, folder: Path) -> TransitPlace:
    return named(openbao, folder)


@asynccontextmanager
async def opened(place: TransitPlace, *, is_made: bool = False) -> AsyncIterator[TransitKeyStore]:
    if not is_made:
        await create_key_store(place)
    store = await open_key_store(place)
    assert isinstance(store, TransitKeyStore)
    try:
        yield store
    finally:
        await store.close()


async def test_a_wrong_token_is_told_and_a_renewed_one_taken(place: TransitPlace) -> None:
    async with opened(place) as store:
        wrapped = await store.wrap(KEY)
        place.token_file.write_text("s.revoked")
        with pytest.raises(KeyStoreDown, match="refuses the token"):
            await store.unwrap(wrapped)
        with pytest.raises(KeyStoreUnusable, match="refuses the token") as refused:
            await open_key_store(place)
        assert "s.revoked" not in str(refused.value)
        place.token_file.chmod(0o644)
        with pytest.raises(KeyStoreDown, match="token of the key store cannot be read"):
            await store.wrap(KEY)
        place.token_file.chmod(0o600)
        place.token_file.write_text(ROOT_TOKEN + "\n")
        assert await store.unwrap(wrapped) == KEY


async def test_a_server_of_an_authority_that_is_not_trusted_is_not_spoken_to(
    place: TransitPlace, folder: Path
) -> None:
    ca = DevelopmentCa(folder, SystemClock())
    ca.ensure("127.0.0.1")
    for authority in (None, ca.ca):
        with pytest.raises(KeyStoreUnusable, match="does not answer \\(ConnectError\\)"):
            await open_key_store(structs.replace(place, ca_file=authority))


async def test_an_authority_that_is_none_is_told(place: TransitPlace, folder: Path) -> None:
    for file in (folder / "none", private(folder / "text", "no certificate")):
        with pytest.raises(KeyStoreUnusable, match=r"authority .* cannot be used"):
            await open_key_store(structs.replace(place, ca_file=file))


async def test_a_sealed_and_a_stopped_server_are_down(folder: Path) -> None:
    (folder / "bao").mkdir()
    async with bao(folder / "bao") as server:
        place = named(server, folder)
        async with opened(place) as store:
            wrapped = await store.wrap(KEY)
            await server.ask("POST", "/sys/seal")
            with pytest.raises(KeyStoreDown, match="status 503"):
                await store.unwrap(wrapped)
            with pytest.raises(KeyStoreDown):
                await store.wrap(KEY)
            with pytest.raises(KeyStoreUnusable, match="status 503"):
                await open_key_store(place)
            await server.stop()
            with pytest.raises(KeyStoreDown, match="does not answer"):
                await store.unwrap(wrapped)
        with pytest.raises(KeyStoreUnusable, match="does not answer"):
            await open_key_store(place)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ({"type": "aes256-gcm96", "exportable": True}, "may leave its engine"),
        ({"type": "aes256-gcm96", "allow_plaintext_backup": True}, "may leave its engine"),
        ({"type": "aes256-gcm96", "derived": True}, "does not wrap keys"),
        ({"type": "ed25519"}, "does not wrap keys"),
    ],
)
async def test_a_key_that_is_not_fit_to_be_a_root_is_refused(
    openbao: Bao, place: TransitPlace, key: dict[str, object], problem: str
) -> None:
    await openbao.ask("POST", f"/transit/keys/{place.key}", key)
    with pytest.raises(KeyStoreUnusable, match=problem):
        await open_key_store(place)


async def test_versions_end_in_their_order_and_for_good(openbao: Bao, place: TransitPlace) -> None:
    async with opened(place) as store:
        wrapped = [await store.wrap(KEY)]
        for _ in range(2):
            await store.rotate()
            wrapped.append(await store.wrap(KEY))
        with pytest.raises(KeyRefused, match="older than 2 still open"):
            await store.destroy("2")
        assert await store.unwrap(wrapped[0]) == KEY
        await store.destroy("1")
        # Whoever administers the engine cannot bring it back either.
        lowered = {"min_decryption_version": 1}
        with pytest.raises(httpx.HTTPStatusError):
            await openbao.ask("POST", f"/transit/keys/{place.key}/config", lowered)
        with pytest.raises(KeyRefused):
            await store.unwrap(wrapped[0])
        await store.destroy("2")
        assert await store.unwrap(wrapped[2]) == KEY


def policy(mount: str, key: str) -> str:
    """The one that the guide gives a vault."""
    text = (ROOT / "docs/guides/key-stores.md").read_text()
    found = text.partition("```hcl\n")[2].partition("```")[0]
    return found.replace("transit/", f"{mount}/").replace("bezant-root", key)


async def test_the_guides_policy_is_enough_for_a_vault_and_makes_no_key(
    openbao: Bao, place: TransitPlace
) -> None:
    await create_key_store(place)
    name = place.key
    await openbao.ask("POST", f"/sys/policies/acl/{name}", {"policy": policy("transit", name)})
    body = {"policies": [name], "no_default_policy": True}
    token = (await openbao.ask("POST", "/auth/token/create", body))["auth"]["client_token"]
    place.token_file.write_text(token)
    async with opened(place, is_made=True) as store:
        wrapped = await store.wrap(KEY)
        await store.rotate()
        assert await store.unwrap(wrapped) == KEY
        await store.destroy(wrapped.version)
        # A key that was lost is not made anew, empty, by the next use.
        await openbao.ask("POST", f"/transit/keys/{name}/config", {"deletion_allowed": True})
        await openbao.ask("DELETE", f"/transit/keys/{name}")
        with pytest.raises(KeyStoreDown):
            await store.wrap(KEY)
        with pytest.raises(KeyStoreUnusable, match="has no key"):
            await open_key_store(place)
        with pytest.raises(KeyStoreUnusable, match="refuses the token"):
            await create_key_store(place)


async def test_the_environment_does_not_redirect_the_token(
    place: TransitPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with opened(place) as store:
        assert await store.unwrap(await store.wrap(KEY)) == KEY
