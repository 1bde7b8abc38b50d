"""The vault's socket: who may speak, what is taken, and what a client does when the vault ends."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bezant.kernel.calls import Call
from bezant.kernel.frames import FRAME_BYTES_MAX
from bezant.kernel.sealed import Sealing, VaultDown
from bezant.vault import VaultClient
from bezant.vault.rotation import PLATFORM, DestroyedKeys, Rotation
from fixtures_rotation import EMAIL, Rotating

TOKEN = "known to the platform's own processes"


@pytest.fixture
def socket(run_folder: Path) -> Path:
    return run_folder / f"{uuid4().hex[:8]}.sock"


@pytest.fixture
async def client(rotating: Rotating, socket: Path) -> AsyncIterator[VaultClient]:
    await rotating.vault.serve(socket, TOKEN)
    client = VaultClient(socket, TOKEN)
    yield client
    await client.close()


def platform_call(rotating: Rotating) -> Call:
    return rotating.elsewhere(rotating.call(), PLATFORM)


async def test_a_client_seals_opens_and_finds(rotating: Rotating, client: VaultClient) -> None:
    reference = uuid4()
    sealing = Sealing(reference, uuid4(), EMAIL, "ann@example.com")
    await client.seal(rotating.call(), [sealing])
    opened = await client.open(rotating.call(), [reference])
    assert opened.values == {reference: "ann@example.com"}
    assert await client.find(rotating.call(), EMAIL, "ann@example.com") == [reference]


async def test_who_does_not_know_the_token_is_told_nothing(
    rotating: Rotating, client: VaultClient, socket: Path
) -> None:
    stranger = VaultClient(socket, "a guess")
    with pytest.raises(VaultDown):
        await stranger.cover(rotating.call())
    await stranger.close()
    await client.cover(rotating.call())  # the control


def test_the_socket_is_its_users_alone(
    client: VaultClient,  # noqa: ARG001 - makes the socket
    socket: Path,
) -> None:
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600


async def test_a_client_connects_again_when_the_vault_came_back(
    rotating: Rotating, client: VaultClient, socket: Path
) -> None:
    await client.cover(rotating.call())
    assert rotating.vault._server is not None
    await rotating.vault._server.close()
    with pytest.raises(VaultDown):
        await client.cover(rotating.call())
    await rotating.vault.serve(socket, TOKEN)
    await client.cover(rotating.call())


async def test_a_frame_that_is_too_large_ends_its_connection_and_no_other(
    rotating: Rotating, client: VaultClient, socket: Path
) -> None:
    await client.cover(rotating.call())
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
    await writer.drain()
    assert await reader.read() == b""
    writer.close()
    await client.cover(rotating.call())


async def test_the_root_is_rotated_and_ended_through_the_socket(
    rotating: Rotating, client: VaultClient
) -> None:
    references: list[UUID] = await rotating.seal("ann@example.com")
    begun = (await client.rotate_root(platform_call(rotating))).value(Rotation)
    await rotating.vault.rotations.carry_on()
    done = await client.root_rotation(begun.id)
    assert (done.state, done.done, done.to_version) == ("done", done.total, "2")
    assert [root.state for root in await client.roots()] == ["restore_only", "active"]
    refused = await client.destroy_root(platform_call(rotating), "1", None)
    assert refused.status == 409
    ended = await client.destroy_root(platform_call(rotating), "1", "a test")
    assert ended.value(DestroyedKeys).destroyed == 1
    assert await rotating.opened(*references) == ["ann@example.com"]
