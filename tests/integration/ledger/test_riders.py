"""One request, one commit, possibly shared: riders, their reads, their rows, their failures."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database, Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.kernel.purity import ImpureDecision
from bezant.ledger import Decision, ReadKind, Reads, Seen, post, schemas
from fixtures_ledger import Bank

NOTES = RowKind(
    "note",
    "INSERT INTO note (tenant_id, key, body) SELECT $1, key, body"
    " FROM unnest($2::text[], $3::text[]) AS new (key, body)"
    " ON CONFLICT (tenant_id, key) DO UPDATE SET body = excluded.body",
)
BROKEN_NOTES = RowKind("note", NOTES.statement.replace("body = excluded.body", "body = NULL"))
KEYED_NOTES = RowKind("note", NOTES.statement, key_columns=1)
NOTE = ReadKind("note", "SELECT key, body FROM note WHERE tenant_id = $1 AND key = ANY($2::text[])")


@pytest.fixture
async def notes(owner: Any) -> AsyncIterator[None]:  # noqa: ANN401 - the driver's connection
    """A table of another domain."""
    await owner.execute(
        "CREATE TABLE note (tenant_id uuid, key text, body text NOT NULL,"
        " PRIMARY KEY (tenant_id, key))"
    )
    await owner.execute("GRANT SELECT, INSERT, UPDATE ON note TO bezant_app")
    yield
    await owner.execute("DROP TABLE note")


class Pay(msgspec.Struct, frozen=True):
    """Pays, and leaves a note that names the payment before it."""

    amount: str
    note: str
    kind: str = "sound"
    weight: int = 1

    def reads(self) -> Reads:
        return Reads(frozenset({"world", "alice"}), rows=((NOTE, "last"),))

    def decide(self, seen: Seen) -> Decision:
        leg = schemas.Posting("world", "alice", "EUR", self.amount)
        post(seen.draft, schemas.NewTransaction([leg]))
        if self.kind == "breaks":
            raise ZeroDivisionError
        if self.kind == "looks at the network":
            socket.create_connection(("127.0.0.1", 9))
        before = seen.rows.get(("note", "last"), {}).get("body", "nothing")
        kind = BROKEN_NOTES if self.kind == "is refused by the database" else NOTES
        rows = (
            Row(kind, (self.note, f"{self.amount} after {before}")),
            Row(kind, (f"last-{self.note}", self.note)),
        )
        return Decision(Answer.of({"before": before}), rows)


async def found(database: Database, bank: Bank) -> dict[str, str]:
    rows = await database.fetch("SELECT key, body FROM note WHERE tenant_id = $1", bank.tenant_id)
    return {row["key"]: row["body"] for row in rows}


@pytest.mark.usefixtures("notes")
async def test_a_riders_rows_travel_with_its_postings(bank: Bank, database: Database) -> None:
    answer = await bank.ledger.submit(bank.call(), bank.book_id, Pay("5", "one"))
    assert answer.status == 200
    assert (await found(database, bank))["one"] == "5 after nothing"
    assert await bank.posted("alice") == 5


@pytest.mark.usefixtures("notes")
async def test_a_rider_decides_from_rows_that_it_declared(bank: Bank, database: Database) -> None:
    await database.transaction(
        lambda connection: connection.execute(NOTES.statement, bank.tenant_id, ["last"], ["zero"])
    )
    answer = await bank.ledger.submit(bank.call(), bank.book_id, Pay("5", "one"))
    assert msgspec.json.decode(answer.body) == {"before": "zero"}


@pytest.mark.usefixtures("notes")
async def test_what_the_database_refuses_fails_alone(bank: Bank, database: Database) -> None:
    """The bad one's note exists already, so that its upsert runs into NOT NULL."""
    await bank.ledger.submit(bank.call(), bank.book_id, Pay("1", "bad"))
    riders = [Pay(str(n), f"n{n}") for n in range(2, 12)]
    riders.insert(7, Pay("1000", "bad", kind="is refused by the database"))
    outcomes = await asyncio.gather(
        *(bank.ledger.submit(bank.call(), bank.book_id, rider) for rider in riders),
        return_exceptions=True,
    )
    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert [type(error) for error in failed] == [asyncpg.NotNullViolationError]
    assert outcomes.index(failed[0]) == 7
    assert await bank.posted("alice") == sum(range(1, 12))
    assert "1000 after nothing" not in (await found(database, bank)).values()


@pytest.mark.usefixtures("notes")
async def test_a_rider_that_breaks_takes_nobody_with_it(bank: Bank) -> None:
    riders = [Pay("1", "a"), Pay("1000", "b", kind="breaks"), Pay("2", "c")]
    outcomes = await asyncio.gather(
        *(bank.ledger.submit(bank.call(), bank.book_id, rider) for rider in riders),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], ZeroDivisionError)
    assert await bank.posted("alice") == 3


@pytest.mark.usefixtures("notes")
async def test_a_decision_that_reaches_for_the_network_is_stopped(bank: Bank) -> None:
    with pytest.raises(ImpureDecision):
        await bank.ledger.submit(
            bank.call(), bank.book_id, Pay("1", "a", kind="looks at the network")
        )
    assert await bank.posted("alice") == 0


class Spend(msgspec.Struct, frozen=True):
    """Spends three of what a note says is left; `amends` it, or leaves others to find out."""

    amends: bool = True
    breaks: bool = False
    weight: int = 1

    def reads(self) -> Reads:
        return Reads(frozenset({"world", "alice"}), rows=((NOTE, "left"),))

    def decide(self, seen: Seen) -> Decision:
        row = seen.row(NOTE, "left")
        assert row is not None
        left = int(row["body"]) - 3
        if left < 0:
            raise NothingLeft("Three are not left.")
        if self.amends:
            seen.amend(NOTE, "left", {"key": "left", "body": str(left)})
        if self.breaks:
            raise ZeroDivisionError
        post(seen.draft, schemas.NewTransaction([schemas.Posting("world", "alice", "EUR", "3")]))
        return Decision(Answer.of(left), (Row(KEYED_NOTES, ("left", str(left))),))


class NothingLeft(Refusal):
    status, code, title = 422, "NOTHING_LEFT", "Nothing is left"


async def spend(bank: Bank, database: Database, riders: list[Spend]) -> list[int]:
    """How each was answered, of riders that share a commit as far as they can."""
    await database.transaction(
        lambda connection: connection.execute(NOTES.statement, bank.tenant_id, ["left"], ["10"])
    )
    outcomes = await asyncio.gather(
        *(bank.ledger.submit(bank.call(), bank.book_id, rider) for rider in riders),
        return_exceptions=True,
    )
    return [answer.status if isinstance(answer, Answer) else 500 for answer in outcomes]


@pytest.mark.usefixtures("notes")
async def test_riders_of_one_batch_see_what_those_before_them_wrote(
    bank: Bank, database: Database
) -> None:
    statuses = await spend(bank, database, [Spend() for _ in range(20)])
    assert statuses.count(200) == 3
    assert statuses.count(422) == 17
    assert await bank.posted("alice") == 9
    assert (await found(database, bank))["left"] == "1"


@pytest.mark.usefixtures("notes")
async def test_what_a_broken_rider_amended_is_undone(bank: Bank, database: Database) -> None:
    riders = [Spend(breaks=True), *(Spend() for _ in range(3)), Spend(breaks=True), Spend()]
    statuses = await spend(bank, database, riders)
    assert statuses == [500, 200, 200, 200, 422, 422]
    assert (await found(database, bank))["left"] == "1"


@pytest.mark.usefixtures("notes")
async def test_control_riders_that_amend_nothing_pass_a_limit_together(
    bank: Bank, database: Database
) -> None:
    statuses = await spend(bank, database, [Spend(amends=False) for _ in range(20)])
    assert statuses.count(200) > 3


async def test_the_audit_log_tells_who_did_what_and_how_it_ended(
    bank: Bank, database: Database
) -> None:
    done, refused = bank.call(), bank.call()
    await bank.ledger.post(
        done, bank.book_id, schemas.NewTransaction([bank.leg("world", "alice", 1)])
    )
    await bank.ledger.post(
        refused, bank.book_id, schemas.NewTransaction([bank.leg("alice", "world", 2)])
    )
    rows = await database.fetch(
        "SELECT entry_id, actor, action, outcome, status FROM audit_entry"
        " WHERE tenant_id = $1 AND entry_id = ANY($2::uuid[]) ORDER BY entry_id",
        bank.tenant_id,
        [done.id, refused.id],
    )
    assert [(row["actor"], row["outcome"], row["status"]) for row in rows] == [
        ("key:test", "done", 201),
        ("key:test", "refused", 422),
    ]
