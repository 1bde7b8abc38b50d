"""What is sent of direct debits is valid by the standard, and the same at every repeat."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from lxml import etree

from bezant.formats.iso20022 import pacs003, version_of
from bezant.payments.direct_debits import Collection, GivenBack, Original, schemas
from bezant.payments.direct_debits.domain import Scheme, Sequence
from bezant.payments.direct_debits.reasons import CODES, Back, fits
from bezant.payments.rails import NotForRail
from bezant.payments.rails.sepa import Participant, Participants, debit_messages

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TENANT, INSTITUTION, DEBIT = UUID(int=1), UUID(int=2), UUID(int=3)
MESSAGE = UUID(int=4)
BIC = "COBADEFFXXX"
WHO = Participants([Participant(BIC, TENANT, INSTITUTION)])
FORMER = schemas.Former("DE98ZZZ09999999999", "Müller", "M-0", "FR1420041010050500013M02606")
SAYS = schemas.MandateContent(
    "DE98ZZZ09999999999", "Müller & Söhne", "M-1", "Łukasz Ørsted", "GB33BUKB20201555555555", FORMER
)
CONTENT = schemas.DebitContent(SAYS, date(2026, 1, 5), "E-1", "Rechnung 7")
COLLECTION = Collection(
    TENANT, INSTITUTION, DEBIT, MESSAGE, Scheme.CORE, Sequence.FIRST, 125_01, "EUR",
    date(2026, 4, 3), AT, "DE89370400440532013000", CONTENT,
)  # fmt: skip
ORIGINAL = Original("MSG-1", "TX-1", "E-1")
NEAREST = {"pacs.004.001.09": "pacs.004.001.10",
           "pacs.007.001.09": "pacs.007.001.10"}  # fmt: skip


def check(content: bytes, vectors: Path) -> None:
    folder, version = vectors / "payments/iso20022/xsd", version_of(content)
    exact = folder / f"{version}.xsd"
    by = version if exact.exists() else NEAREST[version]
    schema = etree.XMLSchema(etree.parse(folder / f"{by}.xsd"))
    schema.assertValid(etree.fromstring(content.replace(version.encode(), by.encode(), 1)))


def told(back: Back, code: str) -> GivenBack:
    original = None if back is Back.REVERSAL else ORIGINAL
    return GivenBack(TENANT, INSTITUTION, DEBIT, back, code, 125_01, "EUR", original, MESSAGE)


def test_a_collection_is_valid_in_the_schemes_letters_and_settles_when_target_is_open(
    vectors: Path,
) -> None:
    content = debit_messages.collections_message([COLLECTION], BIC)
    check(content, vectors)
    message = pacs003.read_pacs003(content)
    [entry] = message.collections
    assert (entry.creditor.name, entry.debtor.name) == ("Muller + Sohne", "Lukasz Orsted")
    assert (entry.due_on, message.settlement_date) == (date(2026, 4, 3), date(2026, 4, 7))
    assert entry.mandate.amendment is not None
    assert entry.mandate.amendment.creditor_name == "Muller"
    assert debit_messages.collections_message([COLLECTION], BIC) == content


@pytest.mark.parametrize(
    ("back", "code"), [(back, code) for back in Back for code in sorted(CODES) if fits(code, back)]
)
def test_every_reason_fits_the_messages_that_may_carry_it(
    back: Back, code: str, vectors: Path
) -> None:
    if back is Back.CANCELLATION:
        check(debit_messages.withdrawal_message(COLLECTION, BIC, code, AT), vectors)
    elif back is Back.REVERSAL:
        check(debit_messages.reversal_message(told(back, code), BIC, AT), vectors)
    else:
        check(debit_messages.rejection_message(told(back, code), ORIGINAL, AT), vectors)
        check(debit_messages.return_message(told(back, code), ORIGINAL, AT), vectors)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"asset": "CHF"}, "asset"),
        ({"amount": 10**11}, "amount"),
        ({"institution_id": UUID(int=9)}, "rail"),
        ({"creditor_name": "電力"}, "creditor_name"),
        ({"debtor_name": "A" * 71}, "debtor.name"),
        ({"debtor_iban": "US33BUKB20201555555555"}, "debtor.iban"),
        ({"debtor_iban": "DE02000000000000000000"}, "debtor.iban"),
        ({"remittance": "x" * 141}, "remittance"),
    ],
)
def test_what_the_schemes_could_never_carry_out_is_refused(
    changes: dict[str, object], field: str
) -> None:
    debit_messages.check_collection(COLLECTION, WHO)
    says = {name: value for name, value in changes.items() if hasattr(SAYS, name)}
    content = {name: value for name, value in changes.items() if name == "remittance"}
    others = {name: value for name, value in changes.items() if name not in says | content}
    mandate = msgspec.structs.replace(SAYS, **says)
    whole = msgspec.structs.replace(CONTENT, mandate=mandate, **content)
    collection = replace(COLLECTION, content=whole, **others)  # type: ignore[arg-type]
    with pytest.raises(NotForRail) as refused:
        debit_messages.check_collection(collection, WHO)
    assert refused.value.field == field
