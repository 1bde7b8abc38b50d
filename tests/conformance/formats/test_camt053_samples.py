"""Every outside sample of a camt.053 that carries balances is read, and adds up."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree

from bezant.formats.camt053 import AuditedStatement, Basis, audit_statements, explain
from bezant.formats.camt053 import Book as Movements
from statements import Balance, Movement, Payment, Statement, xml

MESSAGE = re.compile(rb"<(?:\w+:)?BkToCstmrStmt\b")
NAMESPACE = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:(camt\.053\.001\.[0-9]{2})")


class Expected(NamedTuple):
    """What a sample's own balances say."""

    opening: int
    closing: int
    currency: str
    entries: int
    basis: Basis


EXPECTED = {
    "CH2909000000250094239": Expected(21199319, 21511221, "CHF", 5, Basis.VALUE),
    "FI7433010001222090": Expected(1000000, 2364483, "EUR", 10, Basis.BOOKING),
    "LT007180000000000000": Expected(276808, 0, "EUR", 4, Basis.VALUE),
}


@pytest.fixture(scope="module")
def samples(vectors: Path) -> dict[Path, list[AuditedStatement]]:
    found = {}
    for path in sorted((vectors / "payments/iso20022/samples").rglob("*.xml")):
        content = path.read_bytes()
        if MESSAGE.search(content) and b"<Bal>" in content:
            with path.open("rb") as file:
                found[path] = audit_statements(file)
    return found


def schema(vectors: Path, version: str) -> etree.XMLSchema | None:
    path = vectors / "payments/iso20022/xsd" / f"{version}.xsd"
    return etree.XMLSchema(etree.parse(path)) if path.exists() else None


def test_every_sample_with_balances_adds_up(samples: dict[Path, list[AuditedStatement]]) -> None:
    assert len(samples) >= len(EXPECTED)
    seen = {
        each.header.account.id: Expected(
            each.opening.own_amount,
            each.closing.own_amount,
            each.header.currency,
            each.booked,
            each.basis,
        )
        for statements in samples.values()
        for each in statements
    }
    assert EXPECTED.items() <= seen.items()


def test_every_balance_of_a_sample_is_explained(
    samples: dict[Path, list[AuditedStatement]],
) -> None:
    told = {}
    for statements in samples.values():
        for each in statements:
            opened = each.opening.own_amount
            closed = Movements(
                opened + sum(each.movements.values()),
                lambda day, opened=opened, each=each: (
                    opened  # type: ignore[misc]  # bound here
                    + sum(moved for (_, value), moved in each.movements.items() if value <= day)
                ),
            )
            for balance in each.header.balances:
                before = balance.type in {"OPBD", "PRCD", "OPAV"}
                book = Movements(opened, lambda _, opened=opened: opened) if before else closed  # type: ignore[misc]  # as above
                found = explain(balance, each.header, book)
                assert found.basis is not None, balance
                told[each.header.account.id, balance.type] = (found.basis, found.credit_line)
    # The Finnish bank counts by booking date and adds the overdraft that it grants.
    assert told["FI7433010001222090", "CLAV"] == (Basis.BOOKING, 1_000_000)
    # The Swiss one states its booked balance by value date.
    assert told["CH2909000000250094239", "CLBD"] == (Basis.VALUE, 0)
    assert told["CH2909000000250094239", "FWAV"] == (Basis.VALUE, 0)


def test_samples_are_valid_by_the_standards_own_schema(
    vectors: Path, samples: dict[Path, list[AuditedStatement]]
) -> None:
    checked = 0
    for path in samples:
        content = path.read_bytes()
        version = NAMESPACE.search(content)
        assert version is not None
        xsd = schema(vectors, version[1].decode())
        if xsd is not None:
            xsd.assertValid(etree.fromstring(content))
            checked += 1
    assert checked


@pytest.mark.parametrize("version", ["02", "08"])
def test_the_statements_that_tests_write_are_valid_by_the_schema(
    vectors: Path, version: str
) -> None:
    payment = Payment(500, name="A & B", account="FI2112345600000785", end_to_end_id="E1",
                      remittance="Invoice")  # fmt: skip
    statement = Statement([Movement(500, (payment,), reference="N1", servicer_reference="R1"),
                           Movement(-200, is_reversal=True)])  # fmt: skip
    statement.balances = [Balance("OPBD", 1, credit_line=5), Balance("CLBD", 301)]
    xsd = schema(vectors, f"camt.053.001.{version}")
    assert xsd is not None
    xsd.assertValid(etree.fromstring(xml(statement, version=version)))
