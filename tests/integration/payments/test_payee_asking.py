"""Asking another bank about a payee: whatever it does, there is a verdict in time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bezant.kernel.clock import SystemClock
from bezant.payments.sandbox.vop import Misbehaviour, SandboxPayee, SandboxResponder, serve
from bezant.payments.vop import Comparison, Patience, PayeeAsker, Responder, Verdict
from bezant.server.development_ca import DevelopmentCa
from fixtures_api import PATIENT

BIC = "COBADEFFXXX"
GRACE = "GB33BUKB20201555555555"


@dataclass
class Line:
    """A bank that asks, and one that answers."""

    asker: PayeeAsker
    responder: SandboxResponder
    at: Responder

    async def ask(
        self, name: str, way: Misbehaviour = Misbehaviour.NONE, request_id: UUID | None = None
    ) -> Comparison:
        """Ask about Grace Hopper's account."""
        self.responder.payees = {GRACE: SandboxPayee(("Grace Hopper",), misbehaviour=way)}
        return await self.asker.ask(self.at, request_id or uuid4(), BIC, GRACE, name)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    ca = DevelopmentCa(tmp_path, SystemClock())
    ca.ensure()
    token = tmp_path / "token"
    token.write_text("secret\n")
    responder = SandboxResponder({}, slow_s=0.01)
    asker = PayeeAsker(SystemClock(), PATIENT)
    async with serve(responder, ca.certificate, ca.key) as url:
        at = Responder("BUKBGB22", url, authorities=ca.ca, token=token)
        yield Line(asker, responder, at)
        await asker.close()


@pytest.mark.parametrize(
    ("name", "verdict", "told"),
    [
        ("Grace Hopper", Verdict.MATCH, None),
        ("hopper, grace", Verdict.MATCH, None),
        ("G Hopper", Verdict.CLOSE_MATCH, "Grace Hopper"),
        ("Ada Lovelace", Verdict.NO_MATCH, None),
    ],
)
@pytest.mark.parametrize("way", [Misbehaviour.NONE, Misbehaviour.SLOW])
async def test_a_bank_that_keeps_the_rules_is_believed(
    line: Line, name: str, verdict: Verdict, told: str | None, way: Misbehaviour
) -> None:
    request_id = uuid4()
    assert await line.ask(name, way, request_id) == Comparison(verdict, told)
    assert line.responder.asked == [request_id]
    [seen] = line.responder.seen
    assert seen["authorization"] == "Bearer secret"
    assert seen["x-request-timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "way",
    [
        Misbehaviour.DROPPED,
        Misbehaviour.WRONG_ID,
        Misbehaviour.NO_ID,
        Misbehaviour.FAULT,
        Misbehaviour.MOVED,
        Misbehaviour.BROKEN_JSON,
        Misbehaviour.WRONG_TYPE,
        Misbehaviour.NO_JSON,
        Misbehaviour.ENDLESS,
        Misbehaviour.NESTED,
        Misbehaviour.UNKNOWN_CODE,
        Misbehaviour.NAMELESS,
    ],
)
async def test_a_bank_that_breaks_them_says_nothing(line: Line, way: Misbehaviour) -> None:
    assert await line.ask("Grace Hopper", way) == Comparison(Verdict.NOT_POSSIBLE)
    assert len(line.responder.asked) == 1, "a name is sent once, and nowhere else"
    assert await line.ask("Grace Hopper") == Comparison(Verdict.MATCH), "it recovers"


async def test_a_bank_that_is_silent_is_waited_for_in_vain(line: Line) -> None:
    impatient = PayeeAsker(SystemClock(), Patience(others_s=0.2))
    line.responder.payees = {
        GRACE: SandboxPayee(("Grace Hopper",), misbehaviour=Misbehaviour.SILENT)
    }
    answer = await impatient.ask(line.at, uuid4(), BIC, GRACE, "Grace Hopper")
    assert answer == Comparison(Verdict.NOT_POSSIBLE)
    await impatient.close()


async def test_a_name_told_against_the_rules_is_not_passed_on(line: Line) -> None:
    told = await line.ask("Ada Lovelace", Misbehaviour.TALKATIVE)
    assert told == Comparison(Verdict.NO_MATCH)


async def test_a_lie_is_the_others_word(line: Line) -> None:
    assert await line.ask("Ada Lovelace", Misbehaviour.LYING) == Comparison(Verdict.MATCH)


async def test_a_bank_whose_certificate_nobody_vouches_for_is_not_told(line: Line) -> None:
    trusting_the_public = Responder(line.at.bic, line.at.url)
    answer = await line.asker.ask(trusting_the_public, uuid4(), BIC, GRACE, "Grace Hopper")
    assert answer == Comparison(Verdict.NOT_POSSIBLE)
    assert not line.responder.seen


async def test_a_bank_that_is_not_there_says_nothing(line: Line) -> None:
    nowhere = Responder(line.at.bic, "https://127.0.0.1:1", authorities=line.at.authorities)
    answer = await line.asker.ask(nowhere, uuid4(), BIC, GRACE, "Grace Hopper")
    assert answer == Comparison(Verdict.NOT_POSSIBLE)
