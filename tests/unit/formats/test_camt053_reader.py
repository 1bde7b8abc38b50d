"""What a camt.053 file must be to be read at all, and what is made of it."""

import re
from io import BytesIO

import pytest

import statements
from bezant.formats.camt053 import (
    Direction,
    Entry,
    StatementError,
    StatementHeader,
    audit_statements,
    read_statements,
    source,
)
from statements import Movement, Payment, Statement, xml

FIVE = "\N{ARABIC-INDIC DIGIT FIVE}"
HEAD = f'<Document xmlns="{statements.NAMESPACE}08"><BkToCstmrStmt>'.encode()


def refusal(content: bytes) -> StatementError:
    with pytest.raises(StatementError) as caught:
        audit_statements(BytesIO(content))
    return caught.value


def entries(content: bytes) -> list[Entry]:
    return [part for part in read_statements(BytesIO(content)) if isinstance(part, Entry)]


def edited(old: str, new: str, statement: Statement | None = None) -> bytes:
    """A sound file with one edit, which must apply."""
    content = xml(statement or Statement([Movement(500), Movement(-200)])).decode()
    assert old in content
    return content.replace(old, new, 1).encode()


def line_of(content: bytes, text: str) -> int:
    return content.decode().partition(text)[0].count("\n") + 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("nothing", b"", "empty"),
        ("blanks", b" \n\n", "empty"),
        ("text", b"MT940\n:20:1", "not XML"),
        ("UTF-16", "<Document/>".encode("utf-16"), "not XML in UTF-8"),
        ("declared UTF-16", b'<?xml version="1.0" encoding="UTF-16"?><Document/>', "UTF-16"),
        ("UTF-7", b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE', "UTF-7"),
        ("no message", b"<a/>", "no statement"),
        ("another message", HEAD.replace(b"053", b"054") + b"</BkToCstmrStmt></Document>", "054"),
        ("version 01", HEAD.replace(b"001.08", b"001.01"), "not read"),
        ("version 14", HEAD.replace(b"001.08", b"001.14"), "not read"),
        ("no statement", HEAD + b"</BkToCstmrStmt></Document>", "no statement"),
        ("bytes that are no UTF-8", HEAD + b"\n\xff</BkToCstmrStmt></Document>", "Not well-formed"),
        ("an undefined entity", HEAD + b"&who;</BkToCstmrStmt></Document>", "Not well-formed"),
        ("two roots", HEAD + b"</BkToCstmrStmt></Document><a/>", "Not well-formed"),
        ("depth", HEAD + b"<a>" * 300 + b"</a>" * 300, "depth"),
    ],
)
def test_what_is_no_camt053_is_refused_with_its_reason(
    name: str, content: bytes, reason: str
) -> None:
    assert reason in refusal(content).reason, name


def test_a_document_type_is_refused_before_it_is_parsed() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    for declared in (
        '<!DOCTYPE d SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        f'<!DOCTYPE d [<!ENTITY l0 "ha">{laughs}]>',
        '<!DOCTYPE d [<!ENTITY % p SYSTEM "https://example.test/p.dtd"> %p;]>',
    ):
        text = f'<?xml version="1.0"?>\n<!-- a -->\n{declared}\n<Document a="&l11;">&x;</Document>'
        error = refusal(text.encode())
        assert "DTD" in error.reason
        assert error.line == 3


def test_an_entry_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "ELEMENT_BYTES_MAX", 1 << 20)
    filler = b"<AddtlNtryInf>" + b"x" * 3_000_000 + b"</AddtlNtryInf>"
    content = edited("<RvslInd>", "<RvslInd>", Statement([Movement(1, is_reversal=True)]))
    error = refusal(content.replace(b"<RvslInd>", filler + b"<RvslInd>"))
    assert "1 MiB" in error.reason


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ('<Amt Ccy="EUR">5.00', '<Amt Ccy="EUR">5.001', "5.001", "2 fraction digits"),
        ('<Amt Ccy="EUR">5.00', '<Amt Ccy="EUR">-5.00', "-5.00", "unsigned decimal"),
        ('<Amt Ccy="EUR">5.00', '<Amt Ccy="EUR">5e2', "5e2", "unsigned decimal"),
        ('<Amt Ccy="EUR">5.00', '<Amt Ccy="EUR">5,00', "5,00", "unsigned decimal"),
        ('<Amt Ccy="EUR">5.00', f'<Amt Ccy="EUR">{FIVE}', FIVE, "unsigned decimal"),
        ('<Amt Ccy="EUR">5.00', '<Amt Ccy="USD">5.00', "5.00", "the account in EUR"),
        ('<Amt Ccy="EUR">5.00', "<Amt>5.00", "5.00", "Ccy"),
        ('<Amt Ccy="EUR">5.00</Amt>', "<x/>", "<Ntry>", "no <Amt>"),
        ("5.00</Amt>", '5.00</Amt>\n<Amt Ccy="EUR">6.00</Amt>', "6.00", "only once"),
        ("<Cd>BOOK</Cd>", "", "<Sts>", "must hold text"),
        ("<BookgDt><Dt>2026-03-02", "<BookgDt><Dt>2026-02-30", "2026-02-30", "a date"),
        ("<BookgDt><Dt>2026-03-02", "<BookgDt><Dt>20260302", "20260302", "a date"),
        ("<CdtDbtInd>DBIT", "<CdtDbtInd>OUT", "OUT", "CRDT, DBIT"),
        ("<IBAN>", "<XBAN>", "<Id><", "Not well-formed"),
        ("<Id><IBAN>CH2909000000250094239</IBAN></Id>", "", "<Acct>", "no <Id>"),
        ("<Ccy>EUR</Ccy>", "<Ccy>USD</Ccy>", "<Bal>", "in EUR, the account in USD"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_and_reason(old: str, new: str, at: str, reason: str) -> None:
    content = edited(old, new)
    error = refusal(content)
    assert reason in error.reason
    assert error.line == line_of(content, at)
    assert str(error) == f"line {error.line}: {error.path}: {error.reason}"


def test_the_path_of_a_fault_names_the_elements_above_it() -> None:
    error = refusal(edited('<Amt Ccy="EUR">5.00', '<Amt Ccy="EUR">5.001'))
    assert error.path == "Document/BkToCstmrStmt/Stmt/Ntry/Amt"


@pytest.mark.parametrize("before", ["<Ntry>", "</Stmt>"])
def test_a_balance_after_the_first_entry_is_refused(before: str) -> None:
    content = xml(Statement([Movement(500), Movement(-200)])).decode()
    balance = content[content.index("<Bal>") : content.index("</Bal>") + len("</Bal>\n")]
    where = content.rindex(before)
    error = refusal((content[:where] + balance + content[where:]).encode())
    assert "before the first entry" in error.reason
    assert error.line == content[:where].count("\n") + 1


@pytest.mark.parametrize(
    ("currency", "text", "minor_units"),
    [("JPY", "1250", 1250), ("KWD", "1.250", 1250), ("CLF", "0.1250", 1250), ("EUR", "12.5", 1250)],
)
def test_amounts_are_integers_at_the_scale_of_their_currency(
    currency: str, text: str, minor_units: int
) -> None:
    statement = Statement([Movement(1250)], currency=currency, opening=0)
    content = xml(statement).decode()
    canonical = content[content.index("<Ntry>") :]
    amount = canonical[canonical.index('">') + 2 : canonical.index("</Amt>")]
    content = content.replace(f">{amount}</Amt>", f">{text}</Amt>")
    [entry] = entries(content.encode())
    assert (entry.amount, entry.currency) == (minor_units, currency)


def test_every_version_reads_alike() -> None:
    payment = Payment(500, name="Alice", account="FI2112345600000785", end_to_end_id="E1")
    read = {
        version: entries(xml(Statement([Movement(500, (payment,))]), version=version))
        for version in (f"{number:02d}" for number in range(2, 14))
    }
    [detail] = read["13"][0].details
    assert detail.debtor.name == "Alice"
    assert detail.debtor.account == "FI2112345600000785"
    assert detail.end_to_end_id == "E1"
    assert detail.amount is not None
    assert all(each == read["13"] for each in read.values())


def test_a_reversed_debit_is_a_credit() -> None:
    [entry] = entries(xml(Statement([Movement(500, is_reversal=True)])))
    assert entry.is_reversal
    assert entry.direction is Direction.CREDIT
    assert entry.movement == 500


def test_dates_may_be_instants_and_keep_the_day_that_the_bank_wrote() -> None:
    content = edited(
        "<BookgDt><Dt>2026-03-02</Dt>", "<BookgDt><DtTm>2026-03-02T00:30:00+02:00</DtTm>"
    )
    first = entries(content)[0]
    assert first.booking_date == statements.DAY
    assert first.booking_instant is not None
    assert first.booking_instant.isoformat() == "2026-03-02T00:30:00+02:00"


def test_extensions_of_other_namespaces_are_passed_over() -> None:
    extension = (
        '<SplmtryData><Envlp><Ntry xmlns="urn:other"><Amt>1</Amt></Ntry></Envlp></SplmtryData>'
    )
    content = edited("</Ntry>\n", f"{extension}</Ntry>\n")
    assert len(entries(content)) == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "iso-8859-1", "windows-1252"])
def test_the_encodings_that_banks_send_are_read(encoding: str) -> None:
    named = "utf-8" if encoding == "utf-8-sig" else encoding
    text = xml(Statement([Movement(5, (Payment(name="Ärzte"),))])).decode()
    [entry] = entries(text.replace("UTF-8", named).encode(encoding))
    assert entry.details[0].debtor.name == "Ärzte"


def test_prefixes_comments_and_an_envelope_change_nothing() -> None:
    plain = xml(Statement([Movement(500), Movement(-200)]))
    text = plain.decode().replace("5.00</Amt>", "5.<!-- a dot -->00</Amt>")
    prefixed = re.sub(r"<(/?)(?=[A-Z])", r"<\1n:", text).replace("xmlns=", "xmlns:n=")
    start = prefixed.index("<n:Document")
    wrapped = f"{prefixed[:start]}<Envelope><AppHdr/>{prefixed[start:]}</Envelope>"
    assert entries(wrapped.encode()) == entries(plain)


def test_several_statements_of_several_accounts_are_told_apart() -> None:
    content = xml(
        Statement([Movement(1)], account="DE02100100100006820101"),
        Statement([], currency="JPY", id="S2"),
        Statement([Movement(2), Movement(3)], id="S3"),
    )
    parts = list(read_statements(BytesIO(content)))
    seen = [(part.id if isinstance(part, StatementHeader) else part.amount) for part in parts]
    assert seen == ["STATEMENT-1", 1, "S2", "S3", 2, 3]
