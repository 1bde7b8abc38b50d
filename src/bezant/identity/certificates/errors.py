"""Why a certificate is not accepted."""

from enum import StrEnum


class CertificateFault(StrEnum):
    """What is wrong, by a stable code that begins what the client is told."""

    MALFORMED = "CERTIFICATE_MALFORMED"
    EXPIRED = "CERTIFICATE_EXPIRED"
    NOT_YET_VALID = "CERTIFICATE_NOT_YET_VALID"
    WRONG_PURPOSE = "CERTIFICATE_WRONG_PURPOSE"
    UNTRUSTED = "CERTIFICATE_UNTRUSTED"
    REVOKED = "CERTIFICATE_REVOKED"
    STATUS_UNKNOWN = "CERTIFICATE_STATUS_UNKNOWN"
    WRONG_SUBJECT = "CERTIFICATE_WRONG_SUBJECT"
    UNREGISTERED = "CERTIFICATE_UNREGISTERED"


class CertificateUnfit(Exception):  # noqa: N818 - what it is
    """A certificate that is not accepted.

    Attributes:
        fault: the code.
    """

    def __init__(self, fault: CertificateFault, sentence: str) -> None:
        super().__init__(f"{fault}: {sentence}")
        self.fault = fault
