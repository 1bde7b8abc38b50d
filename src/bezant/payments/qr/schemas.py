"""Wire models of codes."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.formats.epc_qr import PAYLOAD_BYTES_MAX
from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive

Cents = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,10}\Z")]
Short = Annotated[str, Meta(min_length=1, max_length=70)]


class AccountPath(Struct, frozen=True):
    """An account."""

    account: UUID


class NewQrCode(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/qr-code`.

    Attributes:
        name: of the payee, as payers' banks will verify it.
        amount: in cents; None leaves it to the payer.
        purpose_code: of four characters, such as CHAR.
        reference: structured, such as RF18539007547034; never beside a remittance.
        remittance: unstructured.
        note: for the payer.
    """

    purpose: Purpose
    name: Short
    amount: Cents | None = None
    purpose_code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,4}\Z")] | None = None
    reference: Annotated[str, Meta(min_length=1, max_length=35)] | None = None
    remittance: Annotated[str, Meta(min_length=1, max_length=140)] | None = None
    note: Short | None = None


class QrCode(Sensitive, Struct, frozen=True):
    """A code: what it says, and how it looks.

    Attributes:
        payload: in UTF-8.
        svg: an image, at error correction level M.
    """

    payload: str
    svg: str


class ScannedQrCode(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payments/qr`: what a scanner has decoded."""

    payload: Annotated[str, Meta(min_length=1, max_length=PAYLOAD_BYTES_MAX)]


class DraftCreditor(Sensitive, Struct, frozen=True):
    """Who asks to be paid."""

    iban: str
    name: str


class PaymentDraft(Sensitive, Struct, frozen=True):
    """Members of a payment, for the payer to complete; nothing is ordered.

    Attributes:
        amount: minor units; None leaves it to the payer.
        remittance: the code's text, or its structured reference.
        reference: the structured reference, where it has one.
        note: for the payer, and for nobody else.
    """

    creditor: DraftCreditor
    asset: str
    amount: str | None
    remittance: str | None
    reference: str | None
    purpose_code: str | None
    bic: str | None
    note: str | None


class Done(Struct, frozen=True):
    """What is stored for repeats: the answer itself names people, and is made anew each time."""
