"""`bezant sandbox`: the other side of payments, which answers where it says."""

import asyncio
import io
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from bezant.formats.camt053 import Entry, read_statements
from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.payments.rails import Settled
from bezant.payments.rails.sepa import CsmLink, InstantRail
from bezant.payments.vop import ListedPayees, PayeeAsker, Verdict
from clearing import UNUSED, clearing_system, participants
from fixtures_api import PATIENT

GRACE = "GB33BUKB20201555555555"


@asynccontextmanager
async def sandbox(*options: str) -> AsyncIterator[dict[str, Any]]:
    """What the command says in JSON; it ends well when it is asked to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bezant.cli", "sandbox", "--json", *options,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield msgspec.json.decode(await process.stdout.readline())
    finally:
        process.terminate()
        ended = await process.wait()
    assert ended == 0


async def test_a_settled_payment_is_on_the_statement_of_who_follows_it() -> None:
    async with sandbox() as said, clearing_system() as ours:
        url, secret = said["csm_url"], said["secret"]
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
            bank = said["statements_url"]
            nostro = f"{bank}/accounts/DE02120300000000202051"
            opened = {"opening": "50000", "participant": "COBADEFFXXX"}
            made = await http.put(f"{bank}/admin/accounts/DE02120300000000202051", json=opened)
            assert made.json()["balance"] == "50000"
            clock = SystemClock()  # as the sandbox has it
            link = CsmLink.to(url, secret, 10.0, UNUSED)
            rail = InstantRail(link, participants(), clock, TimeOrderedIds())
            outgoing = replace(ours.outgoing(), accepted_at=clock.now())
            assert isinstance(await rail.send(outgoing), Settled)
            await link.close()
            positions = (await http.get(f"{url}/admin/positions")).json()
            assert positions == {"COBADEFFXXX": -1_000, "BUKBGB22XXX": 1_000}
            assert (await http.get(nostro)).json()["balance"] == "49000"
            assert (await http.post(f"{bank}/admin/days")).status_code == 200
            statement = (await http.get(f"{nostro}/statements/1")).content
            header, *entries = read_statements(io.BytesIO(statement))
            assert [each.movement for each in entries if isinstance(each, Entry)] == [-1_000]
            assert [each.amount for each in header.balances] == [50_000, 49_000]  # type: ignore[union-attr]  # it comes first
            assert (await http.post(f"{url}/admin/credits", content=b"{")).status_code == 400
            assert (await http.get(f"{url}/elsewhere")).status_code == 404


async def test_its_directory_leads_to_its_bank_that_answers_about_payees(tmp_path: Path) -> None:
    payees = tmp_path / "payees.json"
    payees.write_bytes(msgspec.json.encode({GRACE: {"names": ["Grace Hopper"]}}))
    async with sandbox("--payees", str(payees), "--folder", str(tmp_path)) as said:
        responder = ListedPayees.read(Path(said["payee_directory"])).find(GRACE)
        assert responder is not None
        assert responder.url == said["vop_url"]
        asker = PayeeAsker(SystemClock(), PATIENT)
        found = await asker.ask(responder, uuid4(), "COBADEFFXXX", GRACE, "Grace Hopper")
        assert found.verdict is Verdict.MATCH
        headers = {"Authorization": f"Bearer {said['secret']}"}
        admin = f"{said['vop_url']}/admin/payees/{GRACE}"
        trusted = ssl.create_default_context(cafile=said["authority"])
        async with httpx.AsyncClient(verify=trusted, trust_env=False) as http:
            changed = {"names": ["Grace Hopper"], "misbehaviour": "lying"}
            assert (await http.put(admin, json=changed)).status_code == 401
            assert (await http.put(admin, json={}, headers=headers)).status_code == 400
            assert (await http.get(admin, headers=headers)).status_code == 405
            assert (await http.put(admin, json=changed, headers=headers)).status_code == 200
        lied = await asker.ask(responder, uuid4(), "COBADEFFXXX", GRACE, "Anybody Else")
        assert lied.verdict is Verdict.MATCH
        await asker.close()


async def test_people_are_shown_where_each_server_is() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bezant.cli", "sandbox", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(6)]
    process.terminate()
    assert await process.wait() == 0
    shown = dict(line.rstrip().split("  ", 1) for line in lines if not line.startswith(" "))
    assert shown["Clearing system (SCT Inst, SCT, SDD)"].strip().startswith("http://127.0.0.1:")
    assert shown["Statements (camt.052, 053, 054)"].strip().startswith("http://127.0.0.1:")
    assert shown["Verification of payees"].strip().startswith("https://127.0.0.1:")
    assert len(shown["Secret of every line"].strip()) > 32


async def test_what_it_cannot_read_it_refuses_to_start_with(tmp_path: Path) -> None:
    broken = tmp_path / "payees.json"
    broken.write_text("[]")
    for option in (["--payees", str(broken)], ["--participant", "COBADEFFXXX"]):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bezant.cli", "sandbox", *option,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await process.communicate()
        assert process.returncode == 2
