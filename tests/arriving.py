"""Credits that another bank sends, and money that it gives back: for tests of what comes in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from bezant.payments import Payment
from bezant.payments.rails import Coordinates, Incoming, Recall, Return, Taken
from bezant.payments.states import OrderState
from customers import CustomerBank
from paying import Desk
from rails import settled

NOW: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


async def opened(bank: CustomerBank) -> str:
    """An account without money; its identifier."""
    return str((await bank.open())["id"])


async def credit(
    bank: CustomerBank,
    account: str,
    **changes: Any,  # noqa: ANN401 - members of any type
) -> Incoming:
    """A credit of 12.50 to an account."""
    iban = await bank.iban(account)
    made = Incoming(
        tenant_id=bank.tenant.id,
        institution_id=UUID(bank.institution),
        rail="scheme",
        transaction_id=f"TX-{uuid4().hex[:20]}",
        sender_bic="BUKBGB22XXX",
        amount=1_250,
        asset="EUR",
        debtor=Coordinates("Grace Hopper", "GB33BUKB20201555555555"),
        creditor=Coordinates("Ada Lovelace", iban),
        end_to_end_id="INVOICE-7",
        remittance="for the engine",
        accepted_at=NOW,
        raw=b"<pacs.008>Grace Hopper</pacs.008>",
    )
    return replace(made, **changes)


async def back(
    bank: CustomerBank,
    desk: Desk,
    order_id: UUID,
    **changes: Any,  # noqa: ANN401 - members of any type
) -> Return:
    """All of a payment, as its scheme gives it back."""
    order = await desk.first.orders.order(bank.tenant.id, order_id)
    assert order.attempt is not None
    made = Return(
        tenant_id=bank.tenant.id,
        institution_id=UUID(bank.institution),
        rail="scheme",
        original_transaction_id=order.attempt.id.hex,
        return_id=f"RT-{uuid4().hex[:20]}",
        amount=1_000,
        asset="EUR",
        code="AC04",
        raw=b"<pacs.004/>",
    )
    return replace(made, **changes)


async def paid(bank: CustomerBank, desk: Desk) -> tuple[str, Payment]:
    """A payment of 10.00 that was carried out."""
    desk.rail.on_send = settled
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    assert made.state is OrderState.SETTLED
    return payer, made


def recall_by(bank: CustomerBank, offered: Incoming) -> Recall:
    """What asks for a credit."""
    return Recall(
        bank.tenant.id, UUID(bank.institution), "scheme", offered.transaction_id,
        f"CASE-{uuid4().hex[:20]}", "FRAD", b"<camt.056/>", offered.sender_bic,
    )  # fmt: skip


async def sent_over_http(bank: CustomerBank) -> str:
    """The path of a payment that a rail of the application's carried out."""
    new = {
        "debtor_account": await bank.funded(),
        "debtor_name": "Ada Lovelace",
        "creditor": {"iban": "GB33BUKB20201555555555", "name": "Grace Hopper"},
        "asset": "EUR",
        "amount": "5",
        "rail": "scheme",
    }
    path = f"/v1/payments/{(await bank.tenant.create('/v1/payments', new))['id']}"
    state = "sending"
    while state == "sending":
        state = (await bank.tenant.client.get(path)).json()["state"]
    return path


async def expected_over_http(bank: CustomerBank) -> str:
    """The path of a credit that the application expects."""
    receiver = bank.tenant.receiver
    assert receiver is not None
    taken = await receiver.offer(await credit(bank, await opened(bank)))
    assert isinstance(taken, Taken)
    return f"/v1/payments/{taken.order_id}"


async def recalled_over_http(bank: CustomerBank) -> str:
    """The path of a recall of a credit that the application took."""
    receiver = bank.tenant.receiver
    assert receiver is not None
    offered = await credit(bank, await opened(bank))
    await receiver.credited(offered)
    case = await receiver.recalled(recall_by(bank, offered))
    assert isinstance(case, UUID)
    return f"/v1/recalls/{case}"
