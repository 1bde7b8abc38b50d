"""Which certificate is a client's: the subject that it registered (RFC 8705, section 2.1.2)."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self

from cryptography import x509
from cryptography.x509.oid import NameOID

_SUBJECT_DN: Final = "tls_client_auth_subject_dn"

# Beside those of RFC 4514, section 3: those that certificates of the field are full of.
_ATTRIBUTES: Final = {
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "jurisdictionCountryName": NameOID.JURISDICTION_COUNTRY_NAME,
    "businessCategory": NameOID.BUSINESS_CATEGORY,
    "GN": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
}

_DistinguishedName = tuple[frozenset[tuple[str, str]], ...]


@dataclass(frozen=True, slots=True)
class RegisteredSubject:
    """What a client's certificates say about it.

    Attributes:
        member: of the metadata, such as `tls_client_auth_san_dns`.
        value: in the form in which values of this member are compared.
    """

    member: str
    value: object

    @classmethod
    def read(cls, member: str, text: str) -> Self:
        """A subject as it is registered.

        Raises:
            ValueError: there is no such member, or its value is no name of its kind.
        """
        if member == _SUBJECT_DN:
            name = x509.Name.from_rfc4514_string(text, _ATTRIBUTES)
            if not name.rdns:
                raise ValueError("the name is empty")
            return cls(member, _distinguished_name(name))
        kind = _KINDS.get(member)
        if kind is None:
            raise ValueError("there is no such member")
        if not text:
            raise ValueError("the name is empty")
        return cls(member, kind[1](text))

    def is_of(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate names it. Names are compared whole: none is a pattern."""
        if self.member == _SUBJECT_DN:
            return _distinguished_name(certificate.subject) == self.value
        kind, comparable = _KINDS[self.member]
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return False
        return any(
            comparable(str(name.value)) == self.value
            for name in names.value
            # What an address stands for may be a network too, in constraints: not in a name.
            if isinstance(name, kind)
        )


def _distinguished_name(name: x509.Name) -> _DistinguishedName:
    """A name in a form that is equal for names that are (RFC 5280, section 7.1).

    The order of relative names counts, that of the attributes within one does not.
    """
    return tuple(
        frozenset((each.oid.dotted_string, _folded(str(each.value))) for each in relative)
        for relative in name.rdns
    )


def _folded(text: str) -> str:
    """Without case and without spaces that do not count (RFC 4518, sections 2.2 to 2.6)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _exact(text: str) -> str:
    return text


def _address(text: str) -> object:
    return ip_address(text)


def _mailbox(text: str) -> str:
    """The local part is its host's matter, the host's name has no case (RFC 5280, 7.5)."""
    local, _, host = text.rpartition("@")
    return f"{local}@{host.lower()}"


_KINDS: Final[dict[str, tuple[type[x509.GeneralName], Callable[[str], object]]]] = {
    "tls_client_auth_san_dns": (x509.DNSName, str.lower),
    "tls_client_auth_san_uri": (x509.UniformResourceIdentifier, _exact),
    "tls_client_auth_san_ip": (x509.IPAddress, _address),
    "tls_client_auth_san_email": (x509.RFC822Name, _mailbox),
}
