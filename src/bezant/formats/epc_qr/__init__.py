"""Codes for SEPA credit transfers (EPC069-12): what a payee shows and a payer scans."""

from bezant.formats.epc_qr.errors import EpcQrUnusable
from bezant.formats.epc_qr.image import svg
from bezant.formats.epc_qr.model import CHARACTER_SETS, PAYLOAD_BYTES_MAX, CreditTransfer, Version
from bezant.formats.epc_qr.reader import read, read_text
from bezant.formats.epc_qr.writer import write

__all__ = [
    "CHARACTER_SETS",
    "PAYLOAD_BYTES_MAX",
    "CreditTransfer",
    "EpcQrUnusable",
    "Version",
    "read",
    "read_text",
    "svg",
    "write",
]
