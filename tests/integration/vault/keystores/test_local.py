"""The keystore file: what it refuses, what it survives, and who may open it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import keyring
import msgspec
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from bezant.vault.keystores import (
    FilePassphrase,
    KeyRefused,
    KeyringPassphrase,
    KeyStore,
    KeyStoreDown,
    KeyStoreUnusable,
    LocalPlace,
    Wrapped,
    check_key_store,
    create_key_store,
    has_key_store,
    key_store_status,
    open_key_store,
    rotate_passphrase,
    split_passphrase,
)
from bezant.vault.keystores.local import LocalKeyStore
from bezant.vault.keystores.local_file import Argon2, KeystoreFile, _digest
from bezant.vault.keystores.passphrases import SharesPassphrase
from integration.vault.keystores.servers import private

QUICK = Argon2(memory_kib=8 * 1024, passes=1, lanes=1)
KEY = bytes(range(32))


class FileKeyring(KeyringBackend):
    """A keyring that keeps what it is given in a file."""

    priority = 1

    def __init__(self, path: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # has no types
        self.path = path
        self.is_locked = self.is_forgetful = False

    def _kept(self) -> dict[str, str]:
        if self.is_locked:
            raise KeyringLocked
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.is_forgetful:
            kept = {**self._kept(), f"{service}/{username}": password}
            private(self.path, json.dumps(kept))


@pytest.fixture
def rings() -> Iterator[None]:
    """Gives the system's own keyring back."""
    former = keyring.get_keyring()
    yield
    keyring.set_keyring(former)


@pytest.fixture
def place(folder: Path) -> LocalPlace:
    return LocalPlace(folder / "keystore.json", FilePassphrase(folder / "passphrase"))


@pytest.fixture
async def made(place: LocalPlace) -> LocalPlace:
    """A keystore, made."""
    await create_key_store(place, QUICK)
    return place


@asynccontextmanager
async def opened(place: LocalPlace) -> AsyncIterator[KeyStore]:
    store = await open_key_store(place)
    try:
        yield store
    finally:
        await store.close()


async def wrapped_by(place: LocalPlace) -> Wrapped:
    async with opened(place) as store:
        return await store.wrap(KEY)


async def opens(place: LocalPlace, wrapped: Wrapped) -> bool:
    async with opened(place) as store:
        return await store.unwrap(wrapped) == KEY


async def refused(place: LocalPlace, problem: str) -> KeyStoreUnusable:
    """Why it does not open."""
    with pytest.raises(KeyStoreUnusable, match=problem) as caught:
        await open_key_store(place)
    assert caught.value.remedy.endswith(".")
    return caught.value


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


async def test_files_are_closed_to_others_and_hold_no_key(made: LocalPlace) -> None:
    assert isinstance(made.passphrase, FilePassphrase)
    for path in made.path.parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
    assert not list(made.path.parent.glob("*.new"))
    passphrase = made.passphrase.path.read_text().strip()
    assert len(passphrase) > 40
    assert passphrase not in made.path.read_text()
    store = await asyncio.to_thread(LocalKeyStore.open, made.path, made.passphrase)
    roots = list(store._open.roots.values())
    content = made.path.read_bytes()
    assert all(bytes(root) not in content for root in roots)
    await store.close()
    # And the memory holds none any more.
    assert [bytes(root) for root in (*roots, store._key)] == [bytes(32)] * 2
    with pytest.raises(KeyRefused):
        await store.wrap(KEY)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
@pytest.mark.parametrize("which", ["keystore", "passphrase"])
async def test_a_file_that_others_may_reach_is_refused(
    made: LocalPlace, mode: int, which: str
) -> None:
    assert isinstance(made.passphrase, FilePassphrase)
    path = made.path if which == "keystore" else made.passphrase.path
    path.chmod(mode)
    await refused(made, "open to others")
    path.chmod(0o400)
    async with opened(made):
        pass


async def test_a_wrong_passphrase_and_a_damaged_file_are_told_apart(made: LocalPlace) -> None:
    wrong = LocalPlace(made.path, FilePassphrase(private(made.path.with_name("wrong"), "x" * 40)))
    told = await refused(wrong, "does not open the keystore")
    assert "x" * 40 not in str(told)
    content = made.path.read_bytes()
    for cut in (0, 1, len(content) // 2, len(content) - 3):
        made.path.write_bytes(content[:cut])
        await refused(made, "truncated or altered")
    made.path.write_bytes(content)
    edit(made.path, lambda document: document.update(sealed=document["sealed"][::-1]))
    await refused(made, "damaged|truncated or altered")
    made.path.write_bytes(content)
    async with opened(made):
        pass


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["argon2"].update(passes=2),
        lambda header: header["argon2"].update(memory_kib=16 * 1024),
        lambda header: header["roots"][0].update(version="7"),
        lambda header: header["roots"][0].update(created_at="2001-01-01T00:00:00Z"),
        lambda header: header.update(salt=header["salt"][::-1].lstrip("=") + "=="),
        lambda header: header.update(nonce=header["nonce"][::-1]),
    ],
)
async def test_whoever_alters_the_header_with_care_is_refused_too(
    made: LocalPlace, change: Callable[[dict[str, Any]], None]
) -> None:
    edit(made.path, lambda document: change(document["header"]))
    await refused(made, "damaged")
    # Who knows the format makes the digest fit as well.
    file = msgspec.json.decode(made.path.read_bytes(), type=KeystoreFile)
    edit(made.path, lambda each: each.update(digest=_digest(file.header, file.sealed)))
    await refused(made, "passphrase does not open|damaged")


@pytest.mark.parametrize(
    "parameters",
    [
        {"memory_kib": 4_000_000_000},
        {"memory_kib": 8},
        {"passes": 0},
        {"passes": 1_000_000},
        {"lanes": 0},
        {"lanes": 4096},
    ],
)
async def test_parameters_out_of_bounds_cost_nothing(
    made: LocalPlace, parameters: dict[str, int]
) -> None:
    edit(made.path, lambda document: document["header"]["argon2"].update(parameters))
    await refused(made, "truncated or altered")


async def test_a_keystore_that_was_made_is_never_made_again(made: LocalPlace) -> None:
    assert has_key_store(made)
    wrapped = await wrapped_by(made)
    away = made.path.rename(made.path.with_name("away"))
    assert has_key_store(made)
    await refused(made, "is gone")
    with pytest.raises(KeyStoreUnusable, match="is gone"):
        await create_key_store(made, QUICK)
    away.rename(made.path)
    assert await opens(made, wrapped)


async def test_a_keystore_of_another_place_is_noticed(made: LocalPlace, folder: Path) -> None:
    assert isinstance(made.passphrase, FilePassphrase)
    other = LocalPlace(folder / "other.json", made.passphrase)
    await create_key_store(other, QUICK)
    made.path.write_bytes(other.path.read_bytes())
    await refused(made, "another one than was made here")


async def test_a_restored_keystore_opens_in_a_new_folder_and_is_marked(
    made: LocalPlace, folder: Path
) -> None:
    wrapped = await wrapped_by(made)
    (folder / "new").mkdir()
    restored = LocalPlace(folder / "new/keystore.json", made.passphrase)
    private(restored.path, made.path.read_text())
    assert await opens(restored, wrapped)
    restored.path.unlink()
    await refused(restored, "is gone")


async def test_nothing_is_made_where_nothing_was_asked_for(place: LocalPlace) -> None:
    assert not has_key_store(place)
    await refused(place, "There is no keystore")
    assert not list(place.path.parent.iterdir())


async def test_a_short_passphrase_is_refused_and_one_of_an_operator_taken(
    place: LocalPlace,
) -> None:
    assert isinstance(place.passphrase, FilePassphrase)
    private(place.passphrase.path, "short\n")
    with pytest.raises(KeyStoreUnusable, match="shorter than 12 bytes"):
        await create_key_store(place, QUICK)
    assert not place.path.exists()
    place.passphrase.path.write_text("correct horse battery staple\r\n")
    await create_key_store(place, QUICK)
    place.passphrase.path.write_text("correct horse battery staple")
    async with opened(place):
        pass


async def test_other_kinds_of_files_are_refused(made: LocalPlace) -> None:
    assert isinstance(made.passphrase, FilePassphrase)
    made.passphrase.path.unlink()
    await refused(made, "There is no passphrase file")
    os.mkfifo(made.passphrase.path, 0o600)
    await refused(made, "is no file")
    made.passphrase.path.unlink()
    private(made.passphrase.path, "\n")
    await refused(made, "is empty")
    made.path.unlink()
    private(made.path, " " * (2 << 20))
    await refused(made, "too large")


async def test_a_rotated_passphrase_opens_and_the_old_one_does_not(
    made: LocalPlace, folder: Path
) -> None:
    wrapped = await wrapped_by(made)
    new = FilePassphrase(folder / "new-passphrase")
    rotated = await rotate_passphrase(made, new)
    assert await opens(rotated, wrapped)
    await refused(made, "does not open")
    with pytest.raises(KeyStoreUnusable, match="sealed with now"):
        await rotate_passphrase(rotated, new)
    assert await opens(rotated, wrapped)


async def test_a_rotation_with_a_wrong_passphrase_changes_nothing(
    made: LocalPlace, folder: Path
) -> None:
    before = made.path.read_bytes()
    wrong = LocalPlace(made.path, FilePassphrase(private(folder / "wrong", "x" * 40)))
    with pytest.raises(KeyStoreUnusable, match="does not open"):
        await rotate_passphrase(wrong, FilePassphrase(folder / "new"))
    assert made.path.read_bytes() == before
    assert not (folder / "new").exists()


async def test_a_running_vault_serves_on_when_the_passphrase_was_rotated(
    made: LocalPlace, folder: Path
) -> None:
    async with opened(made) as store:
        wrapped = await store.wrap(KEY)
        rotated = await rotate_passphrase(made, FilePassphrase(folder / "new"))
        assert await store.unwrap(await store.wrap(KEY)) == KEY
        # It knows only the old sealing key, and would undo the rotation by writing.
        with pytest.raises(KeyStoreDown):
            await store.rotate()
    assert await opens(rotated, wrapped)


async def test_a_damaged_file_does_not_stop_a_running_vault(made: LocalPlace) -> None:
    async with opened(made) as store:
        wrapped = await store.wrap(KEY)
        made.path.write_text("nonsense")
        assert await store.unwrap(wrapped) == KEY
        with pytest.raises(KeyStoreDown):
            await store.rotate()
        assert made.path.read_text() == "nonsense"


async def test_processes_that_rotate_at_once_lose_no_version(made: LocalPlace) -> None:
    async with opened(made) as one, opened(made) as two, opened(made) as three:
        stores = (one, two, three)
        versions = await asyncio.gather(*(each.rotate() for each in stores for _ in range(4)))
        wrapped = [await each.wrap(KEY) for each in stores]
        for each in stores:
            assert [await each.unwrap(key) for key in wrapped] == [KEY] * 3
    assert len(set(versions)) <= 12
    status = await key_store_status(made)
    assert status.versions is not None
    assert [root.version for root in status.versions] == [str(at) for at in range(1, 14)]


KILLED = """
import asyncio, sys
from pathlib import Path
from bezant.vault.keystores import FilePassphrase, LocalPlace, open_key_store

async def main():
    folder = Path(sys.argv[1])
    store = await open_key_store(
        LocalPlace(folder / "keystore.json", FilePassphrase(folder / "passphrase"))
    )
    print("rotating", flush=True)
    while True:
        await store.rotate()

asyncio.run(main())
"""


async def test_a_kill_amid_writing_leaves_a_keystore_that_opens(
    made: LocalPlace, folder: Path
) -> None:
    wrapped = await wrapped_by(made)
    before = 1
    for rounds in range(3):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", KILLED, str(folder)),
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"rotating\n"
        async with asyncio.timeout(30):
            while int((await key_store_status(made)).current) < before + 5:  # noqa: ASYNC110
                await asyncio.sleep(0.001 * rounds)
        process.kill()
        await process.wait()
        assert await opens(made, wrapped)
        before = int((await key_store_status(made)).current)


async def test_custodians_open_together_and_too_few_are_told(
    made: LocalPlace, folder: Path
) -> None:
    wrapped = await wrapped_by(made)
    custody = await split_passphrase(made, folder / "shares", 3, 5)
    assert (custody.threshold, custody.shares) == (3, 5)
    files = sorted((folder / "shares").iterdir())
    assert len(files) == 5
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    shared = LocalPlace(made.path, SharesPassphrase(folder / "brought"))
    await refused(shared, "cannot be read: No such file")
    (folder / "brought").mkdir(mode=0o700)
    for count, file in enumerate((files[4], files[1], files[2])):
        await refused(shared, f"3 shares open it; {count} are here" if count else "No share")
        private(folder / "brought" / file.name, file.read_text())
    assert await opens(shared, wrapped)
    # The passphrase of before is of no use, and not asked for.
    await refused(made, "3 of 5 shares")


async def test_a_mistyped_share_is_named(made: LocalPlace, folder: Path) -> None:
    await split_passphrase(made, folder / "shares", 2, 3)
    shared = LocalPlace(made.path, SharesPassphrase(folder / "shares"))
    wrong = sorted((folder / "shares").iterdir())[1]
    text = wrong.read_text()
    wrong.write_text(text.replace(text[-9], "a" if text[-9] != "a" else "b"))
    told = await refused(shared, f"{wrong.name} is mistyped")
    assert text.strip()[-12:] not in str(told)
    wrong.write_text("hello")
    await refused(shared, f"{wrong.name} is no share")


async def test_a_lost_share_is_replaced_by_sharing_anew(made: LocalPlace, folder: Path) -> None:
    wrapped = await wrapped_by(made)
    await split_passphrase(made, folder / "old", 2, 3)
    old = LocalPlace(made.path, SharesPassphrase(folder / "old"))
    min((folder / "old").iterdir()).unlink()
    custody = await split_passphrase(old, folder / "new", 3, 4)
    # Shares of before open nothing, be they complete.
    await refused(old, "No share is here")
    new = LocalPlace(made.path, SharesPassphrase(folder / "new"))
    assert await opens(new, wrapped)
    for file in (folder / "old").iterdir():
        file.rename(folder / "new" / file.name)
    assert await opens(new, wrapped)
    status = await check_key_store(new)
    assert status.custody == custody
    # And custody can be left.
    rotated = await rotate_passphrase(new, FilePassphrase(folder / "passphrase-2"))
    assert await opens(rotated, wrapped)
    await refused(new, "not divided into shares")


async def test_an_impossible_division_changes_nothing(made: LocalPlace, folder: Path) -> None:
    with pytest.raises(KeyStoreUnusable, match="can never be together"):
        await split_passphrase(made, folder / "shares", 4, 3)
    (folder / "shares").mkdir()
    with pytest.raises(KeyStoreUnusable, match="cannot be made"):
        await split_passphrase(made, folder / "shares", 2, 3)
    async with opened(made):
        pass


async def test_a_keystore_is_not_made_for_custodians(folder: Path) -> None:
    place = LocalPlace(folder / "keystore.json", SharesPassphrase(folder / "shares"))
    with pytest.raises(KeyStoreUnusable, match="not divided when it is made"):
        await create_key_store(place, QUICK)
    assert not has_key_store(place)


@pytest.mark.usefixtures("rings")
async def test_the_keyring_keeps_a_passphrase(folder: Path) -> None:
    ring = FileKeyring(folder / "ring")
    keyring.set_keyring(ring)
    place = LocalPlace(folder / "keystore.json", KeyringPassphrase("test"))
    await create_key_store(place, QUICK)
    wrapped = await wrapped_by(place)
    assert await opens(place, wrapped)
    other = LocalPlace(folder / "other.json", KeyringPassphrase("test"))
    with pytest.raises(KeyStoreUnusable, match="under the name test already"):
        await create_key_store(other, QUICK)
    rotated = await rotate_passphrase(place, KeyringPassphrase("test-2"))
    assert await opens(rotated, wrapped)
    await refused(place, "does not open")
    ring.is_locked = True
    await refused(rotated, "The keyring does not open \\(KeyringLocked\\)")
    ring.is_locked = False
    ring.path.unlink()
    await refused(rotated, "holds no passphrase under the name test-2")


@pytest.mark.usefixtures("rings")
@pytest.mark.parametrize("ring", [fail.Keyring, null.Keyring])
async def test_a_system_without_a_keyring_is_told(folder: Path, ring: type[KeyringBackend]) -> None:
    keyring.set_keyring(ring())
    place = LocalPlace(folder / "keystore.json", KeyringPassphrase("test"))
    with pytest.raises(KeyStoreUnusable, match="has no keyring that keeps secrets"):
        await create_key_store(place, QUICK)
    assert not has_key_store(place)


@pytest.mark.usefixtures("rings")
async def test_a_keyring_that_forgets_is_noticed_before_the_keystore_is_made(
    folder: Path,
) -> None:
    ring = FileKeyring(folder / "ring")
    ring.is_forgetful = True
    keyring.set_keyring(ring)
    place = LocalPlace(folder / "keystore.json", KeyringPassphrase("test"))
    with pytest.raises(KeyStoreUnusable, match="did not keep"):
        await create_key_store(place, QUICK)
    assert not has_key_store(place)
