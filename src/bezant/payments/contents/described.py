"""What is told to a person of what payments say. Pure.

The members that are told are read anew here: the vault, which asks, loads no service of payments.
"""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.sealing import SealBroken, SealedSecret, SecretSealer
from bezant.kernel.telemetry import Sensitive
from bezant.vault import Described

if TYPE_CHECKING:
    import asyncpg


class _Payment(Sensitive, Struct, frozen=True):
    """Of `PaymentContent`."""

    debtor_name: str | None
    creditor_name: str | None
    creditor_iban: str | None
    end_to_end_id: str
    remittance: str | None
    debtor_iban: str | None = None


class _Mandate(Sensitive, Struct, frozen=True):
    """Of `MandateContent`."""

    creditor_id: str
    creditor_name: str
    reference: str
    debtor_name: str
    debtor_iban: str


class _Debit(Sensitive, Struct, frozen=True):
    """Of `DebitContent`."""

    mandate: _Mandate
    end_to_end_id: str
    remittance: str | None = None


class _Verification(Sensitive, Struct, frozen=True):
    """Of `Content` of a verification."""

    iban: str
    name: str
    matched_name: str | None


class _Item(Sensitive, Struct, frozen=True):
    """Of `Item` of a file of payments."""

    debtor_name: str | None
    debtor: str | None
    creditor_name: str | None
    creditor: str | None
    end_to_end_id: str
    currency: str
    amount: str
    remittance: str | None


PAYMENT: Final = msgspec.json.Decoder(_Payment)
DEBIT: Final = msgspec.json.Decoder(_Debit)
VERIFICATION: Final = msgspec.json.Decoder(_Verification)
MANDATE: Final = msgspec.json.Decoder(_Mandate)
ITEM: Final = msgspec.json.Decoder(_Item)


def payment(sealer: SecretSealer, tenant_id: UUID, row: "asyncpg.Record") -> Described:
    """A payment, of either direction."""
    head = {
        "payment": str(row["order_id"]),
        "direction": row["direction"],
        "asset": row["asset"],
        "amount": str(row["amount"]),
        "at": row["created_at"].isoformat(),
    }
    opened = _opened(sealer, b"payment_content", tenant_id, row["order_id"], row["sealed"])
    if opened is None:
        return head
    said = PAYMENT.decode(opened)
    return head | {
        "from": said.debtor_name,
        "from_account": said.debtor_iban,
        "to": said.creditor_name,
        "to_account": said.creditor_iban,
        "reference": said.end_to_end_id,
        "text": said.remittance,
    }


def debit(sealer: SecretSealer, tenant_id: UUID, row: "asyncpg.Record") -> Described:
    """A collection by direct debit."""
    head = {
        "direct_debit": str(row["debit_id"]),
        "asset": row["asset"],
        "amount": str(row["amount"]),
        "at": row["due_on"].isoformat(),
    }
    opened = _opened(sealer, b"direct_debit", tenant_id, row["debit_id"], row["sealed"])
    if opened is None:
        return head
    said = DEBIT.decode(opened)
    return head | {
        "from": said.mandate.debtor_name,
        "from_account": said.mandate.debtor_iban,
        "to": said.mandate.creditor_name,
        "creditor_id": said.mandate.creditor_id,
        "mandate": said.mandate.reference,
        "reference": said.end_to_end_id,
        "text": said.remittance,
    }


def verification(sealer: SecretSealer, tenant_id: UUID, row: "asyncpg.Record") -> Described:
    """A verification of a payee."""
    head = {
        "payee_verification": str(row["verification_id"]),
        "verdict": row["verdict"],
        "at": row["asked_at"].isoformat(),
    }
    name = row["verification_id"]
    opened = _opened(sealer, b"payee_verification", tenant_id, name, row["sealed"])
    if opened is None:
        return head
    said = VERIFICATION.decode(opened)
    return head | {"to": said.name, "to_account": said.iban, "shown": said.matched_name}


def mandate(sealer: SecretSealer, tenant_id: UUID, row: "asyncpg.Record") -> Described:
    """A mandate for direct debits."""
    head = {
        "direct_debit_mandate": str(row["mandate_id"]),
        "scheme": row["scheme"],
        "at": row["signed_on"].isoformat(),
    }
    name = row["mandate_id"]
    opened = _opened(sealer, b"direct_debit_mandate", tenant_id, name, row["sealed"])
    if opened is None:
        return head
    said = MANDATE.decode(opened)
    return head | {
        "from": said.debtor_name,
        "from_account": said.debtor_iban,
        "to": said.creditor_name,
        "creditor_id": said.creditor_id,
        "reference": said.reference,
    }


def refused_item(sealer: SecretSealer, tenant_id: UUID, row: "asyncpg.Record") -> Described:
    """A payment of a file that was refused."""
    head = {
        "bulk_payment": str(row["bulk_id"]),
        "item": str(row["item_no"]),
        "refused": row["code"],
        "at": row["recorded_at"].isoformat(),
    }
    opened = _opened(sealer, b"payment_content", tenant_id, row["bulk_id"], row["sealed"])
    if opened is None:
        return head
    said = ITEM.decode(opened)
    return head | {
        "from": said.debtor_name,
        "from_account": said.debtor,
        "to": said.creditor_name,
        "to_account": said.creditor,
        "asset": said.currency,
        "amount": said.amount,
        "reference": said.end_to_end_id,
        "text": said.remittance,
    }


def _opened(
    sealer: SecretSealer, kind: bytes, tenant_id: UUID, name: UUID, sealed: bytes
) -> bytes | None:
    """What was sealed; None where its key is not at hand: the rest is told all the same."""
    try:
        return sealer.open(SealedSecret(sealed), kind + tenant_id.bytes + name.bytes)
    except SealBroken:
        return None
