"""Whose certificate it is: RFC 8705, section 2.1.2, by each member of the metadata."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from bezant.identity.certificates import RegisteredSubject
from certified import Authority, ip_name

DN, DNS, URI, IP, EMAIL = (
    f"tls_client_auth_{name}"
    for name in ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
)

SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Müller, Söhne & Co"),
        x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "PSDGB-FCA-123456"),
        x509.NameAttribute(NameOID.COMMON_NAME, "client.example"),
    ]
)
CERTIFICATE = (
    Authority.root()
    .issue(
        SUBJECT,
        names=(
            x509.DNSName("Client.example"),
            x509.DNSName("*.wild.example"),
            x509.UniformResourceIdentifier("spiffe://bank/Client"),
            ip_name("192.0.2.7"),
            ip_name("2001:db8::7"),
            x509.RFC822Name("Desk@Client.example"),
        ),
    )
    .certificate
)


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (DN, r"CN=client.example,2.5.4.97=PSDGB-FCA-123456,O=Müller\, Söhne & Co,C=GB"),
        (
            DN,
            (
                "CN=client.example,organizationIdentifier=PSDGB-FCA-123456,"
                r"O=müller\2c söhne & co,C=gb"
            ),
        ),
        (DN, r"CN=client.example,2.5.4.97=PSDGB-FCA-123456,O=Müller\,  Söhne   & Co,C=GB"),
        (DNS, "client.example"),
        (DNS, "CLIENT.example"),
        (URI, "spiffe://bank/Client"),
        (IP, "192.0.2.7"),
        (IP, "2001:0db8:0:0::0007"),
        (EMAIL, "Desk@client.example"),
    ],
)
def test_a_name_that_the_certificate_has_is_found(member: str, text: str) -> None:
    assert RegisteredSubject.read(member, text).is_of(CERTIFICATE)


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (DN, "CN=client.example"),
        (DN, r"C=GB,O=Müller\, Söhne & Co,2.5.4.97=PSDGB-FCA-123456,CN=client.example"),
        (DN, r"CN=client.example+2.5.4.97=PSDGB-FCA-123456,O=Müller\, Söhne & Co,C=GB"),
        (DN, r"CN=other.example,2.5.4.97=PSDGB-FCA-123456,O=Müller\, Söhne & Co,C=GB"),
        (DNS, "other.example"),
        (DNS, "any.wild.example"),
        (DNS, "example"),
        (DNS, "spiffe://bank/Client"),
        (URI, "spiffe://bank/client"),
        (URI, "spiffe://bank"),
        (IP, "192.0.2.8"),
        (EMAIL, "desk@client.example"),
        (EMAIL, "client.example"),
    ],
)
def test_another_is_not(member: str, text: str) -> None:
    assert not RegisteredSubject.read(member, text).is_of(CERTIFICATE)


def test_a_certificate_without_alternative_names_has_none_of_them() -> None:
    certificate = Authority.root().issue(names=()).certificate
    assert not RegisteredSubject.read(DNS, "client.example").is_of(certificate)
    assert RegisteredSubject.read(DN, "CN=client.example").is_of(certificate)


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (DN, ""),
        (DN, "client.example"),
        (DN, "CN=a;C=GB"),
        (DNS, ""),
        (IP, "192.0.2"),
        ("san_dns", "a"),
    ],
)
def test_what_is_no_name_is_not_registered(member: str, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - a library's words
        RegisteredSubject.read(member, text)
