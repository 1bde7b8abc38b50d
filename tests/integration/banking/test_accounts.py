"""Accounts: opened whole, with numbers that nobody else has; what their status and blocks stop."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from schwifty import IBAN

from bezant.banking import (
    BANK_ACCOUNT,
    AccountService,
    AccountStatus,
    account_of,
    available_on,
    check_can_pay,
    ledger_account,
)
from bezant.banking.accounts.domain import LEGAL
from bezant.banking.accounts.riders import AddAsset, ChangeStatus, MoveToVersion, PlaceBlock
from bezant.banking.accounts.schemas import Account, NewBankAccount, NewBlock
from bezant.banking.accounts.service import NUMBERS_DRAWN
from bezant.banking.institutions.numbers import AccountNumber, draw_number
from bezant.kernel.api_keys import IssuedApiKey
from bezant.kernel.calls import Answer
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.sealing import KeySealer
from bezant.ledger import Decision, Ledger, Reads, Seen, post, schemas
from customers import CustomerBank, open_bank
from fixtures_api import Api, Tenant, fresh_key
from fixtures_ledger import Bank

if TYPE_CHECKING:
    import asyncpg


@pytest.fixture(scope="module")
async def own(api: Api) -> AsyncIterator[Tenant]:
    """A tenant for this module."""
    async with api.tenant() as tenant:
        yield tenant


@pytest.fixture(scope="module")
async def bank(own: Tenant) -> CustomerBank:
    return await open_bank(own)


async def test_an_account_is_opened_with_a_valid_number_and_ledger_accounts(
    bank: CustomerBank,
) -> None:
    account = await bank.open()
    iban = IBAN(await bank.iban(account["id"]), validate_bban=True)
    assert iban.country_code == "DE"
    assert iban.bank_code == "37040044"
    assert account["status"] == "active"
    for asset, name in account["ledger_accounts"].items():
        found = await bank.tenant.client.get(f"{bank.book_path}/accounts/{name}")
        assert found.json()["asset"] == asset
    limits = (await bank.tenant.client.get(f"{bank.book_path}/accounts/{name}")).json()["limits"]
    assert limits == {"overdraft": "0"}, "dollars have no overdraft line"


async def test_a_repeat_of_an_opening_opens_nothing(bank: CustomerBank) -> None:
    headers = fresh_key()
    body = {"product_id": bank.product}
    first = await bank.tenant.post("/v1/accounts", body, **headers)
    again = await bank.tenant.post("/v1/accounts", body, **headers)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content


async def test_numbers_of_a_hundred_openings_at_once_are_unique_though_they_meet(
    own: Tenant,
    bank: CustomerBank,
    database: Database,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice = Random(1)
    few = [draw_number("DE", "37040044", "", dice) for _ in range(150)]
    drawn: list[AccountNumber] = []

    def draw(*_: object) -> AccountNumber:
        drawn.append(dice.choice(few))
        return drawn[-1]

    monkeypatch.setattr("bezant.banking.accounts.service.draw_number", draw)
    clock, ids = SystemClock(), TimeOrderedIds()
    accounts = AccountService(
        database, clock, ids, ledger, KeySealer(bytes(32)), Fingerprints(bytes(32))
    )
    teller = Bank(ledger, database, own.id, UUID(bank.book))
    new = NewBankAccount(UUID(bank.product))
    answers = await asyncio.gather(*(accounts.open(teller.call(), new) for _ in range(100)))
    made = [answer.value(Account) for answer in answers if answer.status == 201]
    refused = {msgspec.json.decode(answer.body)["code"] for answer in answers if answer.is_refusal}
    assert refused <= {"NUMBERS_TAKEN"}
    assert len(made) >= 90
    first_choices = drawn[::NUMBERS_DRAWN]
    assert len({number.identity for number in first_choices}) < 75, "many wanted the same"
    numbers = {
        accounts.opened_number(own.id, await accounts.place(own.id, account.id)).identity
        for account in made
    }
    assert len(numbers) == len(made)


async def test_the_database_holds_no_account_number(bank: CustomerBank, database: Database) -> None:
    account = await bank.open()
    iban = await bank.iban(account["id"])
    row = await database.fetchrow(
        "SELECT t::text AS row FROM bank_account AS t WHERE tenant_id = $1 AND account_id = $2",
        bank.tenant.id,
        UUID(account["id"]),
    )
    assert row is not None
    for form in (iban, iban[4:], iban[12:]):
        assert form not in row["row"]
        assert form.encode().hex() not in row["row"]


async def test_an_account_is_found_by_its_number_and_the_audit_log_says_by_whom(
    bank: CustomerBank, database: Database
) -> None:
    account = await bank.open()
    iban = await bank.iban(account["id"])
    for gap in (" ", ".", "-", "/", "\N{NO-BREAK SPACE}"):
        typed = gap.join(iban[at : at + 4] for at in range(0, len(iban), 4)).lower()
        found = await bank.tenant.create(
            "/v1/accounts/search", {"purpose": "customer_service", "iban": typed}
        )
        assert [each["id"] for each in found["accounts"]] == [account["id"]], gap
    nobody = await bank.tenant.create(
        "/v1/accounts/search", {"purpose": "customer_service", "iban": "DE89370400440532013000"}
    )
    assert nobody == {"accounts": []}
    entries = await database.fetch(
        "SELECT action, purpose FROM audit_entry WHERE tenant_id = $1 AND action = ANY($2::text[])",
        bank.tenant.id,
        ["bank_account.search", "bank_account.read_number"],
    )
    said = {(entry["action"], entry["purpose"]) for entry in entries}
    assert said >= {
        ("bank_account.search", "customer_service"),
        ("bank_account.read_number", "testing"),
    }


@pytest.mark.parametrize(
    ("institution", "forms"),
    [
        (
            {"country": "GB", "bank_code": "WEST", "branch_code": "123456", "bic": "WESTGB22"},
            {"branch_code": "123456"},
        ),
        (
            {"country": "US", "bank_code": "021000021", "bic": "CHASUS33"},
            {"iban": None, "bank_code": "021000021"},
        ),
        (
            {"country": "FR", "bank_code": "30006", "branch_code": "00001", "bic": "AGRIFRPP"},
            {"bank_code": "30006", "branch_code": "00001"},
        ),
    ],
    ids=["sort code", "routing number", "national check digits"],
)
async def test_numbers_take_the_form_of_the_country(
    own: Tenant, institution: dict[str, str], forms: dict[str, str | None]
) -> None:
    abroad = await open_bank(own, **institution)
    account = await abroad.open()
    path = f"/v1/accounts/{account['id']}/number?purpose=testing"
    number = (await own.client.get(path)).json()
    assert {name: number[name] for name in forms} == forms
    if number["iban"] is not None:
        IBAN(number["iban"], validate_bban=True)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"bank_code": "999"}, "BANK_CODE_INVALID"),
        ({"country": "US", "bank_code": "021000022", "bic": "CHASUS33"}, "BANK_CODE_INVALID"),
        ({"country": "XX"}, "BANK_CODE_INVALID"),
        ({"country": "GB", "bank_code": "BUKB", "bic": "BUKBGB22"}, "BANK_CODE_INVALID"),
        ({"bic": "BNPAFRPP"}, "BIC_INVALID"),
    ],
    ids=["too short", "wrong check digit", "no such country", "no sort code", "BIC of elsewhere"],
)
async def test_an_institution_that_could_have_no_accounts_is_refused(
    own: Tenant, bank: CustomerBank, wrong: dict[str, str], code: str
) -> None:
    body = {
        "book_id": bank.book,
        "name": "Wrong",
        "country": "DE",
        "bank_code": "10010010",
        "bic": "PBNKDEFF",
    }
    answer = await own.post("/v1/institutions", body | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_no_account_is_opened_in_a_branch_that_nobody_named(
    own: Tenant, owner: "asyncpg.Connection[Any]"
) -> None:
    bank = await open_bank(
        own, country="GB", bank_code="WEST", branch_code="654321", bic="WESTGB22"
    )
    # As institutions of old are.
    await owner.execute(
        "UPDATE institution SET branch_code = '' WHERE tenant_id = $1 AND institution_id = $2",
        own.id,
        UUID(bank.institution),
    )
    answer = await own.post("/v1/accounts", {"product_id": bank.product})
    assert (answer.status_code, answer.json()["code"]) == (422, "BANK_CODE_INVALID")


@pytest.fixture
async def revised(own: Tenant, bank: CustomerBank) -> CustomerBank:
    """The same with a product of its own, whose terms a test may change."""
    new = {
        "code": f"revised-{uuid4().hex}",
        "institution_id": bank.institution,
        "kind": "current",
        "terms": TERMS,
    }
    return replace(bank, product=(await own.create("/v1/products", new))["id"])


TERMS: dict[str, Any] = {"assets": ["EUR", "USD"], "overdraft": {"EUR": "50000"}}


async def revise(bank: CustomerBank, **terms: Any) -> None:  # noqa: ANN401 - members by name
    """A second version of the product."""
    new = {"after": 1, "terms": TERMS | terms}
    await bank.tenant.create(f"/v1/products/{bank.product}/versions", new)


async def move(bank: CustomerBank, account: dict[str, Any], to: int = 2) -> httpx.Response:
    path = f"/v1/accounts/{account['id']}/product-version"
    return await bank.tenant.post(path, {"product_version": to})


async def lines(bank: CustomerBank, account: dict[str, Any]) -> dict[str, str]:
    """How far below zero an account may go, by asset."""
    found = {}
    for asset, name in account["ledger_accounts"].items():
        answer = await bank.tenant.client.get(f"{bank.book_path}/accounts/{name}")
        found[asset] = answer.json()["limits"]["overdraft"]
    return found


async def test_accounts_stay_under_the_version_of_their_opening_until_they_are_moved(
    own: Tenant, revised: CustomerBank
) -> None:
    account = await revised.open()
    await revise(revised)
    stale = {"after": 1, "terms": TERMS}
    answer = await own.post(f"/v1/products/{revised.product}/versions", stale)
    assert answer.json()["code"] == "PRODUCT_CHANGED"
    path = f"/v1/accounts/{account['id']}"
    assert (await own.client.get(path)).json()["product_version"] == 1
    moved = await move(revised, account)
    assert (moved.status_code, moved.json()["product_version"]) == (200, 2)
    assert (await move(revised, account, 99)).json()["code"] == "UNKNOWN_PRODUCT"


async def test_an_account_moves_only_to_terms_that_offer_what_it_holds(
    own: Tenant, revised: CustomerBank
) -> None:
    both, euros = await revised.open(), await revised.open(assets=["EUR"])
    await revise(revised, assets=["EUR"])
    refused = await move(revised, both)
    assert (refused.status_code, refused.json()["code"]) == (422, "ASSET_NOT_OFFERED")
    path = f"/v1/accounts/{both['id']}"
    assert (await own.client.get(path)).json()["product_version"] == 1
    assert (await move(revised, euros)).status_code == 200


async def test_a_line_of_the_product_moves_with_it_and_an_agreed_one_stays(
    own: Tenant, revised: CustomerBank
) -> None:
    plain, agreed = await revised.open(), await revised.open()
    line = {"asset": "EUR", "amount": "70000", "reason": "agreed"}
    path = f"/v1/accounts/{agreed['id']}/overdraft"
    assert (await own.client.put(path, json=line, headers=fresh_key())).status_code == 200
    await revise(revised, overdraft={"EUR": "20000", "USD": "10000"})
    for account in (plain, agreed):
        assert (await move(revised, account)).status_code == 200
    assert await lines(revised, plain) == {"EUR": "20000", "USD": "10000"}
    assert await lines(revised, agreed) == {"EUR": "70000", "USD": "10000"}
    rows = await own.database.fetch(
        "SELECT data FROM event_pending WHERE tenant_id = $1 AND kind = $2 AND subject = $3"
        " UNION ALL SELECT data FROM event WHERE tenant_id = $1 AND kind = $2 AND subject = $3",
        own.id,
        "bank_account.overdraft_set",
        f"/v1/accounts/{plain['id']}",
    )
    told = [msgspec.json.decode(row["data"]) for row in rows]
    assert {(each["asset"], each["amount"], each["reason"]) for each in told} == {
        ("EUR", "20000", "moved"),
        ("USD", "10000", "moved"),
    }


async def test_who_has_drawn_more_than_the_new_line_is_not_moved_before_it_is_paid(
    own: Tenant, revised: CustomerBank
) -> None:
    account = await revised.open()
    assert (await revised.take(account, 30_000)).status_code == 201
    await revise(revised, overdraft={"EUR": "20000", "USD": "10000"})
    refused = await move(revised, account)
    assert (refused.status_code, refused.json()["code"]) == (409, "LIMITS_BROKEN")
    assert await lines(revised, account) == {"EUR": "50000", "USD": "0"}
    path = f"/v1/accounts/{account['id']}"
    assert (await own.client.get(path)).json()["product_version"] == 1
    await revised.fund(account, 10_000)
    assert (await move(revised, account)).status_code == 200
    assert (await revised.take(account, 1)).json()["code"] == "OVERDRAFT_EXCEEDED"


async def test_of_a_move_and_an_added_asset_at_once_the_first_holds(
    own: Tenant, revised: CustomerBank, database: Database, ledger: Ledger
) -> None:
    teller = Bank(ledger, database, own.id, UUID(revised.book))
    await revise(revised, assets=["EUR"])
    for order in (1, -1):
        account = await revised.open(assets=["EUR"], product_version=1)
        account_id, line = UUID(account["id"]), {"EUR": "50000"}
        riders: list[Any] = [
            AddAsset(account_id, 1, "USD", "0"),
            MoveToVersion(account_id, 1, 2, line, line),
        ]
        answers = await asyncio.gather(
            *(ledger.submit(teller.call(), teller.book_id, rider) for rider in riders[::order])
        )
        assert [answer.is_refusal for answer in answers] == [False, True]
        assert msgspec.json.decode(answers[1].body)["code"] == "ACCOUNT_CHANGED"


@pytest.mark.parametrize(
    "terms",
    [
        {"overdraft": {"JPY": "1"}},
        {"limits": [{"asset": "JPY", "window": "day", "amount": "1"}]},
        {"interest": {"JPY": {"capitalisation": "month", "day_count": "ACT/360"}}},
        {"fees": [{"code": "keeping", "asset": "JPY", "gross": "1", "every": "month"}]},
    ],
    ids=["overdraft", "limits", "interest", "fees"],
)
async def test_terms_of_an_asset_that_the_product_does_not_have_are_refused(
    own: Tenant, revised: CustomerBank, terms: dict[str, Any]
) -> None:
    [name] = terms
    new = {"after": 1, "terms": TERMS | terms}
    answer = await own.post(f"/v1/products/{revised.product}/versions", new)
    assert (answer.status_code, answer.json()["code"]) == (422, "TERMS_CONTRADICT")
    assert answer.json()["field"] == f"terms.{name}"


async def test_the_database_knows_the_same_statuses_as_the_code(database: Database) -> None:
    rows = await database.fetch("SELECT before_status, after_status FROM legal_account_change")
    written = {(before or "none", after) for before, every in LEGAL.items() for after in every}
    assert {(row["before_status"], row["after_status"]) for row in rows} == written


async def test_only_an_empty_account_is_closed_and_nothing_follows(
    own: Tenant, bank: CustomerBank
) -> None:
    account = await bank.open()
    path = f"/v1/accounts/{account['id']}/status"
    closing = {"status": "closed", "reason": "customer_wish"}
    await bank.fund(account, 100)
    assert (await own.post(path, closing)).json()["code"] == "ACCOUNT_NOT_EMPTY"
    assert (await bank.take(account, 100)).status_code == 201
    assert (await own.create(path, closing))["closed_at"] is not None
    reopened = await own.post(path, {"status": "active", "reason": "regret"})
    assert reopened.json()["code"] == "STATUS_NOT_ALLOWED"
    leg = {"debit": "world", "credit": account["ledger_accounts"]["EUR"], "asset": "EUR"}
    late = await own.post(f"{bank.book_path}/transactions", {"postings": [leg | {"amount": "1"}]})
    assert late.json()["code"] == "ACCOUNT_CLOSED"
    history = (await own.client.get(path)).json()["changes"]
    assert [(each["before"], each["after"]) for each in history] == [
        (None, "active"),
        ("active", "closed"),
    ]


async def test_an_account_is_not_closed_while_something_is_blocked_on_it(
    own: Tenant, bank: CustomerBank
) -> None:
    account = await bank.open()
    path = f"/v1/accounts/{account['id']}"
    over = {"kind": "fraud", "direction": "credit", "reason": "suspicion"}
    await own.create(f"{path}/blocks", over | {"expires_at": "2020-01-01T00:00:00Z"})
    block = await own.create(
        f"{path}/blocks", {"kind": "legal", "direction": "debit", "reason": "attachment"}
    )
    closing = {"status": "closed", "reason": "customer_wish"}
    assert (await own.post(f"{path}/status", closing)).json()["code"] == "BLOCKS_STAND"
    await own.create(f"{path}/blocks/{block['id']}/lift", {})
    assert (await own.create(f"{path}/status", closing))["status"] == "closed"


async def test_an_account_that_got_another_asset_meanwhile_is_looked_at_again(
    own: Tenant, bank: CustomerBank, database: Database, ledger: Ledger
) -> None:
    account_id = UUID((await bank.open(assets=["EUR"]))["id"])
    stale = ChangeStatus(account_id, ["EUR"], AccountStatus.CLOSED, "customer_wish", "key:test")
    await own.create(f"/v1/accounts/{account_id}/assets", {"asset": "USD"})
    teller = Bank(ledger, database, own.id, UUID(bank.book))
    answer = await ledger.submit(teller.call(), teller.book_id, stale)
    assert msgspec.json.decode(answer.body)["code"] == "ACCOUNT_CHANGED"


async def test_sub_balances_tell_what_is_booked_expected_blocked_and_available(
    own: Tenant, bank: CustomerBank
) -> None:
    account = await bank.open()
    await bank.fund(account, 1_000)
    leg = {"debit": "world", "credit": account["ledger_accounts"]["EUR"], "asset": "EUR"}
    pending = leg | {"amount": "300", "pending": True}
    await own.create(f"{bank.book_path}/transactions", {"postings": [pending]})
    path = f"/v1/accounts/{account['id']}"
    block = await own.create(
        f"{path}/blocks",
        {
            "kind": "legal",
            "direction": "debit",
            "reason": "attachment",
            "asset": "EUR",
            "amount": "400",
        },
    )
    told = await bank.balance(account["id"])
    names = ("booked", "expected", "blocked", "available")
    assert [told[name] for name in names] == ["1000", "1300", "400", "600"]
    await own.create(f"{path}/blocks/{block['id']}/lift", {})
    assert (await bank.balance(account["id"]))["available"] == "51000"
    gone = await own.post(f"{path}/blocks/{block['id']}/lift", {})
    assert (gone.status_code, gone.json()["code"]) == (404, "BLOCK_NOT_FOUND")


async def test_an_overdraft_line_is_set_and_not_below_what_is_used(
    own: Tenant, bank: CustomerBank
) -> None:
    account = await bank.open()
    assert (await bank.take(account, 20_000)).status_code == 201
    line = {"asset": "EUR", "reason": "agreed"}
    path = f"/v1/accounts/{account['id']}/overdraft"
    broken = await own.client.put(path, json=line | {"amount": "19999"}, headers=fresh_key())
    assert broken.json()["code"] == "LIMITS_BROKEN"
    done = await own.client.put(path, json=line | {"amount": "20000"}, headers=fresh_key())
    assert done.status_code == 200
    assert (await bank.take(account, 1)).json()["code"] == "OVERDRAFT_EXCEEDED"


async def test_a_new_line_leaves_the_other_limits_of_the_ledgers_account(
    own: Tenant, bank: CustomerBank
) -> None:
    account = await bank.open()
    of_ledger = f"{bank.book_path}/accounts/{account['ledger_accounts']['EUR']}"
    limits = {"overdraft": "50000", "maximum": "1000000"}
    await own.client.patch(of_ledger, json={"limits": limits}, headers=fresh_key())
    line = {"asset": "EUR", "amount": "20000", "reason": "agreed"}
    path = f"/v1/accounts/{account['id']}/overdraft"
    assert (await own.client.put(path, json=line, headers=fresh_key())).status_code == 200
    found = (await own.client.get(of_ledger)).json()["limits"]
    assert found == {"overdraft": "20000", "maximum": "1000000"}


class Pay(msgspec.Struct, frozen=True):
    """A payment as a payment domain decides it: by the account's own rules, in the lane."""

    account: UUID
    amount: int
    weight: int = 1

    def reads(self) -> Reads:
        accounts = frozenset({"world", ledger_account(self.account, "EUR")})
        return Reads(accounts, rows=((BANK_ACCOUNT, self.account),))

    def decide(self, seen: Seen) -> Decision:
        account = account_of(seen, self.account)
        free = available_on(seen, self.account, "EUR")
        check_can_pay(account, "EUR", self.amount, free, seen.draft.at)
        leg = schemas.Posting(ledger_account(self.account, "EUR"), "world", "EUR", str(self.amount))
        post(seen.draft, schemas.NewTransaction([leg]))
        return Decision(Answer.of("paid"))


async def test_a_block_stops_the_payments_that_come_after_it_in_its_own_batch(
    own: Tenant, bank: CustomerBank, database: Database, ledger: Ledger
) -> None:
    account_id = UUID(await bank.funded(1_000))
    teller = Bank(ledger, database, own.id, UUID(bank.book))
    block = PlaceBlock(
        account_id,
        uuid4(),
        NewBlock("fraud", "debit", "suspicion"),  # type: ignore[arg-type]
        "key:test",
    )
    riders: list[Any] = [
        Pay(account_id, 10),
        Pay(account_id, 10),
        block,
        *[Pay(account_id, 10)] * 5,
    ]
    answers = await asyncio.gather(
        *(ledger.submit(teller.call(), teller.book_id, rider) for rider in riders)
    )
    assert [answer.status for answer in answers] == [200, 200, 201, *[422] * 5]
    assert (await bank.balance(str(account_id)))["booked"] == "980"


async def test_a_blocked_amount_remains_and_the_rest_may_leave(
    own: Tenant, bank: CustomerBank, database: Database, ledger: Ledger
) -> None:
    account_id = UUID(await bank.funded(1_000))
    teller = Bank(ledger, database, own.id, UUID(bank.book))
    block = {"kind": "legal", "direction": "debit", "reason": "attachment", "asset": "EUR"}
    await own.create(f"/v1/accounts/{account_id}/blocks", block | {"amount": "990"})
    answers = await asyncio.gather(
        *(ledger.submit(teller.call(), teller.book_id, Pay(account_id, 6)) for _ in range(5))
    )
    assert [answer.status for answer in answers].count(200) == 1, (
        "10 of 1,000 are free, whatever the overdraft"
    )


async def _post(api: Api, by: IssuedApiKey, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
    assert by.key is not None
    async with api.client(by.key) as client:
        answer = await client.post(path, json=body, headers=fresh_key())
    assert answer.is_success, answer.text
    return answer.json()


async def test_blocks_are_listed_with_why_by_whom_and_until_when_also_after_they_are_lifted(
    own: Tenant, bank: CustomerBank, api: Api
) -> None:
    path = f"/v1/accounts/{(await bank.open())['id']}/blocks"
    until = "2099-01-01T00:00:00Z"
    new = {"kind": "legal", "direction": "debit", "reason": "attachment", "expires_at": until}
    placer, lifter = [await api.issue(own.id, ("banking:blocks",)) for _ in range(2)]
    placed = await _post(api, placer, path, new)
    assert {name: placed[name] for name in new} == new
    assert placed["placed_by"] == f"key:{placer.api_key.id}"
    assert (await own.client.get(path)).json()["blocks"] == [placed]
    await _post(api, lifter, f"{path}/{placed['id']}/lift", {})
    [after] = (await own.client.get(path)).json()["blocks"]
    assert after["lifted_at"] > after["placed_at"]
    assert after["lifted_by"] == f"key:{lifter.api_key.id}"
    assert after == placed | {name: after[name] for name in ("lifted_at", "lifted_by")}


async def test_closing_and_paying_at_once_leave_no_money_on_a_closed_account(
    own: Tenant, bank: CustomerBank
) -> None:
    for _ in range(5):
        account = await bank.open()
        path = f"/v1/accounts/{account['id']}/status"
        closing = {"status": "closed", "reason": "customer_wish"}
        leg = {"debit": "world", "credit": account["ledger_accounts"]["EUR"], "asset": "EUR"}
        body = {"postings": [leg | {"amount": "5"}]}
        closed, paid = await asyncio.gather(
            own.post(path, closing), own.post(f"{bank.book_path}/transactions", body)
        )
        assert sorted((closed.is_success, paid.is_success)) == [False, True]


async def test_a_dormant_account_takes_money_and_gives_none(
    own: Tenant, bank: CustomerBank, database: Database, ledger: Ledger
) -> None:
    account_id = UUID(await bank.funded(1_000))
    path = f"/v1/accounts/{account_id}/status"
    await own.create(path, {"status": AccountStatus.DORMANT, "reason": "no_movement"})
    teller = Bank(ledger, database, own.id, UUID(bank.book))
    answer = await ledger.submit(teller.call(), teller.book_id, Pay(account_id, 1))
    assert msgspec.json.decode(answer.body)["code"] == "ACCOUNT_NOT_ACTIVE"


@pytest.mark.parametrize(
    "block",
    [
        {"direction": "both", "asset": "EUR", "amount": "5"},
        {"direction": "debit", "amount": "5"},
    ],
    ids=["an amount of credits", "an amount of nothing"],
)
async def test_a_block_that_contradicts_itself_is_refused(
    own: Tenant, bank: CustomerBank, block: dict[str, str]
) -> None:
    account = await bank.open()
    body = {"kind": "legal", "reason": "attachment"} | block
    answer = await own.post(f"/v1/accounts/{account['id']}/blocks", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "BLOCK_CONTRADICTS")


async def test_assets_are_added_that_the_product_has(own: Tenant, bank: CustomerBank) -> None:
    account = await bank.open(assets=["EUR"])
    path = f"/v1/accounts/{account['id']}/assets"
    assert set((await own.create(path, {"asset": "USD"}))["ledger_accounts"]) == {"EUR", "USD"}
    assert (await own.post(path, {"asset": "USD"})).json()["code"] == "ASSET_HELD"
    assert (await own.post(path, {"asset": "JPY"})).json()["code"] == "ASSET_NOT_OFFERED"
