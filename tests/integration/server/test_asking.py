"""The listener that asks for client certificates: real handshakes, on both event loops."""

import asyncio
import json
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvloop
from cryptography import x509

from bezant.kernel.clock import SystemClock
from bezant.server.development_ca import DevelopmentCa
from bezant.server.listening import listen
from bezant.server.protocol import BoundedProtocol, CertificateProtocol
from bezant.server.tls import ServerCertificate
from certified import SERVER_AUTH, Authority, Holder, self_signed

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
REQUEST = b"POST / HTTP/1.1\r\nhost: bank\r\ncontent-length: %d\r\n\r\n"

LOOPS = pytest.mark.parametrize(
    "loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


async def what_was_presented(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    """Answer with what the scope says of the certificate, and with the length of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    tls = scope["extensions"]["tls"]
    der = tls["client_cert_der"]
    answer = {
        "certificate": None if der is None else b64encode(der).decode(),
        "chain": [b64encode(each).decode() for each in tls["client_cert_chain_der"]],
        "size": size,
        # More than a record, and than any buffer on the way.
        "padding": "x" * int(dict(scope["headers"]).get(b"padding", b"0")),
    }
    body = json.dumps(answer).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Served:
    """A server that asks for certificates, and what its clients need."""

    port: int
    folder: Path
    authority: DevelopmentCa
    certificate: ServerCertificate

    def trust(self, holder: Holder | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        if holder is not None:
            holder.present(context, self.folder)
        return context

    async def connect(self, context: ssl.SSLContext) -> Streams:
        return await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=context, server_hostname="localhost"
        )

    async def ask(self, holder: Holder | None = None) -> dict[str, Any]:
        """What the application was told of a connection with a certificate."""
        streams = await self.connect(self.trust(holder))
        answer = await exchange(streams)
        await close(streams)
        return answer


async def exchange(streams: Streams, body: bytes = b"", headers: bytes = b"") -> dict[str, Any]:
    reader, writer = streams
    writer.write(REQUEST.replace(b"\r\n\r\n", b"\r\n" + headers + b"\r\n") % len(body) + body)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    answer: dict[str, Any] = json.loads(await reader.readexactly(length))
    return answer


async def close(streams: Streams) -> None:
    streams[1].close()
    await streams[1].wait_closed()


@asynccontextmanager
async def serving(folder: Path, *, handshake_s: float = 10.0) -> AsyncIterator[Served]:
    authority = DevelopmentCa(folder, SystemClock())
    authority.ensure("localhost")
    certificate = ServerCertificate.load(authority.certificate, authority.key)
    config = uvicorn.Config(
        what_was_presented, http=BoundedProtocol, lifespan="off", log_config=None, ws="none"
    )
    config.load()
    state = uvicorn.server.ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: CertificateProtocol(config, state, {}),
        sock=listen("127.0.0.1", 0),
        ssl=certificate.asking,
        ssl_handshake_timeout=handshake_s,
    )
    port = server.sockets[0].getsockname()[1]
    try:
        yield Served(port, folder, authority, certificate)
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        await server.wait_closed()


LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run(
    loop_factory: LoopFactory, folder: Path, scenario: Callable[[Served], Awaitable[None]]
) -> None:
    """Run a scenario against a server on a loop of a kind."""

    async def all_of_it() -> None:
        async with asyncio.timeout(60), serving(folder) as served:
            await scenario(served)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(all_of_it())


@LOOPS
def test_any_certificate_reaches_the_application_as_it_was_presented(
    loop_factory: LoopFactory, tmp_path: Path
) -> None:
    root = Authority.root()
    intermediate = root.intermediate()
    holders = {
        "good": root.issue(),
        "with its chain": intermediate.issue(),
        "self-signed": self_signed(),
        "expired": root.issue(days=(-20, -10)),
        "not yet valid": root.issue(days=(10, 20)),
        "of another purpose": root.issue(purposes=(SERVER_AUTH,)),
        "of an unknown authority": Authority.root("Foreign").issue(),
    }

    async def scenario(served: Served) -> None:
        for what, holder in holders.items():
            told = await served.ask(holder)
            assert b64decode(told["certificate"]) == holder.der, what
            assert tuple(map(b64decode, told["chain"])) == holder.chain, what

    run(loop_factory, tmp_path, scenario)


@LOOPS
def test_a_connection_without_a_certificate_is_served_and_known_to_have_none(
    loop_factory: LoopFactory, tmp_path: Path
) -> None:
    async def scenario(served: Served) -> None:
        told = await served.ask()
        assert (told["certificate"], told["chain"]) == (None, [])

    run(loop_factory, tmp_path, scenario)


@LOOPS
def test_a_certificate_is_of_use_only_with_its_key(
    loop_factory: LoopFactory, tmp_path: Path
) -> None:
    """Two connections at once, one with a certificate and one without, are never confused."""

    async def scenario(served: Served) -> None:
        holder = self_signed()
        with_it = await served.connect(served.trust(holder))
        without = await served.connect(served.trust())
        for _ in range(3):
            told, other = await exchange(with_it), await exchange(without)
            assert b64decode(told["certificate"]) == holder.der
            assert other["certificate"] is None
        await close(with_it)
        await close(without)

    run(loop_factory, tmp_path, scenario)


@LOOPS
def test_a_client_that_knows_only_tls_1_2_is_refused(
    loop_factory: LoopFactory, tmp_path: Path
) -> None:
    async def scenario(served: Served) -> None:
        context = served.trust(self_signed())
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await served.connect(context)
        context.maximum_version = ssl.TLSVersion.TLSv1_3
        streams = await served.connect(context)
        assert streams[1].get_extra_info("ssl_object").version() == "TLSv1.3"
        assert streams[1].get_extra_info("ssl_object").cipher()[1] == "TLSv1.3"
        await close(streams)

    run(loop_factory, tmp_path, scenario)


@LOOPS
def test_large_bodies_and_answers_pass_in_both_directions(
    loop_factory: LoopFactory, tmp_path: Path
) -> None:
    async def scenario(served: Served) -> None:
        streams = await served.connect(served.trust(self_signed()))
        for size in (0, 1, 16_384, 16_385, 3_000_000):
            told = await exchange(streams, b"x" * size, b"padding: %d\r\n" % size)
            assert (told["size"], len(told["padding"])) == (size, size)
        await close(streams)

    run(loop_factory, tmp_path, scenario)


@LOOPS
def test_two_hundred_clients_at_once_are_each_known_by_their_own_certificate(
    loop_factory: LoopFactory, tmp_path: Path
) -> None:
    root = Authority.root()

    async def scenario(served: Served) -> None:
        holders = [root.issue(f"client-{index}") for index in range(200)]
        connected = await asyncio.gather(
            *(served.connect(served.trust(holder)) for holder in holders)
        )
        answers = await asyncio.gather(*map(exchange, connected))
        assert [b64decode(told["certificate"]) for told in answers] == [
            holder.der for holder in holders
        ]
        await asyncio.gather(*map(close, connected))

    run(loop_factory, tmp_path, scenario)


@LOOPS
@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_handshake_that_stalls_or_fails_harms_no_other_connection(
    loop_factory: LoopFactory, tmp_path: Path, sent: bytes
) -> None:
    async def scenario(served: Served) -> None:
        before = await served.connect(served.trust(self_signed()))
        stalled = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(20)]
        for _, writer in stalled:
            writer.write(sent)
        assert (await exchange(before))["certificate"] is not None
        assert (await served.ask(self_signed()))["certificate"] is not None
        for _, writer in stalled[::2]:
            writer.transport.abort()
        assert (await exchange(before))["certificate"] is not None
        assert (await served.ask(self_signed()))["certificate"] is not None
        for _, writer in stalled[1::2]:
            writer.transport.abort()
        await close(before)

    run(loop_factory, tmp_path, scenario)


@LOOPS
def test_a_handshake_that_is_not_finished_in_time_is_hung_up_on(
    loop_factory: LoopFactory, tmp_path: Path
) -> None:
    async def all_of_it() -> None:
        async with asyncio.timeout(30), serving(tmp_path, handshake_s=0.2) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(b"\x16\x03\x01")
            assert await reader.read() == b""
            writer.close()
            assert (await served.ask())["certificate"] is None

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(all_of_it())


@LOOPS
def test_a_replaced_certificate_is_shown_to_new_connections_and_open_ones_go_on(
    loop_factory: LoopFactory, tmp_path: Path
) -> None:
    def shown(streams: Streams) -> int:
        der = streams[1].get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(der).serial_number

    async def scenario(served: Served) -> None:
        before = await served.connect(served.trust(self_signed()))
        served.authority.certificate.unlink()
        served.authority.ensure("localhost")
        served.certificate.reload_if_changed()
        after = await served.connect(served.trust(self_signed()))
        renewed = x509.load_pem_x509_certificate(served.authority.certificate.read_bytes())
        assert shown(before) != shown(after) == renewed.serial_number
        assert (await exchange(before))["certificate"] is not None
        await close(before)
        await close(after)

    run(loop_factory, tmp_path, scenario)


@LOOPS
def test_no_session_is_resumed(loop_factory: LoopFactory, tmp_path: Path) -> None:
    """Each connection proves anew that the peer holds the key, and shows the whole chain."""

    def connections_of_one_session(context: ssl.SSLContext, port: int) -> list[bool | None]:
        resumed: list[bool | None] = []
        session = None
        for _ in range(2):
            with (
                socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname="localhost", session=session) as tls,
            ):
                tls.sendall(REQUEST % 0)
                tls.recv(1)  # what makes a ticket, if any, known
                resumed.append(tls.session_reused)
                session = tls.session
        return resumed

    async def scenario(served: Served) -> None:
        context = served.trust(self_signed())
        assert await asyncio.to_thread(connections_of_one_session, context, served.port) == [
            False,
            False,
        ]

    run(loop_factory, tmp_path, scenario)
