"""The development certificate authority: what it makes, keeps and renews."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from bezant.kernel.clock import ManualClock
from bezant.server.development_ca import DevelopmentCa

DAY_S = 24 * 60 * 60


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, tzinfo=UTC))


@pytest.fixture
def authority(tmp_path: Path, clock: ManualClock) -> DevelopmentCa:
    return DevelopmentCa(tmp_path, clock)


def leaf(authority: DevelopmentCa) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.certificate.read_bytes())


def ca(authority: DevelopmentCa) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.ca.read_bytes())


def names(certificate: x509.Certificate) -> list[str]:
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in held]


def test_the_certificate_holds_the_loopback_names_and_the_configured_host(
    authority: DevelopmentCa,
) -> None:
    authority.ensure("bank.internal")
    assert names(leaf(authority)) == ["localhost", "127.0.0.1", "::1", "bank.internal"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "127.0.0.1", "localhost"])
def test_a_wildcard_or_loopback_host_adds_no_name(authority: DevelopmentCa, host: str) -> None:
    authority.ensure(host)
    assert names(leaf(authority)) == ["localhost", "127.0.0.1", "::1"]


def test_an_independent_verifier_accepts_the_chain_for_its_names_only(
    authority: DevelopmentCa, clock: ManualClock
) -> None:
    authority.ensure("bank.internal")
    builder = PolicyBuilder().store(Store([ca(authority)])).time(clock.now())
    chain = builder.build_server_verifier(x509.DNSName("bank.internal")).verify(leaf(authority), [])
    assert len(chain) == 2
    with pytest.raises(VerificationError):
        builder.build_server_verifier(x509.DNSName("other.example")).verify(leaf(authority), [])


def test_the_authority_signs_certificates_for_its_own_names_and_nothing_else(
    authority: DevelopmentCa,
) -> None:
    authority.ensure("10.1.2.3")
    extensions = ca(authority).extensions
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert not usage.value.digital_signature
    constraints = extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert [str(name.value) for name in constraints.value.permitted_subtrees or []] == [
        "localhost",
        "127.0.0.1/32",
        "::1/128",
        "10.1.2.3/32",
    ]
    key = ca(authority).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)


def test_private_keys_are_for_their_owner_only(authority: DevelopmentCa, tmp_path: Path) -> None:
    authority.ensure("localhost")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.key")}
    assert modes == {"ca.key": 0o600, "server.key": 0o600}


def test_a_second_start_keeps_everything(authority: DevelopmentCa, tmp_path: Path) -> None:
    assert authority.ensure("localhost")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert not authority.ensure("localhost")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert set(before) == {"ca.key", "ca.pem", "server.key", "server.pem"}


def test_the_certificate_lives_90_days_and_is_renewed_when_30_are_left(
    authority: DevelopmentCa, clock: ManualClock
) -> None:
    authority.ensure("localhost")
    first, trusted = leaf(authority), ca(authority)
    assert first.not_valid_after_utc == clock.now() + timedelta(days=90)
    clock.advance(seconds=60 * DAY_S)
    assert not authority.ensure("localhost")
    clock.advance(seconds=1)
    assert authority.ensure("localhost")
    assert leaf(authority).not_valid_after_utc == clock.now() + timedelta(days=90)
    assert ca(authority) == trusted, "clients need not trust a new authority"


def test_other_names_make_a_new_certificate(authority: DevelopmentCa) -> None:
    authority.ensure("localhost")
    assert authority.ensure("bank.internal")
    assert "bank.internal" in names(leaf(authority))
    trusted = ca(authority)
    assert authority.ensure("localhost")
    assert names(leaf(authority)) == ["localhost", "127.0.0.1", "::1"]
    assert ca(authority) == trusted, "the authority of more names may sign for fewer"


def test_no_certificate_outlives_its_authority(
    authority: DevelopmentCa, clock: ManualClock
) -> None:
    authority.ensure("localhost")
    end = ca(authority).not_valid_after_utc
    while clock.now() < end:
        authority.ensure("localhost")
        assert leaf(authority).not_valid_after_utc <= ca(authority).not_valid_after_utc
        clock.advance(seconds=61 * DAY_S)
    assert ca(authority).not_valid_after_utc > end


@pytest.mark.parametrize("name", ["ca.key", "ca.pem", "server.key", "server.pem"])
@pytest.mark.parametrize("damage", ["lost", "garbage", "another's"])
def test_damaged_files_are_made_anew(
    authority: DevelopmentCa, tmp_path: Path, clock: ManualClock, name: str, damage: str
) -> None:
    authority.ensure("localhost")
    path = tmp_path / name
    match damage:
        case "lost":
            path.unlink()
        case "garbage":
            path.write_text("garbage")
        case _:
            other = tmp_path / "other"
            other.mkdir()
            DevelopmentCa(other, clock).ensure("localhost")
            path.write_bytes((other / name).read_bytes())
    assert authority.ensure("localhost")
    verifier = PolicyBuilder().store(Store([ca(authority)])).time(clock.now())
    verifier.build_server_verifier(x509.DNSName("localhost")).verify(leaf(authority), [])
