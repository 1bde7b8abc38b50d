"""Which certificates of which authorities are taken, and why others are not."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from bezant.identity.certificates import (
    Authorities,
    AuthoritiesFile,
    CertificateFault,
    CertificateUnfit,
    PresentedCertificate,
)
from certified import CLIENT_AUTH, NOW, SERVER_AUTH, Authority, Holder, self_signed

ROOT = Authority.root()
INTERMEDIATE = ROOT.intermediate()
AUTHORITIES = Authorities((ROOT.certificate,))


def presented(holder: Holder) -> PresentedCertificate:
    return PresentedCertificate(holder.der, holder.chain)


def fault_of(
    holder: Holder, authorities: Authorities = AUTHORITIES, *, days: float = 0
) -> CertificateFault | None:
    """What is wrong with a certificate, some days from now; None for nothing."""
    try:
        authorities.check(presented(holder), NOW + timedelta(days=days))
    except CertificateUnfit as unfit:
        return unfit.fault
    return None


def revocations(
    authority: Authority, *revoked: Holder, days: tuple[int, int] = (-1, 7)
) -> x509.CertificateRevocationList:
    """A list that an authority signs."""
    first, last = (NOW + timedelta(days=each) for each in days)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(first)
        .next_update(last)
    )
    for holder in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(holder.certificate.serial_number)
            .revocation_date(first)
            .build()
        )
    return builder.sign(authority.key, hashes.SHA256())


@pytest.mark.parametrize("authority", [ROOT, INTERMEDIATE], ids=["root", "intermediate"])
def test_a_current_certificate_for_clients_of_a_trusted_authority_is_taken(
    authority: Authority,
) -> None:
    assert fault_of(authority.issue()) is None
    assert fault_of(authority.issue(names=())) is None
    assert fault_of(authority.issue(purposes=(SERVER_AUTH, CLIENT_AUTH))) is None


def test_an_expired_certificate_and_one_from_the_future_are_told_apart() -> None:
    holder = ROOT.issue(days=(-10, 10))
    assert fault_of(holder, days=9.9) is None
    assert fault_of(holder, days=10.1) is CertificateFault.EXPIRED
    assert fault_of(holder, days=-9.9) is None
    assert fault_of(holder, days=-10.1) is CertificateFault.NOT_YET_VALID


@pytest.mark.parametrize("purposes", [(SERVER_AUTH,), ()], ids=["server's", "none"])
def test_a_certificate_of_another_purpose_is_not_taken(
    purposes: tuple[x509.ObjectIdentifier, ...],
) -> None:
    assert fault_of(ROOT.issue(purposes=purposes)) is CertificateFault.WRONG_PURPOSE


def test_an_extension_that_nobody_here_understands_matters_only_if_it_is_critical() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert fault_of(ROOT.issue(more=(unknown,))) is None
    critical = ROOT.issue(more=(unknown,), is_critical=True)
    assert fault_of(critical) is CertificateFault.WRONG_PURPOSE


def test_certificates_of_others_are_not_trusted() -> None:
    foreign = Authority.root("Foreign")
    impostor = Authority.root()  # of the same name, with another key
    for holder in (foreign.issue(), impostor.issue(), foreign.intermediate().issue()):
        assert fault_of(holder) is CertificateFault.UNTRUSTED
    own = self_signed()
    assert fault_of(own) is CertificateFault.WRONG_PURPOSE
    assert fault_of(ROOT.issue(), Authorities()) is CertificateFault.UNTRUSTED


def test_an_intermediate_is_needed_and_a_client_is_none() -> None:
    holder = INTERMEDIATE.issue()
    alone = Holder(holder.certificate, holder.key)
    assert fault_of(holder) is None
    assert fault_of(alone) is CertificateFault.UNTRUSTED
    client = ROOT.issue()
    assert fault_of(client) is None
    # A client that acts as an authority: its certificate says that it is none.
    acting = Authority(client.certificate, client.key, (client.certificate,))
    assert fault_of(acting.issue()) is CertificateFault.UNTRUSTED


def test_a_revoked_certificate_is_not_taken() -> None:
    good, bad = ROOT.issue(), ROOT.issue()
    authorities = Authorities((ROOT.certificate,), (revocations(ROOT, bad),))
    assert fault_of(good, authorities) is None
    assert fault_of(bad, authorities) is CertificateFault.REVOKED
    assert fault_of(bad) is None


def test_nor_is_one_whose_authority_was_revoked() -> None:
    holder = INTERMEDIATE.issue()
    authorities = Authorities((ROOT.certificate,), (revocations(ROOT, INTERMEDIATE),))
    assert fault_of(holder) is None
    assert fault_of(holder, authorities) is CertificateFault.REVOKED


def test_a_list_that_is_out_of_date_or_not_the_authoritys_leaves_the_status_unknown() -> None:
    holder = ROOT.issue()
    current = Authorities((ROOT.certificate,), (revocations(ROOT),))
    assert fault_of(holder, current) is None
    assert fault_of(holder, current, days=8) is CertificateFault.STATUS_UNKNOWN
    forged = Authorities((ROOT.certificate,), (revocations(Authority.root()),))
    assert fault_of(holder, forged) is CertificateFault.STATUS_UNKNOWN


def test_what_is_no_certificate_is_malformed() -> None:
    for der in (b"", b"garbage", ROOT.issue().der[:-1]):
        with pytest.raises(CertificateUnfit) as unfit:
            AUTHORITIES.check(PresentedCertificate(der), NOW)
        assert unfit.value.fault is CertificateFault.MALFORMED


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file, holder = tmp_path / "authorities.pem", ROOT.issue()
    file.write_text(ROOT.pem)
    authorities = AuthoritiesFile(file)
    assert fault_of(holder, authorities.current()) is None
    assert authorities.current() is authorities.current()
    revoked = revocations(ROOT, holder).public_bytes(serialization.Encoding.PEM).decode()
    renewed = tmp_path / "renewed.pem"
    renewed.write_text(revoked + Authority.root("Other").pem + ROOT.pem)
    renewed.replace(file)
    assert fault_of(holder, authorities.current()) is CertificateFault.REVOKED
    file.write_text("garbage")
    with pytest.raises(ValueError, match="PEM"):
        authorities.current()
    assert AuthoritiesFile(None).current() == Authorities()
