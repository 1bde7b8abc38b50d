"""Client certificates: what a peer presented, and what it is worth.

The handshake takes any certificate and proves no more than that the peer holds its key. Whether the
certificate is current, from an authority that is trusted and of the client that it is used for is
judged here, so that each refusal says why.
"""

from bezant.identity.certificates.authorities import (
    CHAIN_CERTIFICATES_MAX,
    Authorities,
    AuthoritiesFile,
    check_validity,
    read_certificate,
)
from bezant.identity.certificates.errors import CertificateFault, CertificateUnfit
from bezant.identity.certificates.presented import PresentedCertificate
from bezant.identity.certificates.subjects import RegisteredSubject

__all__ = [
    "CHAIN_CERTIFICATES_MAX",
    "Authorities",
    "AuthoritiesFile",
    "CertificateFault",
    "CertificateUnfit",
    "PresentedCertificate",
    "RegisteredSubject",
    "check_validity",
    "read_certificate",
]
