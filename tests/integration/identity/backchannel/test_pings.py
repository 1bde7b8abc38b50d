"""Clients that are told that their user has decided: reliably, there only, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from authorizing import App
from bezant.identity.backchannel.pings import PING, Ping
from bezant.identity.clients import Backchannel, Delivery
from bezant.identity.issuers import Endpoint
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Again, Done, Job, Outcome
from bezant.kernel.outbound import CheckedNetwork
from bezant.kernel.webhooks import Sender
from fixtures_api import operator_call
from fixtures_backchannel import Bureau, ask, asking, decide, poll
from jobbers import running
from receivers import Names, Receiver, answering, receiving, status
from telephone import Telephone

if TYPE_CHECKING:
    import asyncpg

TOKEN = "8d67dc78-7faa-4d41-aabd-67707b374255"
JOBS = "SELECT payload FROM job WHERE tenant_id = $1 AND kind = $2"


@dataclass
class Shop:
    """A client that is told, where it is told, and what the platform tells it with."""

    bureau: Bureau
    app: App
    receiver: Receiver
    names: Names
    sender: Sender
    telephone: Telephone

    async def ask(self) -> str:
        """Have the user asked."""
        return await ask(self.app, client_notification_token=TOKEN)

    async def approval(self) -> Ping:
        """What the job of a decision is given."""
        rows = await self.bureau.town.means.database.fetch(
            JOBS, self.bureau.issuer.tenant_id, PING.name
        )
        [row] = rows
        return msgspec.json.decode(row["payload"], type=Ping)

    async def attempt(self) -> Outcome:
        """One attempt at the job."""
        pinger = replace(self.bureau.backchannel.pinger, sender=self.sender, allow_loopback=True)
        now = self.bureau.clock.now()
        payload = await self.approval()
        tenant_id = self.bureau.issuer.tenant_id
        job = Job(TimeOrderedIds().new(), tenant_id, PING.name, payload, 1, 1, None, 0, now)
        return await pinger.handling().handler(job)


@pytest.fixture
async def shop(bureau: Bureau, tmp_path: Path) -> AsyncIterator[Shop]:
    async with receiving(tmp_path) as receiver:
        names = Names([["127.0.0.1"]])
        network = CheckedNetwork(names, allow_loopback=True)
        sender = Sender(network, SystemClock(), tls=receiver.tls, attempt_seconds_max=0.5)
        # Development's rules are those by which a port of this machine may be registered.
        bureau.clients._fetcher._allow_loopback = True
        app = await bureau.client(Backchannel(Delivery.PING, receiver.url))
        _, telephone = await bureau.somebody()
        yield Shop(bureau, app, receiver, names, sender, telephone)
        await sender.close()


@pytest.mark.parametrize("is_approved", [True, False])
async def test_a_client_is_told_which_request_was_decided_and_nothing_else(
    shop: Shop, *, is_approved: bool
) -> None:
    auth_req_id = await shop.ask()
    await decide(shop.telephone, is_approved=is_approved)
    assert isinstance(await shop.attempt(), Done)
    [message] = shop.receiver.messages
    assert message.line == "POST /in HTTP/1.1"
    assert message.content == {"auth_req_id": auth_req_id}
    assert message.headers["authorization"] == f"Bearer {TOKEN}"
    assert message.headers["content-type"] == "application/json"
    assert (await poll(shop.app, auth_req_id)).status_code == (200 if is_approved else 400)


async def test_a_job_holds_no_secret_and_is_there_once(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    auth_req_id = await shop.ask()
    assert await owner.fetch(JOBS, shop.bureau.issuer.tenant_id, PING.name) == []
    await decide(shop.telephone)
    [row] = await owner.fetch(JOBS, shop.bureau.issuer.tenant_id, PING.name)
    assert not any(secret in row["payload"].decode() for secret in (auth_req_id, TOKEN))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(302, "Location: https://127.0.0.1/"), "status_302"),
        (status(401), "status_401"),
        (status(500), "status_500"),
        (b"what\r\n\r\n", "answer_malformed"),
    ],
    ids=["redirecting", "unauthorized", "failing", "confused"],
)
async def test_what_does_not_take_it_is_told_again_where_it_was_registered(
    shop: Shop, answer: bytes, reason: str
) -> None:
    shop.receiver.script = answering(answer)
    await shop.ask()
    await decide(shop.telephone)
    outcome = await shop.attempt()
    assert isinstance(outcome, Again)
    assert outcome.reason == reason
    assert len(shop.receiver.messages) == 1
    assert isinstance(await shop.attempt(), Done)
    assert [message.line for message in shop.receiver.messages] == ["POST /in HTTP/1.1"] * 2


async def test_a_slow_receiver_holds_nobody_up_for_long(shop: Shop) -> None:
    async def never(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    shop.receiver.script = answering(never)
    await shop.ask()
    await decide(shop.telephone)
    outcome = await shop.attempt()
    assert isinstance(outcome, Again)
    assert outcome.reason == "timed_out"


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"])
async def test_an_address_that_is_not_public_is_told_nothing(shop: Shop, address: str) -> None:
    await shop.ask()
    await decide(shop.telephone)
    shop.names.answers = [[address]]
    outcome = await shop.attempt()
    assert isinstance(outcome, Again)
    assert outcome.reason == "address_refused"
    assert shop.receiver.connections == 0
    shop.names.answers = [["127.0.0.1"]]
    assert isinstance(await shop.attempt(), Done)


@pytest.mark.parametrize("how", ["over", "fetched", "disabled"])
async def test_of_what_is_over_nobody_is_told(shop: Shop, how: str) -> None:
    auth_req_id = await shop.ask()
    await decide(shop.telephone)
    if how == "over":
        shop.bureau.clock.advance(seconds=300)
    elif how == "fetched":
        assert (await poll(shop.app, auth_req_id)).status_code == 200
    else:
        call = operator_call(shop.bureau.issuer.tenant_id)
        await shop.bureau.clients.disable(call, shop.app.id)
    assert isinstance(await shop.attempt(), Done)
    assert shop.receiver.messages == []


async def test_a_receiver_that_is_down_is_told_when_it_is_back(
    shop: Shop, database: Database
) -> None:
    told = asyncio.Event()
    failures = answering(status(503))

    def script(message: object) -> bytes:
        answer = failures(message)  # type: ignore[arg-type]
        assert isinstance(answer, bytes)
        if answer != status(503):
            told.set()
        return answer

    shop.receiver.script = script
    auth_req_id = await shop.ask()
    pinger = replace(shop.bureau.backchannel.pinger, sender=shop.sender, allow_loopback=True)
    async with running(database, pinger.handling()):
        await decide(shop.telephone)
        await asyncio.wait_for(told.wait(), 20)
    assert [each.content["auth_req_id"] for each in shop.receiver.messages] == [auth_req_id] * 2


async def test_a_client_that_is_told_gives_a_token_and_one_that_polls_is_not_told(
    shop: Shop, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    for token in ("", "not a token", "a" * 1_025):
        form = asking(client_notification_token=token)
        answer = await shop.app.post(Endpoint.BACKCHANNEL, form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    other = await shop.bureau.client()
    await ask(other, client_notification_token=TOKEN)
    await decide(shop.telephone)
    assert await owner.fetch(JOBS, shop.bureau.issuer.tenant_id, PING.name) == []
