"""Between the platform's processes: who does not belong to it posts nothing by a lane's socket."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from bezant.kernel.database import Database
from bezant.kernel.frames import write_frame
from bezant.ledger import Ledger, PostTransaction, schemas
from bezant.ledger.lane.peers import Ask, PeerClient, PeerGone
from fixtures_ledger import Bank, new_bank

TOKEN = "known to the platform's own processes"


@pytest.fixture
async def bank(database: Database, run_folder: Path) -> AsyncIterator[Bank]:
    """A bank whose book's lane a ledger with a token holds."""
    ledger = Ledger(database, run_folder, token=TOKEN)
    await ledger.start()
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice")
    yield bank
    await ledger.close()


def socket_of(bank: Bank) -> str:
    return str(bank.ledger._lanes._server._path)


async def balance(bank: Bank) -> str:
    return (await bank.ledger.balance(bank.tenant_id, bank.book_id, "alice")).posted


async def ask_as(bank: Bank, token: str) -> int:
    """Post five as whoever knows this; the answer's status."""
    client = PeerClient(socket_of(bank), token)
    rider = PostTransaction(schemas.NewTransaction([bank.leg("world", "alice", 5)]))
    try:
        answer = await client.ask(bank.tenant_id, bank.book_id, rider, bank.call())
        return answer.status
    finally:
        await client.close()


@pytest.mark.parametrize("token", ["", "a guess", TOKEN + " "])
async def test_who_does_not_know_the_token_posts_nothing(bank: Bank, token: str) -> None:
    with pytest.raises(PeerGone):
        await ask_as(bank, token)
    assert await balance(bank) == "0"
    assert await ask_as(bank, TOKEN) == 201
    assert await balance(bank) == "5"


async def test_what_comes_in_the_place_of_the_token_is_not_carried_out(bank: Bank) -> None:
    reader, writer = await asyncio.open_unix_connection(socket_of(bank))
    rider = msgspec.msgpack.encode(
        PostTransaction(schemas.NewTransaction([bank.leg("world", "alice", 5)]))
    )
    ask = Ask(
        0, bank.tenant_id, bank.book_id, bank.call(), PostTransaction.__name__, msgspec.Raw(rider)
    )
    for _ in range(2):
        write_frame(writer, msgspec.msgpack.encode(ask))
    assert await reader.read() == b""
    writer.close()
    assert await balance(bank) == "0"


async def test_processes_that_know_the_token_work_together(
    bank: Bank, database: Database, run_folder: Path
) -> None:
    """Whichever holds the lane, the other's postings get there."""
    other = Ledger(database, run_folder, token=TOKEN)
    await other.start()
    new = schemas.NewTransaction([bank.leg("world", "alice", 5)])
    assert (await other.post(bank.call(), bank.book_id, new)).status == 201
    assert not other._lanes._lanes, "it was sent to who holds the lane"
    await other.close()
    assert await balance(bank) == "5"
