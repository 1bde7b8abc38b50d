"""Accounts with holders, and banks that answer about theirs: what tests of payees have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bezant.kernel.clock import SystemClock
from bezant.payments.sandbox.vop import SandboxResponder, serve
from bezant.payments.vop import Responder
from bezant.server.development_ca import DevelopmentCa
from customers import CustomerBank

OUTSIDE = "GB33BUKB20201555555555"
"""An account of another bank, BUKBGB22."""


async def held(
    bank: CustomerBank, *names: str, kind: str = "person", amount: int = 10_000, **more: object
) -> str:
    """An account with money on it, which parties of these names hold; its identifier."""
    account = await bank.funded(amount)
    for name in names:
        party = await bank.tenant.create("/v1/parties", {"kind": kind, "legal_name": name, **more})
        mandate = {"party_id": party["id"], "role": "holder"}
        await bank.tenant.create(f"/v1/accounts/{account}/parties", mandate)
    return account


async def verified(bank: CustomerBank, payer: str, iban: str, name: str) -> dict[str, Any]:
    """What a payer is shown of a payee."""
    asked = {"debtor_account": payer, "iban": iban, "name": name}
    return await bank.tenant.create("/v1/payee-verifications", asked)


@asynccontextmanager
async def answering(folder: Path, responder: SandboxResponder) -> AsyncIterator[Responder]:
    """A bank on this machine; how the directory lists it."""
    ca = DevelopmentCa(folder, SystemClock())
    ca.ensure()
    async with serve(responder, ca.certificate, ca.key) as url:
        yield Responder("BUKBGB22", url, authorities=ca.ca)
