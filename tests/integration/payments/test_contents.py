"""What payments say: in a person's export, kept for as long as the law asks, and then gone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.sealing import KeySealer, SealBroken
from bezant.payments import PaymentContents
from bezant.server.contents_key import contents_key, contents_sealer
from bezant.vault import Duty
from bulks import COLUMNS, processed, taken
from customers import CREDITOR, CustomerBank, announced_debit, due_soon, signed_mandate
from debit_files import refuse_debits, sent_debit_file
from fixtures_api import Tenant
from paying import Desk

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

FIVE_YEARS = timedelta(days=1_827)
DAY = timedelta(days=1)
LATER_S = 1_828 * 86_400


class Keeper:
    """`PaymentContents` as the vault has it, at a clock of its own."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        self.database = database
        self.tenant = tenant
        self.clock = ManualClock(datetime.now(UTC))
        self.contents = PaymentContents(database, self.clock, KeySealer(contents_key(bytes(32))))

    async def duty(self, subject: str) -> Duty | None:
        async def work(connection: "Connection") -> Duty | None:
            now = self.clock.now()
            return await self.contents.duty(connection, self.tenant.id, UUID(subject), now)

        return await self.database.transaction(work)

    async def forget(self, subjects: Sequence[str]) -> None:
        async def work(connection: "Connection") -> None:
            await self.contents.forget(
                connection, self.tenant.id, [UUID(each) for each in subjects]
            )

        await self.database.transaction(work)

    async def due(self) -> int:
        return await self.contents.remove_due(self.tenant.id)

    async def told(self, subject: str) -> list[dict[str, Any]]:
        return [dict(each) for each in await self.contents.describe(self.tenant.id, UUID(subject))]


@pytest.fixture
def keeper(vault_databases: tuple[Database, Database], own: Tenant) -> Keeper:
    return Keeper(vault_databases[0], own)


async def customer(bank: CustomerBank, name: str, amount: int = 0) -> tuple[str, str]:
    """A person with an account of their own: the account, and the person's subject."""
    party = await bank.tenant.create("/v1/parties", {"kind": "person", "legal_name": name})
    account = await (bank.funded(amount) if amount else _opened(bank))
    body = {"party_id": party["id"], "role": "holder"}
    await bank.tenant.create(f"/v1/accounts/{account}/parties", body)
    return account, str(party["subject_id"])


async def _opened(bank: CustomerBank) -> str:
    return str((await bank.open())["id"])


async def pay(bank: CustomerBank, payer: str, payee: str) -> str:
    new = {
        "debtor_account": payer,
        "creditor": {"account_id": payee},
        "asset": "EUR",
        "amount": "1000",
        "remittance": "Lunch at Mario's",
    }
    return str((await bank.tenant.create("/v1/payments", new))["id"])


async def text_of(bank: CustomerBank, payment: str) -> str | None:
    answer = await bank.tenant.client.get(f"/v1/payments/{payment}/content?purpose=testing")
    text: str | None = answer.json()["remittance"]
    return text


async def closed(bank: CustomerBank, account: str) -> None:
    """Close an account, whatever is on it: as if it had been paid out."""
    await bank.tenant.database.fetch(
        "UPDATE bank_account SET status = 'closed', closed_at = now()"
        " WHERE tenant_id = $1 AND account_id = $2",
        bank.tenant.id,
        UUID(account),
    )


async def totals(bank: CustomerBank) -> list[tuple[str, str, str]]:
    answer = await bank.tenant.client.get(f"{bank.book_path}/trial-balance")
    assets = answer.json()["assets"]
    return [(each["asset"], each["debits"], each["credits"]) for each in assets]


def test_what_the_vault_opens_is_not_what_the_platform_sealed_otherwise() -> None:
    platform, vault = KeySealer(bytes(32)), KeySealer(contents_key(bytes(32)))
    with pytest.raises(SealBroken):
        vault.open(platform.seal(b"of a webhook", b"here"), b"here")
    both = contents_sealer(bytes(32))
    assert both.open(platform.seal(b"from before", b"here"), b"here") == b"from before"
    assert vault.open(both.seal(b"said", b"here"), b"here") == b"said"


async def test_an_export_tells_what_payments_say(bank: CustomerBank, keeper: Keeper) -> None:
    (ada, subject), (grace, other) = (
        await customer(bank, "Ada Lovelace", 5_000),
        await customer(bank, "Grace Hopper"),
    )
    payment = await pay(bank, ada, grace)
    iban = await bank.iban(grace)
    body = {"debtor_account": ada, "iban": iban, "name": "G. Hopper"}
    asked = await bank.tenant.create("/v1/payee-verifications", body)
    told = await keeper.told(subject)
    assert [(each.get("payment"), each.get("payee_verification")) for each in told] == [
        (payment, None),
        (None, asked["id"]),
    ]
    assert (told[0]["text"], told[0]["amount"]) == ("Lunch at Mario's", "1000")
    assert (told[1]["to"], told[1]["shown"]) == ("G. Hopper", "Grace Hopper")
    new = {
        "mandate_id": await signed_mandate(bank, ada, grace),
        "asset": "EUR",
        "amount": "4990",
        "due_on": due_soon(),
        "remittance": "March",
    }
    collected = await bank.tenant.create("/v1/direct-debits", new)
    [debit] = [each for each in await keeper.told(subject) if "direct_debit" in each]
    assert debit["direct_debit"] == collected["id"]
    assert (debit["to"], debit["creditor_id"], debit["text"]) == (
        "Example Power",
        CREDITOR,
        "March",
    )
    # Grace was paid and collects, and asked nothing.
    of_other = await keeper.told(other)
    assert [each.get("payment") for each in of_other] == [payment, None, None]
    assert of_other[1]["direct_debit"] == collected["id"]
    assert of_other[2]["direct_debit_mandate"] == new["mandate_id"]
    assert (of_other[2]["from"], of_other[2]["to"]) == ("Ada Lovelace", "Example Power")


async def test_nobody_is_erased_before_the_law_lets_go(bank: CustomerBank, keeper: Keeper) -> None:
    (ada, subject), (grace, _) = (
        await customer(bank, "Ada Lovelace", 5_000),
        await customer(bank, "Grace Hopper"),
    )
    assert await keeper.duty(subject) is None
    await pay(bank, ada, grace)
    duty = await keeper.duty(subject)
    assert duty is not None
    assert (duty.field, duty.until) == ("payment.content", None)
    await closed(bank, ada)
    duty = await keeper.duty(subject)
    assert duty is not None
    assert duty.until is not None
    assert duty.until - keeper.clock.now() > FIVE_YEARS - DAY
    keeper.clock.advance(seconds=LATER_S)
    assert await keeper.duty(subject) is None


async def test_what_is_said_goes_when_neither_side_has_to_be_kept(
    bank: CustomerBank, keeper: Keeper
) -> None:
    (ada, subject), (grace, _) = (
        await customer(bank, "Ada Lovelace", 5_000),
        await customer(bank, "Grace Hopper"),
    )
    payment, debit = await pay(bank, ada, grace), await announced_debit(bank)
    before = await totals(bank)
    await closed(bank, ada)
    keeper.clock.advance(seconds=LATER_S)
    await keeper.forget([subject])
    # Grace's account is open: her own records say who paid her.
    assert await text_of(bank, payment) == "Lunch at Mario's"
    await closed(bank, grace)
    await keeper.due()
    assert await text_of(bank, payment) is None
    answer = await bank.tenant.client.get(f"/v1/direct-debits/{debit}/content?purpose=testing")
    assert answer.status_code == 200, "the control: accounts that are open keep what is theirs"
    assert await totals(bank) == before
    assert (await bank.tenant.client.get(f"/v1/payments/{payment}")).json()["amount"] == "1000"


async def test_what_collections_said_goes_with_the_messages_about_them(
    bank: CustomerBank, keeper: Keeper, database: Database
) -> None:
    (ada, _), (grace, _) = (
        await customer(bank, "Ada Lovelace", 5_000),
        await customer(bank, "Grace Hopper"),
    )
    mandate = await signed_mandate(bank, ada, grace)
    new = {"mandate_id": mandate, "asset": "EUR", "amount": "4990", "due_on": due_soon()}
    debit = (await bank.tenant.create("/v1/direct-debits", new))["id"]

    async def hear(connection: "Connection") -> None:
        await connection.execute(
            "INSERT INTO direct_debit_message VALUES ($1, $2, $2, 'sealed', now())",
            bank.tenant.id,
            UUID(debit),
        )

    async def kept() -> list[int]:
        rows = await database.fetch(
            "SELECT (SELECT count(*) FROM direct_debit_content WHERE debit_id = $1) AS said,"
            " (SELECT count(*) FROM direct_debit_message WHERE debit_id = $1) AS heard",
            UUID(debit),
        )
        return list(rows[0].values())

    await database.transaction(hear)
    for account in (ada, grace):
        await closed(bank, account)
    assert await keeper.due() == 0
    assert await kept() == [1, 1]
    keeper.clock.advance(seconds=LATER_S)
    await keeper.due()
    assert await kept() == [0, 0]


async def test_a_rule_of_the_tenant_says_for_how_long_and_a_hold_for_longer(
    bank: CustomerBank, keeper: Keeper
) -> None:
    (ada, subject), (grace, _) = (
        await customer(bank, "Ada Lovelace", 5_000),
        await customer(bank, "Grace Hopper"),
    )
    payment = await pay(bank, ada, grace)
    for account in (ada, grace):
        await closed(bank, account)
    keeper.clock.advance(seconds=40 * 86_400)
    assert await keeper.due() == 0

    async def decide(connection: "Connection") -> None:
        await connection.execute(
            "INSERT INTO vault_retention (tenant_id, field, keep_days, reason, changed_at)"
            " VALUES ($1, 'payment.content', 30, 'testing', now())",
            bank.tenant.id,
        )
        await connection.execute(
            "INSERT INTO vault_hold (tenant_id, subject_id, hold_id, reason, placed_by, placed_at)"
            " VALUES ($1, $2, $2, 'litigation', 'test', now())",
            bank.tenant.id,
            UUID(subject),
        )

    await keeper.database.transaction(decide)
    try:
        assert await keeper.due() == 0
        assert await text_of(bank, payment) == "Lunch at Mario's"
        await keeper.database.transaction(
            lambda connection: connection.execute(
                "UPDATE vault_hold SET released_by = 'test', released_at = now()"
                " WHERE tenant_id = $1 AND subject_id = $2",
                bank.tenant.id,
                UUID(subject),
            )
        )
        assert await keeper.due() >= 1
        assert await text_of(bank, payment) is None
    finally:
        await keeper.database.transaction(
            lambda connection: connection.execute(
                "DELETE FROM vault_retention WHERE tenant_id = $1", bank.tenant.id
            )
        )


async def test_files_keep_outcomes_and_no_words(
    bank: CustomerBank, keeper: Keeper, desk: Desk, database: Database
) -> None:
    (ada, _), (grace, _) = (
        await customer(bank, "Ada Lovelace", 5_000),
        await customer(bank, "Grace Hopper"),
    )
    row = f"{await bank.iban(ada)},{await bank.iban(grace)},Grace Hopper,1.00,EUR,salary-7,Salary"
    query = "?message_id=kept&initiator=payroll&count=1&control_sum=1.00"
    bulk = await taken(bank.tenant, f"{COLUMNS}\n{row}\n".encode(), "text/csv", query)
    await processed(database, desk, bulk)
    path = f"/v1/bulk-payments/{bulk['id']}/report?purpose=testing"
    [item] = (await bank.tenant.client.get(path)).json()["items"]
    assert item["end_to_end_id"] == "salary-7"
    for account in (ada, grace):
        await closed(bank, account)
    keeper.clock.advance(seconds=LATER_S)
    assert await keeper.due() >= 1
    [erased] = (await bank.tenant.client.get(path)).json()["items"]
    assert erased == item | {"end_to_end_id": "NOTPROVIDED", "batch": "NOTPROVIDED"}
    pain = await bank.tenant.client.get(f"{path}&format=pain002")
    assert pain.status_code == 200
    assert b"salary-7" not in pain.content


async def row_sent(bank: CustomerBank, database: Database, desk: Desk, *rows: str) -> str:
    """A CSV of payments, each of which was ordered or refused; the file."""
    query = f"?message_id={uuid4().hex}&initiator=payroll"
    content = "\n".join((COLUMNS, *rows)).encode()
    bulk = await taken(bank.tenant, content, "text/csv", query)
    await processed(database, desk, bulk)
    return str(bulk["id"])


async def reported(bank: CustomerBank, bulk: str, purpose: str = "testing") -> dict[str, Any]:
    path = f"/v1/bulk-payments/{bulk}/report?purpose={purpose}"
    answer = await bank.tenant.client.get(path)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


NAMES = {
    "bulk_payment": "SELECT initiator, message, sealed FROM bulk_payment WHERE bulk_id = $1",
    "bulk_debit": "SELECT initiator, message, sealed FROM bulk_debit WHERE bulk_id = $1",
}


async def names_of(database: Database, table: str, bulk: str) -> tuple[bytes, bytes, bytes]:
    [row] = await database.fetch(NAMES[table], UUID(bulk))
    return row["initiator"], row["message"], row["sealed"]


async def test_what_was_refused_goes_with_its_payer_and_the_files_name_with_the_last_of_it(
    bank: CustomerBank, keeper: Keeper, desk: Desk, database: Database
) -> None:
    (ada, subject), (grace, _) = (
        await customer(bank, "Ada Lovelace", 5_000),
        await customer(bank, "Grace Hopper", 5_000),
    )
    of_ada, of_grace = await bank.iban(ada), await bank.iban(grace)
    bulk = await row_sent(
        bank,
        database,
        desk,
        f"{of_ada},{of_grace},Grace Hopper,9999.00,EUR,{uuid4().hex},Too much",
        f"{of_grace},{of_ada},Ada Lovelace,8888.00,EUR,{uuid4().hex},Too much as well",
    )
    [refused] = [each for each in await keeper.told(subject) if "bulk_payment" in each]
    assert (refused["refused"], refused["text"]) == ("OVERDRAFT_EXCEEDED", "Too much")
    assert await keeper.duty(subject) is not None, "a refused order is on record too"
    before = await names_of(database, "bulk_payment", bulk)
    await closed(bank, ada)
    assert await keeper.due() == 0, "the control: not before its time"
    keeper.clock.advance(seconds=LATER_S)
    await keeper.due()
    report = await reported(bank, bulk)
    first, second = report["items"]
    assert (first["end_to_end_id"], first["reason"]) == ("NOTPROVIDED", "AM04")
    assert second["end_to_end_id"] != "NOTPROVIDED", "Grace's account is open"
    assert await names_of(database, "bulk_payment", bulk) == before
    await closed(bank, grace)
    await keeper.due()
    assert {each["end_to_end_id"] for each in (await reported(bank, bulk))["items"]} == {
        "NOTPROVIDED"
    }
    assert (await reported(bank, bulk))["message_id"] == "NOTPROVIDED"
    path = f"/v1/bulk-payments/{bulk}/report?purpose=testing&format=pain002"
    assert (await bank.tenant.client.get(path)).status_code == 200
    after = await names_of(database, "bulk_payment", bulk)
    assert after == (b"", UUID(bulk).bytes, b"")
    assert not set(before) & set(after)


async def test_what_is_nobodys_here_goes_by_its_age(
    bank: CustomerBank, keeper: Keeper, desk: Desk, database: Database
) -> None:
    row = f"DE89370400440532013000,DE89370400440532013000,Kim Doe,1.00,EUR,{uuid4().hex},Rent"
    bulk = await row_sent(bank, database, desk, row)
    keeper.clock.advance(seconds=30 * 86_400)
    await keeper.due()
    [item] = (await reported(bank, bulk))["items"]
    assert item["end_to_end_id"] != "NOTPROVIDED"
    keeper.clock.advance(seconds=LATER_S)
    await keeper.due()
    [item] = (await reported(bank, bulk))["items"]
    assert item["end_to_end_id"] == "NOTPROVIDED"
    assert (await names_of(database, "bulk_payment", bulk))[2] == b""


async def test_files_of_direct_debits_lose_their_words_likewise(
    bank: CustomerBank, keeper: Keeper, database: Database
) -> None:
    tenant = bank.tenant
    foreign = await sent_debit_file(tenant)
    (grace, _) = await customer(bank, "Grace Hopper")
    theirs = await sent_debit_file(tenant, await bank.iban(grace))
    # What is refused as it is announced has its owner since the file was taken.
    for bulk in (foreign, theirs):
        await refuse_debits(database, tenant.id, bulk)

    async def told(bulk: str) -> tuple[str, str]:
        path = f"/v1/bulk-direct-debits/{bulk}/report?purpose=testing"
        report = (await tenant.client.get(path)).json()
        return report["message_id"], report["items"][0]["end_to_end_id"]

    assert (await told(foreign))[1].startswith("E-")
    await keeper.due()
    assert (await told(foreign))[1].startswith("E-")
    keeper.clock.advance(seconds=LATER_S)
    await keeper.due()
    assert await told(foreign) == ("NOTPROVIDED", "NOTPROVIDED")
    assert (await names_of(database, "bulk_debit", foreign))[2] == b""
    assert (await told(theirs))[1].startswith("E-"), "Grace's account is open"
    await closed(bank, grace)
    await keeper.due()
    assert await told(theirs) == ("NOTPROVIDED", "NOTPROVIDED")


async def test_mandates_lose_their_words_when_neither_side_has_to_be_kept(
    bank: CustomerBank, keeper: Keeper, database: Database
) -> None:
    (ada, subject), (grace, other) = (
        await customer(bank, "Ada Lovelace", 5_000),
        await customer(bank, "Grace Hopper"),
    )
    mandate = await signed_mandate(bank, ada, grace)
    for each in (subject, other):
        duty = await keeper.duty(each)
        assert duty is not None, "a mandate has to be kept although nothing was collected"

    async def sealed() -> bytes:
        [row] = await database.fetch(
            "SELECT sealed FROM direct_debit_mandate WHERE mandate_id = $1", UUID(mandate)
        )
        words: bytes = row["sealed"]
        return words

    await closed(bank, ada)
    keeper.clock.advance(seconds=LATER_S)
    await keeper.forget([subject])
    assert await sealed(), "Grace's account is open: it is her mandate"
    await closed(bank, grace)
    await keeper.due()
    assert await sealed() == b""
    stands = await bank.tenant.client.get(f"/v1/direct-debit-mandates/{mandate}")
    assert stands.status_code == 200, "that there was one stays"
    path = f"/v1/direct-debit-mandates/{mandate}/amend"
    amended = await bank.tenant.post(path, {"creditor_name": "Example Power Two"})
    assert (amended.status_code, amended.json()["code"]) == (409, "DEBIT_MANDATE_ENDED")
    new = {"mandate_id": mandate, "asset": "EUR", "amount": "1", "due_on": due_soon()}
    collected = await bank.tenant.post("/v1/direct-debits", new)
    assert (collected.status_code, collected.json()["code"]) == (409, "DEBIT_MANDATE_ENDED")
    assert await keeper.told(subject) == []
