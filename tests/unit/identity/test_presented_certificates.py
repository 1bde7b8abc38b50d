"""What a peer's certificate is known by."""

from base64 import b64decode

from bezant.identity.certificates import PresentedCertificate

# RFC 8705, appendix A: a certificate, and the thumbprint that the RFC gives for it.
RFC_8705_CERTIFICATE = (
    "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx"
    "ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG"
    "SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ"
    "/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID"
    "SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV"
    "bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY="
)
RFC_8705_THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"


def test_the_thumbprint_is_the_one_that_the_rfc_gives_for_its_certificate() -> None:
    presented = PresentedCertificate(b64decode(RFC_8705_CERTIFICATE))
    assert presented.thumbprint == RFC_8705_THUMBPRINT
    assert presented.confirmation.x5t_s256 == RFC_8705_THUMBPRINT


def test_a_scope_without_the_extension_or_without_a_certificate_has_none() -> None:
    assert PresentedCertificate.of_scope({}) is None
    assert PresentedCertificate.of_scope({"extensions": {"tls": {"client_cert_der": None}}}) is None
    scope = {"extensions": {"tls": {"client_cert_der": b"1", "client_cert_chain_der": (b"2",)}}}
    assert PresentedCertificate.of_scope(scope) == PresentedCertificate(b"1", (b"2",))
