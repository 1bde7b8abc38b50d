"""TLS over real sockets: what clients can connect, and what they are shown."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from structlog.testing import capture_logs

from bezant.kernel.clock import SystemClock
from bezant.server.development_ca import DevelopmentCa
from bezant.server.tls import BadCertificate, ServerCertificate

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def authority(tmp_path: Path) -> DevelopmentCa:
    authority = DevelopmentCa(tmp_path, SystemClock())
    authority.ensure("localhost")
    return authority


@pytest.fixture
def certificate(authority: DevelopmentCa) -> ServerCertificate:
    return ServerCertificate.load(authority.certificate, authority.key)


@asynccontextmanager
async def serving(context: ssl.SSLContext) -> AsyncIterator[int]:
    """Echo lines over TLS on a free port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def client(authority: DevelopmentCa) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.ca))
    # What Python 3.13 turned on: RFC 5280 to the letter.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


async def connect(context: ssl.SSLContext, port: int, name: str = "localhost") -> Streams:
    return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)


async def close(streams: Streams) -> None:
    streams[1].close()
    await streams[1].wait_closed()


def shown(streams: Streams) -> int:
    """The serial number of the certificate that the server showed."""
    der = streams[1].get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der).serial_number


def serial(authority: DevelopmentCa) -> int:
    return x509.load_pem_x509_certificate(authority.certificate.read_bytes()).serial_number


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
async def test_a_client_that_trusts_the_authority_is_served_over_tls_1_3(
    authority: DevelopmentCa, certificate: ServerCertificate, name: str
) -> None:
    async with serving(certificate.context) as port:
        streams = await connect(client(authority), port, name)
        assert streams[1].get_extra_info("ssl_object").version() == "TLSv1.3"
        await close(streams)


async def test_a_client_that_knows_only_tls_1_2_is_refused(
    authority: DevelopmentCa, certificate: ServerCertificate
) -> None:
    context = client(authority)
    async with serving(certificate.context) as port:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        # asyncio hangs up without the alert; other servers send it.
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await connect(context, port)
        context.maximum_version = ssl.TLSVersion.TLSv1_3
        await close(await connect(context, port))


async def test_a_client_that_does_not_trust_the_authority_refuses(
    certificate: ServerCertificate,
) -> None:
    async with serving(certificate.context) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(ssl.create_default_context(), port)


async def test_a_replaced_certificate_is_shown_to_new_connections_and_open_ones_go_on(
    authority: DevelopmentCa, certificate: ServerCertificate
) -> None:
    async with serving(certificate.context) as port:
        before = await connect(client(authority), port)
        authority.certificate.unlink()
        authority.ensure("localhost")
        certificate.reload_if_changed()
        after = await connect(client(authority), port)
        assert shown(before) != shown(after) == serial(authority)
        before[1].write(b"still here\n")
        assert await before[0].readline() == b"still here\n"
        await close(before)
        await close(after)


async def test_files_that_did_not_change_are_not_read_again(
    certificate: ServerCertificate,
) -> None:
    with capture_logs() as events:
        certificate.reload_if_changed()
    assert events == []


@pytest.mark.parametrize("broken", ["garbage", "empty", "lost", "another key"])
async def test_a_broken_replacement_is_logged_and_the_old_certificate_stays(
    authority: DevelopmentCa, certificate: ServerCertificate, tmp_path: Path, broken: str
) -> None:
    expected, trusting = serial(authority), client(authority)
    match broken:
        case "garbage":
            authority.certificate.write_text("garbage")
        case "empty":
            authority.key.write_text("")
        case "lost":
            authority.certificate.unlink()
        case _:
            # The half-way state of a renewal: the new certificate with the old key.
            other = tmp_path / "other"
            other.mkdir()
            renewed = DevelopmentCa(other, SystemClock())
            renewed.ensure("localhost")
            authority.certificate.write_bytes(renewed.certificate.read_bytes())
    with capture_logs() as events:
        certificate.reload_if_changed()
    assert [(event["event"], event["log_level"]) for event in events] == [
        ("certificate_refused", "error")
    ]
    async with serving(certificate.context) as port:
        streams = await connect(trusting, port)
        assert shown(streams) == expected
        await close(streams)


async def test_a_server_does_not_start_without_a_usable_certificate(
    authority: DevelopmentCa,
) -> None:
    authority.key.write_text("garbage")
    with pytest.raises(BadCertificate, match=r"server\.key"):
        ServerCertificate.load(authority.certificate, authority.key)
