"""The routes of codes."""

from collections.abc import Sequence
from typing import Final

from bezant import banking
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, WriteOperation, Writing
from bezant.payments.qr import errors, schemas
from bezant.payments.qr.service import QrCodeService

_TAG: Final = "payees"


class Routes:
    """The handlers."""

    def __init__(self, codes: QrCodeService) -> None:
        self._codes = codes

    async def write(self, asked: Writing[schemas.AccountPath, schemas.NewQrCode]) -> Answer:
        """`POST /v1/accounts/{account}/qr-code`."""
        return await self._codes.write(asked.call, asked.path.account, asked.body)

    async def read(self, asked: Writing[Nothing, schemas.ScannedQrCode]) -> Answer:
        """`POST /v1/payments/qr`."""
        return await self._codes.read(asked.call, asked.body)


def operations(codes: QrCodeService) -> Sequence[Operation]:
    """The operations on codes. They come before those on payments, whose paths would hide them."""
    routes = Routes(codes)
    return [
        WriteOperation(
            id="write_qr_code",
            path="/v1/accounts/{account}/qr-code",
            tag=_TAG,
            summary="A code by which an account is paid (EPC069-12)",
            description="It names the account's number: the audit log has an entry before.",
            scope="banking:numbers",
            action="qr_code.write",
            path_type=schemas.AccountPath,
            body_type=schemas.NewQrCode,
            example={"purpose": "invoicing", "name": "Grace Hopper", "amount": "1250"},
            answer_type=schemas.QrCode,
            refusals=(
                banking.BankAccountNotFound,
                errors.AccountWithoutIban,
                errors.QrCodeUnusable,
            ),
            handler=routes.write,
        ),
        WriteOperation(
            id="read_qr_code",
            path="/v1/payments/qr",
            tag=_TAG,
            summary="What a scanned code asks for, as the draft of a payment",
            description="Nothing is ordered: have the payee verified, then order the payment.",
            scope="orders:write",
            action="qr_code.read",
            body_type=schemas.ScannedQrCode,
            example={
                "payload": "BCD\n002\n1\nSCT\n\nGrace Hopper\nDE89370400440532013000\nEUR12.50"
            },
            answer_type=schemas.PaymentDraft,
            refusals=(errors.QrCodeUnusable,),
            handler=routes.read,
        ),
    ]
