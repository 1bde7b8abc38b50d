"""What the clearing system brings: credits, returns, recalls, over HTTP, twice and out of order."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest

from bezant.formats.iso20022 import camt029, camt056, pacs002, pacs004, pacs008
from bezant.kernel.ids import TimeOrderedIds
from bezant.payments.rails import Settled
from bezant.payments.rails.sepa import CsmListener, csm_routes
from bezant.payments.rails.sepa.codes import Use, allowed
from bezant.payments.sandbox import csm
from bezant.payments.sandbox.csm import Misbehaviour
from clearing import (
    INSTITUTION,
    NOON,
    OUR_BIC,
    OUR_IBAN,
    SECRET,
    TENANT,
    THEIR_BIC,
    System,
    clearing_system,
    listening,
    participants,
    rails_to,
)
from receiving import Receiving

CREDIT = {"bic": OUR_BIC, "iban": OUR_IBAN, "name": "Ada Lovelace", "amount": "2500"}
SENDER = "PSSTFRPPXXX"


@dataclass
class House:
    """We, as the clearing system sees us."""

    system: System
    receiving: Receiving
    http: httpx.AsyncClient
    url: str

    async def tell(self, command: str, **members: object) -> httpx.Response:
        """Tell the clearing system to do something."""
        return await self.http.post(f"{self.system.url}/admin/{command}", json=members)

    async def credit(self, **members: object) -> dict[str, str]:
        """Have a bank pay us; what the clearing system says of it, once we have heard all."""
        answer = await self.tell("credits", **(CREDIT | members))
        await self.system.deliveries.drained()
        content: dict[str, str] = answer.json()
        return content

    async def deliver(self, message: bytes, rail: str = "sct_inst") -> httpx.Response:
        """Deliver a message as the clearing system would."""
        return await self.http.post(f"{self.url}/sepa/{rail}/{OUR_BIC}", content=message)

    @property
    def position(self) -> int:
        return self.system.clearing.books.position(OUR_BIC)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    receiving = Receiving()
    async with clearing_system() as system:
        listener = CsmListener(receiving, receiving, system.clock, TimeOrderedIds())
        routes = csm_routes({"sct_inst": listener, "sct": listener}, participants(), SECRET)
        headers = {"Authorization": f"Bearer {SECRET}"}
        async with (
            listening(routes) as url,
            httpx.AsyncClient(headers=headers, trust_env=False) as http,
        ):
            system.clearing.admit(csm.Participant(OUR_BIC, f"{url}/sepa"))
            yield House(system, receiving, http, url)
            await system.deliveries.close()


async def test_a_credit_is_taken_settled_and_concluded(house: House) -> None:
    cleared = await house.credit()
    assert cleared["status"] == "ACSC"
    [incoming] = house.receiving.offers
    assert (incoming.tenant_id, incoming.institution_id) == (TENANT, INSTITUTION)
    assert (incoming.sender_bic, incoming.amount, incoming.asset) == (SENDER, 2_500, "EUR")
    assert (incoming.creditor.iban, incoming.creditor.name) == (OUR_IBAN, "Ada Lovelace")
    assert house.receiving.credited_in_all == house.position == 2_500


@pytest.mark.parametrize("code", ["AC03", "AC04", "AC06", "AG01", "MS03"])
async def test_a_credit_that_is_refused_is_not_settled(house: House, code: str) -> None:
    house.receiving.refuses = code
    cleared = await house.credit()
    assert (cleared["status"], cleared["reason"]) == ("RJCT", code)
    assert house.receiving.credited_in_all == house.position == 0


@pytest.mark.parametrize("code", ["AC04", "AM03", "AM09", "NOOR", "XX99"])
@pytest.mark.parametrize("rail", ["sct_inst", "sct"])
async def test_whatever_the_core_refuses_with_is_told_in_codes_of_the_scheme(
    house: House, rail: str, code: str
) -> None:
    await house.credit(scheme=rail)
    [transfer] = house.system.clearing.transfers.values()
    house.receiving.refuses = code
    answer = await house.deliver(transfer.raw, rail)
    if rail == "sct_inst":
        told, use = pacs002.read_pacs002(answer.content).reason, Use.REJECT
    else:
        told, use = pacs004.read_pacs004(answer.content).reason, Use.RETURN
    assert told in allowed(use, rail)
    assert told == (code if code in allowed(use, rail) else "MS03")
    back = pacs004.PaymentReturn(
        "R-1", house.system.clock.now(), NOON.date(), "R-1", "M-1", pacs008.VERSION, None, "T-1",
        500, 500, "EUR", "AC04",
    )  # fmt: skip
    answer = await house.deliver(pacs004.write_pacs004(back), rail)
    report = pacs002.read_pacs002(answer.content)
    assert (report.status, report.reason in allowed(Use.REJECT, rail)) == ("RJCT", True)


async def test_a_credit_of_the_day_for_another_bank_goes_back(house: House) -> None:
    await house.credit(scheme="sct")
    [transfer] = house.system.clearing.transfers.values()
    astray = transfer.raw.replace(OUR_BIC.encode(), b"DEUTDEFFXXX")
    answer = await house.deliver(astray, "sct")
    assert pacs004.read_pacs004(answer.content).reason == "RC01"
    assert house.receiving.offers == []


@pytest.mark.parametrize("creditor", [OUR_BIC, "DEUTDEFFXXX"])
async def test_the_return_of_a_credit_is_the_same_message_at_every_repeat(
    house: House, creditor: str
) -> None:
    house.receiving.refuses = "AC04"
    await house.credit(scheme="sct")
    [transfer] = house.system.clearing.transfers.values()
    raw = transfer.raw.replace(OUR_BIC.encode(), creditor.encode())
    first = await house.deliver(raw, "sct")
    house.system.clock.advance(seconds=2 * 86_400)
    assert pacs004.read_pacs004(first.content).amount == 2_500
    assert (await house.deliver(raw, "sct")).content == first.content


async def test_the_return_of_a_credit_settles_when_target_is_open(house: House) -> None:
    # In Frankfurt it is Good Friday already.
    house.system.clock.advance(seconds=30 * 86_400 + 37_800)
    house.receiving.refuses = "AC04"
    await house.credit(scheme="sct")
    [transfer] = house.system.clearing.transfers.values()
    answer = await house.deliver(transfer.raw, "sct")
    settles = pacs004.read_pacs004(answer.content).settlement_date
    assert str(settles) == "2026-04-07", "after Easter Monday"


@pytest.mark.parametrize("kind", [Misbehaviour.DELIVERED_TWICE, Misbehaviour.REORDERED])
async def test_what_comes_twice_or_out_of_order_is_credited_once(
    house: House, kind: Misbehaviour
) -> None:
    house.system.behave(kind)
    await house.credit()
    assert house.receiving.credited_in_all == house.position == 2_500


async def test_a_credit_without_an_answer_in_time_is_cancelled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bezant.payments.sandbox.csm.clearing._ANSWER_S", 0.0)
    cleared = (await house.tell("credits", **CREDIT)).json()
    assert (cleared["status"], cleared["reason"]) == ("RJCT", "AB05")
    house.system.clock.advance(seconds=60)
    await house.system.deliveries.drained()
    assert house.receiving.credited_in_all == house.position == 0


async def test_what_was_taken_and_is_cancelled_is_not_credited(house: House) -> None:
    await house.credit()
    [transfer] = house.system.clearing.transfers.values()
    house.receiving.concluded.clear()
    transfer.status, transfer.reason = "RJCT", "AB05"
    cancelled = house.system.clearing._report(transfer.message, "RJCT", "AB05")
    assert (await house.deliver(cancelled)).status_code == 200
    assert set(house.receiving.concluded.values()) == {None}


async def test_a_confirmation_of_what_never_came_has_to_come_again(house: House) -> None:
    await house.credit()
    [transfer] = house.system.clearing.transfers.values()
    house.receiving.orders.clear()
    settled = house.system.clearing._report(transfer.message, "ACSC", None)
    assert (await house.deliver(settled)).status_code == 409
    house.system.clock.advance(seconds=60)
    assert (await house.deliver(settled)).status_code == 409, "money that we do not know of"


async def test_what_comes_after_its_cancellation_is_not_taken(house: House) -> None:
    await house.credit()
    [transfer] = house.system.clearing.transfers.values()
    house.receiving.orders.clear()
    house.system.clock.advance(seconds=60)
    answer = await house.deliver(transfer.raw)
    assert pacs002.read_pacs002(answer.content).reason == "TM01"
    assert house.receiving.orders == {}


async def test_a_credit_of_the_day_is_credited_by_its_cycle(house: House) -> None:
    await house.credit(scheme="sct")
    assert house.receiving.offers == []
    assert (await house.tell("cycles")).json() == {"settled": 1}
    await house.system.deliveries.drained()
    assert house.receiving.credited_in_all == house.position == 2_500


async def test_a_credit_of_the_day_that_is_not_taken_goes_back_whole(house: House) -> None:
    house.receiving.refuses = "AC04"
    await house.credit(scheme="sct")
    await house.tell("cycles")
    await house.system.deliveries.drained()
    assert house.position == 0
    [transfer] = house.system.clearing.transfers.values()
    assert transfer.returned == 2_500


async def test_money_of_ours_that_comes_back_is_told(house: House) -> None:
    outgoing = house.system.outgoing()
    async with rails_to(house.system.url, house.system.clock) as (rail, _):
        assert isinstance(await rail.send(outgoing), Settled)
    name = outgoing.attempt_id.hex
    answer = await house.tell(
        "returns", sender_bic=OUR_BIC, transaction_id=name, code="AC04", amount="400"
    )
    assert answer.status_code == 200, answer.text
    await house.system.deliveries.drained()
    [returned] = house.receiving.returns.values()
    assert (returned.original_transaction_id, returned.amount, returned.code) == (name, 400, "AC04")
    assert house.position == -600


async def test_no_more_comes_back_than_was_sent(house: House) -> None:
    outgoing = house.system.outgoing()
    async with rails_to(house.system.url, house.system.clock) as (rail, _):
        await rail.send(outgoing)
    again = {"sender_bic": OUR_BIC, "transaction_id": outgoing.attempt_id.hex, "amount": "600"}
    for _ in range(3):
        await house.tell("returns", **again)
    await house.system.deliveries.drained()
    assert len(house.receiving.returns) == 1
    assert house.position == -400


async def test_a_recall_opens_one_case(house: House) -> None:
    cleared = await house.credit()
    recalled = {"sender_bic": SENDER, "transaction_id": cleared["transaction_id"], "code": "DUPL"}
    assert (await house.tell("recalls", **recalled)).status_code == 200
    await house.system.deliveries.drained()
    [(_, recall)] = house.receiving.recalls.values()
    assert (recall.original_transaction_id, recall.code) == (cleared["transaction_id"], "DUPL")


@pytest.mark.parametrize(("scheme", "expected_s"), [("sct_inst", 20), ("sct", 1_800)])
async def test_a_recall_of_what_is_not_here_is_refused_once_it_cannot_come_any_more(
    house: House, scheme: str, expected_s: int
) -> None:
    cleared = await house.credit(scheme=scheme)
    house.receiving.refuses = "NOOR"
    recalled = {"sender_bic": SENDER, "transaction_id": cleared["transaction_id"], "code": "DUPL"}
    raw = await recall_message(house, recalled)
    assert (await house.deliver(raw, scheme)).status_code == 409, "it may be on its way"
    house.system.clock.advance(seconds=expected_s)
    answer = await house.deliver(raw, scheme)
    assert (answer.status_code, answer.content) == (
        200,
        (await house.deliver(raw, scheme)).content,
    ), "the same at every repeat"
    said = camt029.read_camt029(answer.content)
    asked = camt056.read_camt056(raw)
    assert (said.outcome, said.reason) == ("RJCR", "NOOR")
    assert (said.case_id, said.original_transaction_id) == (
        asked.cancellation_id,
        cleared["transaction_id"],
    )
    assert (said.assigner_bic, said.assignee_bic) == (OUR_BIC, SENDER)
    assert said.created_at <= house.system.clock.now()


async def test_a_recall_of_what_went_back_is_refused_at_once(house: House) -> None:
    cleared = await house.credit()
    house.receiving.refuses = "ARDT"
    recalled = {"sender_bic": SENDER, "transaction_id": cleared["transaction_id"], "code": "DUPL"}
    answer = await house.deliver(await recall_message(house, recalled))
    said = camt029.read_camt029(answer.content)
    assert (said.outcome, said.reason) == ("RJCR", "ARDT")


async def test_a_refusal_at_once_reaches_the_bank_that_asked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared = await house.credit()
    house.receiving.refuses = "ARDT"
    recalled = {"sender_bic": SENDER, "transaction_id": cleared["transaction_id"], "code": "DUPL"}
    kept: list[tuple[str, str | None]] = []

    def heard(bic: str, raw: bytes) -> None:
        kept.append((bic, camt029.read_camt029(raw).reason))

    monkeypatch.setattr(house.system.clearing, "_kept", heard)
    await house.tell("recalls", **recalled)
    await house.system.deliveries.drained()
    assert kept == [(OUR_BIC, "ARDT")]


async def recall_message(house: House, recalled: dict[str, str]) -> bytes:
    """A recall, as the clearing system would deliver it."""
    told: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house.system.deliveries, "tell", lambda _, raw, *__: told.append(raw))
        await house.tell("recalls", **recalled)
    [raw] = told
    return raw


@pytest.mark.parametrize("outcome", ["PDCR", "CNCL", "INFO"])
async def test_what_is_no_refusal_of_a_recall_of_ours_is_not_taken_for_one(
    house: House, outcome: str
) -> None:
    answer = await house.deliver(camt029.write_camt029(replace(refusal(house), outcome=outcome)))
    assert (answer.status_code, answer.content) == (200, b"")
    [(recall, code)] = house.receiving.answered
    assert (recall.original_transaction_id, recall.case_id, code) == ("T-1", "C-1", None)


async def test_a_recall_of_ours_that_is_refused_is_told(house: House) -> None:
    resolution = refusal(house)
    answer = await house.deliver(camt029.write_camt029(resolution))
    assert (answer.status_code, answer.content) == (200, b"")
    [(recall, code)] = house.receiving.answered
    assert (recall.original_transaction_id, recall.case_id, code) == ("T-1", "C-1", "LEGL")
    of_scheme = replace(resolution, case_id=None)
    assert (await house.deliver(camt029.write_camt029(of_scheme))).status_code == 200
    recall, _ = house.receiving.answered[-1]
    assert (recall.original_transaction_id, recall.case_id) == ("T-1", "")
    unasked = replace(resolution, original_transaction_id="T-2")
    assert (await house.deliver(camt029.write_camt029(unasked))).status_code == 409


def refusal(house: House) -> camt029.CancellationResolution:
    """How another bank refuses a recall of ours."""
    return camt029.CancellationResolution(
        assignment_id="N-1",
        created_at=house.system.clock.now(),
        assigner_bic=THEIR_BIC,
        assignee_bic=OUR_BIC,
        outcome="RJCR",
        status_id="N-1",
        original_message_id="M-1",
        original_message_name=pacs008.VERSION,
        original_end_to_end_id=None,
        original_transaction_id="T-1",
        reason="LEGL",
        case_id="C-1",
    )


async def test_whoever_does_not_know_the_secret_is_not_listened_to(house: House) -> None:
    for shown in ("", "Bearer guessed", f"Bearer {SECRET[:-1]}"):
        house.http.headers["Authorization"] = shown
        assert (await house.deliver(b"<x/>")).status_code == 401
    assert house.receiving.offers == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("sct_inst/COBADEFFXXX", b"<x/>", 400),
        ("sct_inst/COBADEFFXXX", b"", 400),
        ("sct_inst/COBADEFFXXX", b"x" * (1 << 21), 413),
        ("sct_inst/COBADEFF", b"", 400),
        ("sct_inst/DEUTDEFFXXX", b"", 404),
        ("pigeons/COBADEFFXXX", b"", 404),
    ],
)
async def test_what_is_no_message_is_refused(
    house: House, path: str, body: bytes, status: int
) -> None:
    answer = await house.http.post(f"{house.url}/sepa/{path}", content=body)
    assert answer.status_code == status


async def test_every_prefix_of_a_message_is_refused_and_none_is_taken(house: House) -> None:
    await house.credit()
    [transfer] = house.system.clearing.transfers.values()
    taken = len(house.receiving.offers)
    for end in range(0, len(transfer.raw) - 1, 7):
        assert (await house.deliver(transfer.raw[:end])).status_code == 400
    assert len(house.receiving.offers) == taken
