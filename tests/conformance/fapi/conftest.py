"""The server that the modules are run against: Bezant, or another to calibrate them."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import KeySet

from conformance.fapi.bezant import bezant
from conformance.fapi.calibration import oidc_provider
from conformance.fapi.modules import FILE
from conformance.fapi.party import Party, opened
from conformance.fapi.peers import Peer, Variant
from conformance.fapi.waiting import Waits, all_begun
from fixtures_servers import open_folder

HERE = Path(__file__).parent
Parties = tuple[Party, Party]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what waits until something is over behind what runs meanwhile."""
    items.sort(key=lambda item: item.path.name == "test_expiry.py" and item.path.parent == HERE)


@pytest.fixture(scope="session", autouse=True)
def module_list() -> None:
    if not FILE.exists():
        pytest.skip(f"no list of modules at {FILE}")


SERVERS: Mapping[str, Callable[[Path], AbstractAsyncContextManager[Peer]]] = {
    "bezant": bezant,
    "oidc-provider": oidc_provider,
}


@pytest.fixture(scope="session")
async def peer() -> AsyncIterator[Peer]:
    server = SERVERS[os.environ.get("BEZANT_FAPI_PEER", "bezant")]
    with open_folder() as folder:
        async with server(folder) as peer:
            yield peer


@pytest.fixture(scope="session")
async def metadata(peer: Peer) -> dict[str, object]:
    async with httpx.AsyncClient(verify=peer.trust()) as http:
        answer = await http.get(peer.discovery)
        found: dict[str, object] = answer.raise_for_status().json()
    return found


@pytest.fixture(scope="session")
async def jwks(peer: Peer, metadata: dict[str, object]) -> KeySet:
    async with httpx.AsyncClient(verify=peer.trust()) as http:
        answer = await http.get(str(metadata["jwks_uri"]))
    return KeySet.import_key_set(answer.json())


@pytest.fixture(scope="session")
async def waits(peer: Peer, metadata: dict[str, object], jwks: KeySet) -> AsyncIterator[Waits]:
    async with all_begun(peer, metadata, jwks) as waits:
        yield waits


@pytest.fixture
async def parties(
    peer: Peer,
    metadata: dict[str, object],
    jwks: KeySet,
    variant: Variant,
    waits: Waits,  # noqa: ARG001 - others are over sooner if they have begun
) -> AsyncIterator[Parties]:
    """Two clients of the variant, each with connections of its own."""
    first, second = peer.clients(variant)
    async with (
        opened(peer, first, metadata, jwks) as party,
        opened(peer, second, metadata, jwks) as other,
    ):
        yield party, other


@pytest.fixture
def party(parties: Parties) -> Party:
    return parties[0]


@pytest.fixture
def other(parties: Parties) -> Party:
    return parties[1]
