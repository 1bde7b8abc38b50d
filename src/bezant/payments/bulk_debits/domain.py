"""What a file of direct debits is, and what its collections are reported as. No I/O."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from msgspec import Struct

from bezant.formats.iso20022 import InvalidMessage, pain008
from bezant.kernel.telemetry import Sensitive
from bezant.payments.bulk.domain import NOT_PROVIDED, ItemOutcome
from bezant.payments.chunks import ITEM_INVALID
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.direct_debits.domain import Scheme, Sequence

ITEMS_MAX: Final = 20_000
CHUNK_ITEMS: Final = 100
"""Collections that one job announces."""

DUPLICATE: Final = "DUPLICATE_ITEM"


class Item(Sensitive, Struct, frozen=True):
    """One collection of a file. Sealed where it is stored.

    Attributes:
        group: the creditor's name of the group that it is in.
        creditor: the IBAN that it is collected for.
        reference: of the mandate; with the creditor's identifier it names the mandate.
        amount: minor units.
    """

    group: str
    creditor: str
    end_to_end_id: str
    scheme: str = ""
    sequence: str = ""
    due_on: date | None = None
    creditor_id: str = ""
    reference: str = ""
    signed_on: date | None = None
    debtor_iban: str = ""
    currency: str = ""
    amount: str = ""
    remittance: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class DebitFile(Sensitive):
    """A file that was read: its counts and sums agree.

    Attributes:
        items: each with a code if it can be no collection.
    """

    message_id: str
    initiator: str
    items: tuple[tuple[Item, str | None], ...]


def items_of(message: pain008.DebitInitiation) -> tuple[tuple[Item, str | None], ...]:
    """The collections of a file, group by group, those that cannot be read last in theirs.

    Raises:
        InvalidMessage: a group is of no scheme or sequence.
    """
    found = list[tuple[Item, str | None]]()
    for group in message.groups:
        _check_group(group)
        found += [(_item(group, each), None) for each in group.debits]
        for each in group.faulty:
            end_to_end_id = (each.end_to_end_id or NOT_PROVIDED)[:35]
            found.append((Item(group.group_id, group.creditor.iban, end_to_end_id), ITEM_INVALID))
    return tuple(found)


def _check_group(group: pain008.DebitGroup) -> None:
    if group.instrument.lower() not in frozenset(Scheme):
        raise InvalidMessage("PmtInf/PmtTpInf/LclInstrm", "It is of no scheme that is known.")
    if group.sequence not in frozenset(Sequence):
        raise InvalidMessage("PmtInf/PmtTpInf/SeqTp", "It is of no sequence.")


def _item(group: pain008.DebitGroup, debit: pain008.InitiatedDebit) -> Item:
    return Item(
        group=group.group_id,
        creditor=group.creditor.iban,
        end_to_end_id=debit.end_to_end_id,
        scheme=group.instrument.lower(),
        sequence=group.sequence,
        due_on=group.due_on,
        creditor_id=debit.mandate.creditor_id,
        reference=debit.mandate.reference,
        signed_on=debit.mandate.signed_on,
        debtor_iban=debit.debtor.iban,
        currency=debit.currency,
        amount=str(debit.amount),
        remittance=debit.remittance,
    )


CODES: Final = {
    "ACCOUNT_BLOCKED": "AC06",
    "ACCOUNT_NOT_ACTIVE": "AC04",
    "ASSET_NOT_HELD": "AM03",
    "CREDITOR_IDENTIFIER_INVALID": "BE05",
    "CREDITOR_OF_ANOTHER": "BE05",
    "CREDITOR_UNREGISTERED": "BE05",
    "DEBIT_MANDATE_NOT_FOUND": "MD01",
    "DEBTOR_UNREACHABLE": "RC01",
    DUPLICATE: "AM05",
    "MANDATE_DIFFERS": "MD02",
    "MANDATE_NOT_USABLE": "MD01",
    "NOTICE_TOO_SHORT": "DT01",
    "UNKNOWN_CREDITOR_ACCOUNT": "AC03",
}
"""Refusals that `ExternalStatusReason1Code` has a code for; others are reported by their own."""

_STATUSES: Final = {
    DebitState.ANNOUNCED: "ACTC",
    DebitState.PRESENTED: "ACSP",
    DebitState.CANCELLED: "CANC",
    DebitState.REFUSED: "RJCT",
    DebitState.REJECTED: "RJCT",
}


def status_of(outcome: ItemOutcome, state: DebitState | None) -> str:
    """The code of `ExternalPaymentTransactionStatus1Code` that a collection is reported by.

    One that was given back had settled: what came back is in the statement, as a return is.
    """
    if outcome is ItemOutcome.REFUSED:
        return "RJCT"
    if outcome is ItemOutcome.WAITING or state is None:
        return "PDNG"
    return _STATUSES.get(state, "ACSC")
