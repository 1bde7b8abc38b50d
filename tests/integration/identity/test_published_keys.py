"""Keys that clients publish: fetched from where they may be, bounded, and for minutes."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from bezant.identity.clients import Client, ClientKeys
from bezant.identity.issuers import Issuer
from bezant.identity.jose import JoseRefused, KeyFetcher
from bezant.kernel.outbound import CheckedNetwork
from receivers import NAME, Receiver, receiving, status
from relying import Relying

ISSUER = Issuer(UUID(int=1), "https://bezant.test")


class Names:
    """Resolves every name to this machine."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        del host, port
        return [self.address]

    def close(self) -> None:
        """Nothing is open."""


class Watch:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def publisher(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with receiving(tmp_path) as receiver:
        yield receiver


@pytest.fixture
def relying() -> Relying:
    return Relying(ISSUER)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def keys(publisher: Receiver, watch: Watch) -> ClientKeys:
    network = CheckedNetwork(Names(), allow_loopback=True)
    return ClientKeys(KeyFetcher(network, allow_loopback=True, tls=publisher.tls), watch)


def client(relying: Relying, publisher: Receiver) -> Client:
    uri = f"https://{NAME}:{publisher.port}/jwks"
    return relying.registered(datetime.now(UTC), jwks=None, jwks_uri=uri)


def publish(publisher: Receiver, *relying: Relying) -> None:
    jwks = {"keys": [key for each in relying for key in each.jwks["keys"]]}
    answer = status(200, body=json.dumps(jwks).encode())
    publisher.script = lambda _: answer


async def test_published_keys_are_fetched_once_for_minutes(
    keys: ClientKeys, publisher: Receiver, relying: Relying, watch: Watch
) -> None:
    publish(publisher, relying)
    mine = client(relying, publisher)
    found = await asyncio.gather(*(keys.of(mine, "one") for _ in range(20)))
    assert {key.thumbprint for each in found for key in each} == {
        relying.key.public_key().thumbprint
    }
    watch.now_s += 299
    await keys.of(mine, "one")
    assert publisher.connections == 1
    assert publisher.messages[0].line == "GET /jwks HTTP/1.1"
    watch.now_s += 2
    await keys.of(mine, "one")
    assert publisher.connections == 2


async def test_an_unknown_kid_has_them_fetched_again_but_not_at_a_strangers_rate(
    keys: ClientKeys, publisher: Receiver, relying: Relying, watch: Watch
) -> None:
    publish(publisher, relying)
    mine = client(relying, publisher)
    for _ in range(5):
        await keys.of(mine, "unknown")
    assert publisher.connections == 1
    watch.now_s += 11
    await keys.of(mine, "unknown")
    assert publisher.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        status(404),
        status(302, "Location: https://hooks.example.com/other"),
        status(200, body=b"no json"),
        status(200, body=b"[]"),
        status(200, body=b'{"keys":[],"keys":[]}'),
        status(200, body=b'{"keys":["' + b"a" * 70_000 + b'"]}'),
        status(200, body=b'{"keys":[{"kty":"oct","k":"AAAA"}]}'),
        b"no http",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    ],
)
async def test_what_is_no_set_of_keys_is_refused_and_not_asked_for_at_once(
    keys: ClientKeys, publisher: Receiver, relying: Relying, answer: bytes
) -> None:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    publisher.script = lambda _: say
    mine = client(relying, publisher)
    with pytest.raises(JoseRefused):
        await keys.of(mine, "one")
    assert list(await keys.of(mine, "one")) == []
    assert publisher.connections == 1


async def test_nothing_is_fetched_from_this_machine_or_a_private_network(
    publisher: Receiver, relying: Relying
) -> None:
    publish(publisher, relying)
    mine = client(relying, publisher)
    for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"):
        network = CheckedNetwork(Names(address), allow_loopback=False)
        fetcher = KeyFetcher(network, allow_loopback=False, tls=publisher.tls)
        with pytest.raises(JoseRefused):
            await ClientKeys(fetcher).of(mine, "one")
        fetcher.close()
    assert publisher.connections == 0


async def test_a_server_that_is_not_who_it_says_is_not_believed(
    publisher: Receiver, relying: Relying
) -> None:
    publish(publisher, relying)
    network = CheckedNetwork(Names(), allow_loopback=True)
    fetcher = KeyFetcher(network, allow_loopback=True)  # of the public authorities
    with pytest.raises(JoseRefused):
        await ClientKeys(fetcher).of(client(relying, publisher), "one")
    fetcher.close()


async def test_registered_keys_are_used_as_they_are(
    keys: ClientKeys, publisher: Receiver, relying: Relying
) -> None:
    now = datetime.now(UTC)
    [key] = await keys.of(relying.registered(now), None)
    assert key.thumbprint == relying.key.public_key().thumbprint
    with pytest.raises(JoseRefused):
        await keys.of(relying.registered(now, jwks=None), None)
    assert publisher.connections == 0
