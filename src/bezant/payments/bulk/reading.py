"""Files as payments: pain.001, or a CSV with declared columns."""

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO, Final

from bezant.formats.iso4217 import is_currency_code, scale_of
from bezant.formats.iso20022 import InvalidMessage, SumsDisagree, pain001
from bezant.kernel.errors import Malformed
from bezant.kernel.money import parse_units
from bezant.payments.bulk.domain import ITEMS_MAX, NOT_PROVIDED, BulkFile, Format, Item
from bezant.payments.bulk.errors import BulkSumsDisagree, BulkTooLong
from bezant.payments.bulk.schemas import BulkQuery
from bezant.payments.chunks import ITEM_INVALID

REQUIRED: Final = ("debtor_iban", "creditor_iban", "creditor_name", "amount", "currency")
OPTIONAL: Final = (
    "end_to_end_id",
    "debtor_name",
    "remittance",
    "execute_on",
    "batch",
)
_CELL_LENGTH_MAX: Final = 1_000
_LINE_LENGTH_MAX: Final = 1 << 14
_AMOUNT: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,5})?")
_TRANSFER: Final = "TRF"
_NAME_LENGTH_MAX: Final = 35


def read_file(form: Format, source: BinaryIO, query: BulkQuery) -> BulkFile:
    """Read a file. Blocks: not for the event loop's thread.

    Raises:
        Malformed: it cannot be read.
        BulkSumsDisagree: it does not add up.
        BulkTooLong: it has too many payments.
    """
    try:
        return _read_pain001(source) if form is Format.PAIN001 else _read_csv(source, query)
    except SumsDisagree as disagreeing:
        raise BulkSumsDisagree(disagreeing.reason, field=disagreeing.path) from None
    except InvalidMessage as invalid:
        raise Malformed(invalid.reason, field=invalid.path) from None


def _read_pain001(source: BinaryIO) -> BulkFile:
    header: pain001.Header | None = None
    batch: pain001.Batch | None = None
    batch_no = booked_as_one = 0
    items: list[tuple[Item, str | None]] = []
    for part in pain001.checked(pain001.read_pain001(source)):
        match part:
            case pain001.Header():
                header = part
            case pain001.Batch():
                batch = part
                batch_no += 1
                booked_as_one += part.is_booked_as_one
            case pain001.Instruction():
                assert batch is not None
                items.append(_of_instruction(batch, batch_no, part))
                _check_length(items)
            case pain001.Trailer():
                pass
    if header is None or not items:
        raise InvalidMessage("CstmrCdtTrfInitn", "It holds no payment.")
    return BulkFile(
        Format.PAIN001,
        _short(header.message_id, "GrpHdr/MsgId"),
        header.version,
        header.initiator,
        tuple(items),
        booked_as_one,
    )


def _of_instruction(
    batch: pain001.Batch, batch_no: int, found: pain001.Instruction
) -> tuple[Item, str | None]:
    code = None
    currency, amount = "", ""
    try:
        money = found.money
    except InvalidMessage:
        money = None
    if money is None:
        code = ITEM_INVALID
    else:
        amount, currency = str(money[0]), money[1]
    if batch.tree.text_or_none("PmtMtd") not in {_TRANSFER, None}:
        code = "PAYMENT_METHOD_UNSUPPORTED"
    item = Item(
        batch=_short(batch.payment_information_id, "PmtInf/PmtInfId"),
        debtor=batch.debtor_iban,
        debtor_name=batch.debtor_name,
        creditor=found.creditor_iban,
        creditor_name=found.creditor_name,
        end_to_end_id=_short(found.end_to_end_id, "CdtTrfTxInf/PmtId/EndToEndId"),
        instruction_id=_short(found.instruction_id or "", "CdtTrfTxInf/PmtId/InstrId") or None,
        currency=currency,
        amount=amount,
        remittance=found.remittance,
        execute_on=batch.execution_date,
        booked_with=batch_no if batch.is_booked_as_one else None,
    )
    return item, code


def _read_csv(source: BinaryIO, query: BulkQuery) -> BulkFile:
    if query.message_id is None or query.initiator is None:
        raise Malformed("A CSV needs `message_id` and `initiator`.", field="message_id")
    text = io.TextIOWrapper(source, encoding="utf-8-sig", errors="strict", newline="")
    items: list[tuple[Item, str | None]] = []
    total = Decimal(0)
    try:
        for row in _rows(text):
            item, code, stated = _of_row(row)
            total += stated
            items.append((item, code))
            _check_length(items)
    except (UnicodeDecodeError, csv.Error):
        raise Malformed("It is no CSV in UTF-8.", field="/") from None
    finally:
        text.detach()
    if not items:
        raise Malformed("It holds no payment.", field="/")
    if query.count is not None and query.count != len(items):
        raise BulkSumsDisagree(f"It is not {len(items)}, the number of payments.", field="count")
    if query.control_sum is not None and Decimal(query.control_sum) != total:
        raise BulkSumsDisagree("It is not the payments' sum.", field="control_sum")
    return BulkFile(Format.CSV, query.message_id, "csv", query.initiator, tuple(items), 0)


def _rows(text: io.TextIOWrapper) -> Iterator[dict[str, str]]:
    reader = csv.reader(_lines(text), strict=True)
    columns = [each.strip() for each in next(reader, [])]
    known = {*REQUIRED, *OPTIONAL}
    if not set(REQUIRED) <= set(columns) <= known or len(set(columns)) != len(columns):
        raise Malformed(
            f"The first line names its columns: {', '.join(REQUIRED)}, and any of"
            f" {', '.join(OPTIONAL)}.",
            field="/1",
        )
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(columns) or max(map(len, row)) > _CELL_LENGTH_MAX:
            raise Malformed(
                "It has another number of cells than there are columns, or a long one.",
                field=f"/{reader.line_num}",
            )
        if not all(map(str.isprintable, row)):
            raise Malformed("A cell holds control characters.", field=f"/{reader.line_num}")
        yield dict(zip(columns, (cell.strip() for cell in row), strict=True))


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_LINE_LENGTH_MAX + 1):
        if len(line) > _LINE_LENGTH_MAX or "\0" in line:
            raise Malformed("A line is too long, or holds a NUL.", field="/")
        yield line


def _of_row(row: dict[str, str]) -> tuple[Item, str | None, Decimal]:
    """The payment of a row, with a code if it can be none, and the number of its amount."""
    currency, code, amount = row["currency"], None, ""
    is_number = _AMOUNT.fullmatch(row["amount"]) is not None
    try:
        if not is_number or not is_currency_code(currency):
            raise ValueError  # noqa: TRY301 - the same end as below
        amount = str(parse_units(row["amount"], scale_of(currency)))
    except ValueError:
        code, currency = ITEM_INVALID, ""
    item = Item(
        batch=(row.get("batch") or "1")[:_NAME_LENGTH_MAX],
        debtor=row["debtor_iban"] or None,
        debtor_name=row.get("debtor_name") or None,
        creditor=row["creditor_iban"] or None,
        creditor_name=row["creditor_name"] or None,
        end_to_end_id=(row.get("end_to_end_id") or NOT_PROVIDED)[:_NAME_LENGTH_MAX],
        instruction_id=None,
        currency=currency,
        amount=amount,
        remittance=row.get("remittance") or None,
        execute_on=row.get("execute_on") or None,
    )
    return item, code, Decimal(row["amount"]) if is_number else Decimal(0)


def _short(text: str, path: str) -> str:
    if len(text) > _NAME_LENGTH_MAX:
        raise InvalidMessage(path, f"It is longer than {_NAME_LENGTH_MAX} characters.")
    return text


def _check_length(items: list[tuple[Item, str | None]]) -> None:
    if len(items) > ITEMS_MAX:
        raise BulkTooLong(f"A file has at most {ITEMS_MAX} payments.")
