"""Both ends of the lines to the clearing system and to other banks prove who they are."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.payments.rails import Settled
from bezant.payments.rails.sepa import CsmLink
from bezant.payments.rails.sepa.link import Heard, NoAnswer, NotReached
from bezant.payments.sandbox import csm
from bezant.payments.sandbox.vop import SandboxPayee, SandboxResponder, serve
from bezant.payments.vop import PayeeAsker, Responder, Verdict
from bezant.server.sepa import sepa_rails, tls_to
from bezant.server.task import CsmTask
from certified import SERVER_AUTH, Authority, Holder, ip_name, self_signed
from clearing import INSTITUTION, OUR_BIC, SECRET, TENANT, System, clearing_system
from fixtures_api import PATIENT

GRACE = "GB33BUKB20201555555555"


@dataclass
class Papers:
    """Files with certificates: of the authority, of servers, of clients."""

    folder: Path
    root: Authority

    @property
    def authority(self) -> Path:
        file = self.folder / "root.pem"
        file.write_text(self.root.pem)
        return file

    def server(self, address: str = "127.0.0.1") -> Path:
        return self.file(
            self.root.issue("server", purposes=(SERVER_AUTH,), names=(ip_name(address),))
        )

    def client(self, authority: Authority | None = None) -> Path:
        return self.file((authority or self.root).issue("us"))

    def file(self, holder: Holder) -> Path:
        name = self.folder / f"{holder.certificate.serial_number}.pem"
        holder.present(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), self.folder)
        return name


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path, Authority.root())


@asynccontextmanager
async def behind_tls(
    papers: Papers, certificate: Path, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> AsyncIterator[tuple[System, str]]:
    """A clearing system that asks whoever calls for a certificate of the same authority."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.load_verify_locations(papers.authority)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.maximum_version = newest
    async with clearing_system() as system:
        server = csm.CsmServer(csm.Admin(system.clearing, system.clock), SECRET)
        await server.start(tls=tls)
        try:
            yield system, f"https://127.0.0.1:{server.port}"
        finally:
            await server.close()


async def heard(url: str, tls: ssl.SSLContext) -> Heard:
    link = CsmLink.to(url, SECRET, 5.0, tls)
    try:
        return await link.ask("/sct_inst/COBADEFFXXX", b"<no-message/>")
    finally:
        await link.close()


async def test_a_payment_is_settled_by_who_knows_us_by_our_certificate(papers: Papers) -> None:
    async with behind_tls(papers, papers.server()) as (system, url), AsyncExitStack() as opened:
        us = [(OUR_BIC, TENANT, INSTITUTION)]
        task = CsmTask(url, SECRET, str(papers.authority), us, str(papers.client()))
        rails = sepa_rails(task, system.clock, TimeOrderedIds(), opened)
        assert isinstance(await rails["sct_inst"].send(system.outgoing()), Settled)
        assert system.statuses() == [("ACSC", None)]


async def test_without_our_certificate_or_with_anothers_nothing_is_taken(papers: Papers) -> None:
    stranger = Authority.root("Nobody knows")
    shown = [None, papers.client(stranger), papers.file(self_signed())]
    async with behind_tls(papers, papers.server()) as (system, url):
        for certificate in shown:
            tls = tls_to(str(papers.authority), None if certificate is None else str(certificate))
            # In TLS 1.3 a client hears of it after it may have sent.
            assert await heard(url, tls) in {NoAnswer("CUT_OFF"), NotReached()}
        assert system.statuses() == []


async def test_a_server_of_another_name_or_authority_is_sent_nothing(papers: Papers) -> None:
    us = str(papers.client())
    async with behind_tls(papers, papers.server("127.0.0.2")) as (_, url):
        assert await heard(url, tls_to(str(papers.authority), us)) == NotReached()
    other = Papers(papers.folder, Authority.root("Another"))
    async with behind_tls(papers, other.server()) as (_, url):
        assert await heard(url, tls_to(str(papers.authority), us)) == NotReached()


async def test_an_older_protocol_is_not_spoken(papers: Papers) -> None:
    us = str(papers.client())
    old = ssl.TLSVersion.TLSv1_2
    async with behind_tls(papers, papers.server(), old) as (_, url):
        assert await heard(url, tls_to(str(papers.authority), us)) == NotReached()
        older = tls_to(str(papers.authority), us)
        older.minimum_version = old
        # The control: nothing but the version is in the way.
        assert await heard(url, older) == NoAnswer("HTTP_400")


async def test_another_bank_may_ask_for_our_certificate(papers: Papers) -> None:
    responder = SandboxResponder({GRACE: SandboxPayee(("Grace Hopper",))})
    certificate, asker = papers.server(), PayeeAsker(SystemClock(), PATIENT)
    async with serve(responder, certificate, certificate, clients=papers.authority) as url:
        known = Responder(
            "BUKBGB22", url, authorities=papers.authority, certificate=papers.client()
        )
        unknown = Responder("BUKBGB22", url, authorities=papers.authority)
        for bank, verdict in ((known, Verdict.MATCH), (unknown, Verdict.NOT_POSSIBLE)):
            found = await asker.ask(bank, uuid4(), "COBADEFFXXX", GRACE, "Grace Hopper")
            assert found.verdict is verdict
        assert len(responder.asked) == 1
        await asker.close()
