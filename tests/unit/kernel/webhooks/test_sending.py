"""A message goes to an address that was checked, within bounds, or nowhere."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.outbound import CheckedNetwork, SystemResolver, Target, read_target
from bezant.kernel.webhooks.sending import Reply, Sender, SendFailed
from receivers import NAME, OK, Names, Receiver, receiving, status

HERE = ["127.0.0.1"]
BODY = b'{"type":"test"}'


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with receiving(tmp_path) as receiver:
        yield receiver


@asynccontextmanager
async def sending(
    receiver: Receiver,
    names: Names | None = None,
    *,
    allow_loopback: bool = True,
    tls: ssl.SSLContext | None = None,
    within_s: float = 5.0,
) -> AsyncIterator[Sender]:
    network = CheckedNetwork(names or Names([HERE]), allow_loopback=allow_loopback)
    sender = Sender(network, SystemClock(), tls=tls or receiver.tls, attempt_seconds_max=within_s)
    try:
        yield sender
    finally:
        await sender.close()


def target(receiver: Receiver, host: str = NAME) -> Target:
    return Target("https", host, receiver.port, "/in?a=1")


async def failure(sender: Sender, target: Target) -> str:
    with pytest.raises(SendFailed) as failed:
        await sender.post(target, {}, BODY)
    return failed.value.reason


async def test_a_message_arrives_as_it_was_sent(receiver: Receiver) -> None:
    async with sending(receiver) as sender:
        reply = await sender.post(target(receiver), {"webhook-id": "msg_1"}, BODY)
    assert (reply.status, reply.retry_after_s) == (204, None)
    [message] = receiver.messages
    assert message.line == "POST /in?a=1 HTTP/1.1"
    assert message.headers["host"] == f"{NAME}:{receiver.port}"
    assert message.headers["content-type"] == "application/json"
    assert (message.id, message.body) == ("msg_1", BODY)


async def test_connections_are_kept_for_the_same_receiver(receiver: Receiver) -> None:
    names = Names([HERE])
    async with sending(receiver, names) as sender:
        for _ in range(3):
            await sender.post(target(receiver), {}, BODY)
    assert (receiver.connections, len(names.asked), len(receiver.messages)) == (1, 1, 3)


async def test_without_the_setting_this_machine_is_not_reached(receiver: Receiver) -> None:
    async with sending(receiver, allow_loopback=False) as sender:
        assert await failure(sender, target(receiver)) == "address_refused"
        assert await failure(sender, target(receiver, "127.0.0.1")) == "address_refused"
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "answer",
    [["10.0.0.1"], ["169.254.169.254"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"],
     ["64:ff9b::7f00:1"], ["fd00:ec2::254"], ["fe80::1%2"], ["127.1"], ["2130706433"], [""]],
)  # fmt: skip
async def test_one_private_address_of_a_name_closes_it(
    receiver: Receiver, answer: list[str]
) -> None:
    async with sending(receiver, Names([answer])) as sender:
        assert await failure(sender, target(receiver)) == "address_refused"


async def test_a_name_that_changes_between_check_and_connection_is_asked_once(
    receiver: Receiver,
) -> None:
    # The first answer is what is checked; whoever asked again would be sent to the second.
    names = Names([["127.0.0.1"], ["169.254.169.254"]])
    async with sending(receiver, names) as sender:
        await sender.post(target(receiver), {}, BODY)
    assert names.asked == [NAME]
    # And the other way round: refused at the first answer, whatever the second one is.
    names = Names([["169.254.169.254"], ["127.0.0.1"]])
    async with sending(receiver, names) as sender:
        assert await failure(sender, target(receiver)) == "address_refused"
    assert (names.asked, receiver.connections) == ([NAME], 1)


async def test_the_connection_goes_to_the_address_that_was_checked(
    tmp_path: Path, receiver: Receiver
) -> None:
    (tmp_path / "other").mkdir()
    async with receiving(tmp_path / "other", address="127.0.0.2") as other:
        async with sending(other, Names([["127.0.0.2"]])) as sender:
            await sender.post(replace(target(other), port=other.port), {}, BODY)
        assert (len(other.messages), receiver.connections) == (1, 0)


async def test_the_next_address_is_tried_when_one_does_not_answer(receiver: Receiver) -> None:
    async with sending(receiver, Names([["127.0.0.9", "127.0.0.1"]])) as sender:
        assert (await sender.post(target(receiver), {}, BODY)).status == 204


async def test_a_certificate_for_another_name_is_not_accepted(receiver: Receiver) -> None:
    async with sending(receiver) as sender:
        assert await failure(sender, target(receiver, "other.example.com")) == "tls_failed"
    assert receiver.messages == []


async def test_a_certificate_of_an_unknown_authority_is_not_accepted(receiver: Receiver) -> None:
    network = CheckedNetwork(Names([HERE]), allow_loopback=True)
    sender = Sender(network, SystemClock())
    assert await failure(sender, target(receiver)) == "tls_failed"
    await sender.close()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(receiver: Receiver, code: int) -> None:
    location = f"Location: https://127.0.0.1:{receiver.port}/elsewhere"
    receiver.script = lambda _: status(code, location)
    async with sending(receiver) as sender:
        assert (await sender.post(target(receiver), {}, BODY)).status == code
    assert len(receiver.messages) == 1


async def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    async with sending(receiver) as sender:
        assert (await sender.post(target(receiver), {}, BODY)).status == 204


async def test_a_receiver_that_never_answers_is_left_in_time(receiver: Receiver) -> None:
    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    receiver.script = lambda _: hang
    async with sending(receiver, within_s=0.3) as sender:
        assert await failure(sender, target(receiver)) == "timed_out"


@pytest.mark.parametrize("part", [b"HTTP/1.1 200 X\r\nA: ", b"HTTP/1.1 100 X\r\n\r\n"])
async def test_a_receiver_that_answers_by_drops_is_left_in_time(
    receiver: Receiver, part: bytes
) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(part)
        while True:
            writer.write(b"a" if part.endswith(b" ") else part)
            await writer.drain()
            await asyncio.sleep(0.02)  # the fault that is tested

    receiver.script = lambda _: drip
    async with sending(receiver, within_s=0.5) as sender:
        assert await failure(sender, target(receiver)) == "timed_out"


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nab", b"HTTP/1.0 200 X\r\n\r\nabc",
     b"HTTP/1.1 100 X\r\n\r\nHTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz"],
)  # fmt: skip
async def test_an_answer_counts_whatever_its_body_is(receiver: Receiver, answer: bytes) -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    receiver.script = lambda _: write
    async with sending(receiver) as sender:
        assert (await sender.post(target(receiver), {}, BODY)).status == 200
        receiver.script = lambda _: OK
        assert (await sender.post(target(receiver), {}, BODY)).status == 204


async def test_a_connection_that_was_closed_meanwhile_is_replaced(receiver: Receiver) -> None:
    async def answer_and_close(writer: asyncio.StreamWriter) -> None:
        writer.write(status(200))
        await writer.drain()

    receiver.script = lambda _: answer_and_close
    async with sending(receiver) as sender:
        for _ in range(3):
            assert (await sender.post(target(receiver), {}, BODY)).status == 200
    assert len(receiver.messages) == 3


async def test_of_a_huge_answer_no_more_is_read_than_is_needed(receiver: Receiver) -> None:
    written = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            writer.write(b"a" * 65_536)
            await writer.drain()
            written += 65_536

    receiver.script = lambda _: flood
    async with sending(receiver) as sender:
        assert (await sender.post(target(receiver), {}, BODY)).status == 200
    assert written < 16 << 20


@pytest.mark.parametrize(
    "answer",
    [b"nonsense\r\n\r\n", b"HTTP/1.1 200 X\r\n" + b"A: " + b"a" * 200_000 + b"\r\n\r\n", b"",
     b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"HTTP/1.1 200"],
)  # fmt: skip
async def test_an_answer_that_cannot_be_read_is_a_failure(
    receiver: Receiver, answer: bytes
) -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    receiver.script = lambda _: write
    async with sending(receiver) as sender:
        assert await failure(sender, target(receiver)) == "answer_malformed"


async def test_a_name_without_addresses_and_a_closed_port_are_failures(receiver: Receiver) -> None:
    async with sending(receiver, Names([[]])) as sender:
        assert await failure(sender, target(receiver)) == "dns_failed"
    async with sending(receiver) as sender:
        assert await failure(sender, replace(target(receiver), port=1)) == "connect_failed"


async def test_a_name_server_that_does_not_answer_is_left_in_time(receiver: Receiver) -> None:
    class Silent(Names):
        async def resolve(self, host: str, port: int) -> list[str]:
            await asyncio.Event().wait()
            raise AssertionError((host, port))

    async with sending(receiver, Silent([]), within_s=0.2) as sender:
        assert await failure(sender, target(receiver)) == "timed_out"


@pytest.mark.parametrize(
    ("form", "seconds"), [("seconds", 120), ("date", 3_600), ("a date that has passed", 0)]
)
async def test_retry_after_is_read_in_each_of_its_forms(
    receiver: Receiver, form: str, seconds: int
) -> None:
    now = datetime.now(UTC)
    value = {
        "seconds": "120",
        "date": format_datetime(now + timedelta(hours=1), usegmt=True),
        "a date that has passed": format_datetime(now - timedelta(hours=1), usegmt=True),
    }[form]
    receiver.script = lambda _: status(503, f"Retry-After: {value}")
    async with sending(receiver) as sender:
        reply = await sender.post(target(receiver), {}, BODY)
    assert reply.retry_after_s is not None
    assert max(0, seconds - 30) <= reply.retry_after_s <= seconds


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "9" * 5_000, "Thu, 99 Foo 2026"])
async def test_a_retry_after_that_makes_no_sense_is_none(receiver: Receiver, value: str) -> None:
    receiver.script = lambda _: status(503, f"Retry-After: {value}")
    async with sending(receiver) as sender:
        reply = await sender.post(target(receiver), {}, BODY)
    assert isinstance(reply, Reply)
    assert reply.retry_after_s is None


async def test_the_machines_own_resolver_reads_names_and_odd_numbers_alike(
    receiver: Receiver,
) -> None:
    resolver = SystemResolver()
    # The C library reads all of these as 127.0.0.1: it is the address that counts.
    for host in ("localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1"):
        addresses = await resolver.resolve(host, receiver.port)
        assert set(addresses) <= {"127.0.0.1", "::1"}, host
    network = CheckedNetwork(resolver, allow_loopback=False)
    sender = Sender(network, SystemClock(), tls=receiver.tls)
    for host in ("localhost", "2130706433", "0x7f000001", "127.1"):
        assert await failure(sender, target(receiver, host)) == "address_refused"
    await sender.close()
    resolver.close()
    assert receiver.connections == 0


async def test_plain_http_reaches_this_machine_when_that_is_allowed() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    network = CheckedNetwork(SystemResolver(), allow_loopback=True)
    sender = Sender(network, SystemClock())
    reply = await sender.post(read_target(url, allow_loopback=True), {}, BODY)
    assert reply.status == 204
    await sender.close()
    server.close()
