"""What an import posts, and under which names."""

import json
import re
import stat
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from bezant.cli.statement_import import booking
from bezant.cli.statement_import.plan import counterparty
from bezant.cli.statement_import.pseudonyms import KeyUnusable, load_key
from bezant.formats.camt053 import Detail, Entry, Party, read_statements
from bezant.kernel.personal import likeness
from bezant.ledger.schemas import AccountType, BatchResult, NewBatch
from recorded_platform import Desk
from statements import DAY, IBAN, Movement, Payment, Statement, xml

ALICE = Payment(name="Alice Ängström", account="FI2112345600000785", remittance="Rent March")
BOB = Payment(name="Bob Builder", account="DE02100100100006820101")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_money_in_is_owed_to_who_paid_it_and_money_out_is_owed_by_who_got_it(desk: Desk) -> None:
    result = desk.load(Statement([Movement(500, (ALICE,)), Movement(-200, (BOB,))]))
    assert result.agrees
    assert desk.platform.balance(desk.bank_account) == 100_300
    balances = {desk.platform.balance(id_) for id_ in desk.platform.accounts_of("counterparty:")}
    assert balances == {-500, 200}
    assert desk.platform.balance("opening-balances:EUR") == -100_000
    types = {a.id.partition(":")[0]: a.type for a in desk.platform.accounts(result.book_id)}
    assert types == {
        "suspense": AccountType.LIABILITY,
        "bank": AccountType.ASSET,
        "counterparty": AccountType.LIABILITY,
        "opening-balances": AccountType.EQUITY,
    }


def test_an_overdrawn_account_opens_on_the_other_side(desk: Desk) -> None:
    assert desk.load(Statement([Movement(500)], opening=-1_000)).agrees
    assert desk.platform.balance("opening-balances:EUR") == 1_000
    assert desk.platform.balance(desk.bank_account) == -500


def test_postings_carry_the_dates_and_code_of_the_entry(desk: Desk) -> None:
    desk.load(Statement([Movement(500, valued=DAY + timedelta(days=1))]))
    [leg] = desk.platform.recorded()[1].postings
    assert (leg.booking_date, leg.value_date) == (DAY, DAY + timedelta(days=1))
    assert leg.code == "PMNT.RCDT.ESCT"
    assert desk.platform.recorded()[1].effective_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_nothing_that_names_a_person_is_outside_of_the_erasable_metadata(desk: Desk) -> None:
    desk.load(Statement([Movement(500, (ALICE,), servicer_reference="REF1")]))
    for transaction in desk.platform.recorded():
        lasting = msgspec.json.encode(msgspec.structs.replace(transaction, metadata=None)).decode()
        for secret in (IBAN, ALICE.name, ALICE.account, ALICE.remittance, "REF1"):
            assert json.dumps(secret)[1:-1] not in lasting
            assert secret not in lasting
    metadata = desk.platform.recorded()[1].metadata
    assert metadata is not None
    assert metadata["debtor.name"] == ALICE.name
    assert metadata["debtor.account"] == "[iban *0785]"
    assert metadata["remittance"] == ALICE.remittance
    assert metadata["AcctSvcrRef"] == "REF1"


def test_what_the_ledger_takes_no_metadata_of_is_masked(desk: Desk) -> None:
    """So that no statement is refused for what its bank wrote, in fields or in texts."""
    told = Payment(
        name="Alice",
        account="FI2112345600000785",
        remittance="4111 1111 1111 1111, alice@example.com, +44 20 7946 0123, invoice 2031",
    )
    long = Payment(name="Bob", remittance="x" * 984 + "41111111111111111")
    movements = [Movement(500, (told,)), Movement(5, (told,) * 2), Movement(7, (long,))]
    desk.load(Statement(movements))
    [_, single, collective, cut] = (each.metadata for each in desk.platform.recorded())
    assert single is not None
    assert collective is not None
    assert cut is not None
    assert single["remittance"] == "[card_number *1111], [email], [phone], invoice 2031"
    assert "debtor.account: [iban *0785]" in collective["payment.2"]
    # Sixteen of seventeen digits are a card number, which the whole is not.
    assert len(cut["remittance"]) <= 1_000
    for metadata in (single, collective, cut):
        assert not any(likeness(text) for item in metadata.items() for text in item)


def test_tokens_depend_on_the_key_and_the_book_alone(tmp_path: Path) -> None:
    movements = [Movement(500, (ALICE,))]

    def tokens(desk: Desk, book: int = 0) -> list[str]:
        return [*desk.platform.accounts_of("bank:", book),
                *desk.platform.accounts_of("counterparty:", book)]  # fmt: skip

    first, again, other = Desk(tmp_path), Desk(tmp_path), Desk(tmp_path, key=bytes(32))
    for desk in (first, again, other):
        desk.load(Statement(movements))
    first.load(Statement(movements), book="Another")
    assert tokens(first) == tokens(again)
    assert not set(tokens(first)) & set(tokens(other))
    assert not set(tokens(first)) & set(tokens(first, 1))
    assert all(re.fullmatch(r"(bank|counterparty):[a-z2-7]{24}", each) for each in tokens(first))


def test_a_counterparty_is_the_same_however_its_name_is_written(desk: Desk) -> None:
    names = ("Alice  Smith", "ALICE SMITH ", "alice smith")
    desk.load(Statement([Movement(100, (Payment(name=name),)) for name in names]))
    assert len(desk.platform.accounts_of("counterparty:")) == 1
    desk.load(Statement([Movement(1, (Payment(name="Alice Smyth"),))], opening=100_300, number=2))
    assert len(desk.platform.accounts_of("counterparty:")) == 2


def test_who_the_bank_does_not_name_waits_in_suspense(desk: Desk) -> None:
    desk.load(Statement([Movement(500), Movement(-200, (Payment(remittance="fee"),))]))
    assert not desk.platform.accounts_of("counterparty:")
    assert desk.platform.balance("suspense:EUR") == -300


def test_a_collective_entry_is_split_if_its_payments_are_the_entry(desk: Desk) -> None:
    payments = (Payment(300, name="Alice"), Payment(200, name="Bob"))
    desk.load(Statement([Movement(500, payments)]))
    [_, entry] = desk.platform.recorded()
    assert [leg.amount for leg in entry.postings] == ["300", "200"]
    assert entry.metadata is not None
    assert entry.metadata["payment.2"] == "debtor.name: Bob\namount: 200 EUR"


@pytest.mark.parametrize(
    "payments",
    [
        (Payment(300, name="Alice"), Payment(100, name="Bob")),
        (Payment(300, name="Alice"), Payment(200, "USD", name="Bob")),
        (Payment(300, name="Alice"), Payment(200, is_credit=False, name="Bob")),
        (Payment(300, name="Alice"), Payment(name="Bob")),
    ],
)
def test_a_collective_entry_is_one_posting_if_they_are_not(
    desk: Desk, payments: tuple[Payment, ...]
) -> None:
    assert desk.load(Statement([Movement(500, payments)])).agrees
    [leg] = desk.platform.recorded()[1].postings
    assert (leg.amount, leg.credit) == ("500", "suspense:EUR")


def test_a_large_collective_entry_keeps_to_the_limits_of_the_api(desk: Desk) -> None:
    payments = tuple(Payment(1, name=f"Payer {n}", remittance="x" * 140) for n in range(400))
    desk.load(Statement([Movement(400, payments)]))
    [_, entry] = desk.platform.recorded()
    assert len(entry.postings) == 400
    msgspec.convert(msgspec.to_builtins(entry), type(entry))
    assert entry.metadata is not None
    assert entry.metadata["payments"] == "400"
    assert len(entry.metadata) <= 50


def test_a_reversal_is_of_the_counterparty_of_the_payment_that_it_takes_back(desk: Desk) -> None:
    desk.load(Statement([Movement(-500, (BOB,)), Movement(500, (BOB,), is_reversal=True)]))
    [bob] = desk.platform.accounts_of("counterparty:")
    assert desk.platform.balance(bob) == 0
    assert len(desk.platform.recorded()) == 3


OWNER, OTHER = Party(name="Owner"), Party(name="Other")
OWN_ACCOUNT = Party(name="Owner", account=IBAN)


@pytest.mark.parametrize(
    ("is_credit", "is_reversal", "debtor", "creditor", "found"),
    [
        (True, False, OTHER, OWNER, OTHER),
        (False, False, OWNER, OTHER, OTHER),
        (True, True, OWNER, OTHER, OTHER),
        (False, True, OTHER, OWNER, OTHER),
        # A bank that names the parties as in the reversal, told by the owner's account.
        (True, True, OTHER, OWN_ACCOUNT, OTHER),
        (False, True, OWN_ACCOUNT, OTHER, OTHER),
        # One that names only who the reversal came from.
        (True, True, OTHER, Party(), OTHER),
        (False, False, OWNER, Party(), None),
        (True, False, OWN_ACCOUNT, Party(), None),
    ],
)
def test_the_counterparty_has_the_other_role(
    is_credit: bool,  # noqa: FBT001 - a case
    is_reversal: bool,  # noqa: FBT001 - a case
    debtor: Party,
    creditor: Party,
    found: Party | None,
) -> None:
    content = xml(Statement([Movement(5 if is_credit else -5, is_reversal=is_reversal)]))
    [entry] = [part for part in read_statements(BytesIO(content)) if isinstance(part, Entry)]
    detail = Detail(1, None, None, debtor, creditor, (), "", "")
    assert counterparty(entry, detail, IBAN) == found


def test_the_owner_is_never_its_own_counterparty(desk: Desk) -> None:
    owner = Payment(name="Owner", account=IBAN)
    desk.load(Statement([Movement(500, (owner,))]))
    assert not desk.platform.accounts_of("counterparty:")


def test_equal_entries_both_count(desk: Desk) -> None:
    result = desk.load(Statement([Movement(500, (ALICE,)), Movement(500, (ALICE,))]))
    assert result.agrees
    assert desk.platform.balance(desk.bank_account) == 101_000


def test_a_batch_keeps_to_the_limits_of_the_route(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking, "BATCH_TRANSACTIONS_MAX", 7)
    taken = []
    post = desk.platform.post_batch

    def record(book: UUID, batch: NewBatch) -> list[BatchResult]:
        taken.append(len(batch.transactions))
        return post(book, batch)

    monkeypatch.setattr(desk.platform, "post_batch", record)
    assert desk.load(Statement([Movement(1)] * 20)).agrees
    assert taken == [7, 7, 7]


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with pytest.raises(KeyUnusable, match="is no folder"):
        load_key(folder)
    folder.mkdir()
    key = load_key(folder)
    assert load_key(folder) == key
    assert len(key) == 32
    assert stat.S_IMODE((folder / "import.key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["import.key"]


@pytest.mark.parametrize("fault", ["mode", "length", "text"])
def test_a_key_that_is_open_to_others_or_damaged_is_not_used(tmp_path: Path, fault: str) -> None:
    load_key(tmp_path)
    path = tmp_path / "import.key"
    if fault == "mode":
        path.chmod(0o640)
    else:
        path.write_text("00" if fault == "length" else "key")
    with pytest.raises(KeyUnusable, match=re.escape("import.key")):
        load_key(tmp_path)
