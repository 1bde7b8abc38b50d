"""What the clearing system brings: credits, returns, recalls, over HTTP, twice and out of order."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest

from bezant.formats.iso20022 import camt029, pacs002, pacs008
from bezant.kernel.ids import TimeOrderedIds
from bezant.payments.rails import Settled
from bezant.payments.rails.sepa import CsmListener, csm_routes
from bezant.payments.sandbox import csm
from bezant.payments.sandbox.csm import Misbehaviour
from clearing import (
    INSTITUTION,
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


async def test_a_recall_of_ours_that_is_refused_is_told(house: House) -> None:
    resolution = camt029.CancellationResolution(
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
    answer = await house.deliver(camt029.write_camt029(resolution))
    assert (answer.status_code, answer.content) == (200, b"")
    [(recall, refusal)] = house.receiving.refused
    assert (recall.original_transaction_id, recall.case_id, refusal) == ("T-1", "C-1", "LEGL")
    unasked = replace(resolution, original_transaction_id="T-2")
    assert (await house.deliver(camt029.write_camt029(unasked))).status_code == 409


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
