"""Certificates that clients authenticate with, judged against what they registered."""

from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bezant.identity.certificates import AuthoritiesFile, CertificateFault, PresentedCertificate
from bezant.identity.clients import (
    Authentication,
    Binding,
    CertificateRefused,
    Client,
    ClientCertificates,
    Profile,
)
from bezant.kernel.clock import ManualClock
from bezant.kernel.errors import Unavailable
from certified import NOW, Authority, Holder, self_signed

ROOT = Authority.root()


def client(**members: Any) -> Client:  # noqa: ANN401 - of many kinds
    return Client(
        id=UUID(int=1), tenant_id=UUID(int=2), name="Client", profile=Profile.FAPI2,
        binding=Binding.MTLS, created_at=NOW, **members,
    )  # fmt: skip


def registered(*holders: Holder) -> Client:
    keys = [{"kty": "EC", "x5c": [b64encode(holder.der).decode()]} for holder in holders]
    return client(authentication=Authentication.SELF_SIGNED_TLS, jwks={"keys": keys})


def named(name: str) -> Client:
    return client(authentication=Authentication.TLS, tls_subject=("tls_client_auth_san_dns", name))


@pytest.fixture
def authorities(tmp_path: Path) -> Path:
    file = tmp_path / "authorities.pem"
    file.write_text(ROOT.pem)
    return file


async def fault_of(
    authorities: Path | None, client: Client, holder: Holder, *, days: int = 0
) -> str | None:
    """The code that a client is told; None for none."""
    clock = ManualClock(NOW + timedelta(days=days))
    judge = ClientCertificates(AuthoritiesFile(authorities), clock)
    try:
        await judge.judge(client, PresentedCertificate(holder.der, holder.chain))
    except CertificateRefused as refused:
        return str(refused).partition(":")[0]
    return None


async def test_a_self_signed_certificate_authenticates_the_client_that_registered_it() -> None:
    old, new, other = self_signed(), self_signed(), self_signed()
    assert await fault_of(None, registered(old, new), old) is None
    assert await fault_of(None, registered(old, new), new) is None
    assert await fault_of(None, registered(old, new), other) == CertificateFault.UNREGISTERED
    assert await fault_of(None, registered(), other) == CertificateFault.UNREGISTERED


async def test_until_it_expires() -> None:
    own = self_signed(days=(-1, 30))
    assert await fault_of(None, registered(own), own, days=29) is None
    assert await fault_of(None, registered(own), own, days=31) == CertificateFault.EXPIRED


async def test_a_certificate_renewed_with_the_same_name_goes_on_authenticating(
    authorities: Path,
) -> None:
    for holder in (ROOT.issue(days=(-10, 5)), ROOT.issue(days=(0, 30))):
        assert await fault_of(authorities, named("client.example"), holder) is None


async def test_a_trusted_certificate_of_somebody_else_does_not(authorities: Path) -> None:
    holder = ROOT.issue()
    assert await fault_of(authorities, named("client.example"), holder) is None
    other = await fault_of(authorities, named("other.example"), holder)
    assert other == CertificateFault.WRONG_SUBJECT
    foreign = Authority.root("Foreign").issue()
    untrusted = await fault_of(authorities, named("client.example"), foreign)
    assert untrusted == CertificateFault.UNTRUSTED
    # Only the very certificate counts for who registered it, whoever has signed it.
    unregistered = await fault_of(authorities, registered(self_signed()), holder)
    assert unregistered == CertificateFault.UNREGISTERED


async def test_an_expired_one_is_told_so(authorities: Path) -> None:
    holder = ROOT.issue(days=(-20, -10))
    fault = await fault_of(authorities, named("client.example"), holder)
    assert fault == CertificateFault.EXPIRED


async def test_authorities_that_cannot_be_read_are_no_fault_of_the_client(
    authorities: Path,
) -> None:
    lost = authorities.with_name("lost.pem")
    with pytest.raises(Unavailable):
        await fault_of(lost, named("client.example"), ROOT.issue())
    own = self_signed()
    assert await fault_of(lost, registered(own), own) is None
