"""What holds for every route. A route of the document that has no case here fails the suite."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import uuid4

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from starlette.routing import Route

from approving import REVOKE, asked_by_another
from arriving import expected_over_http, recalled_over_http, sent_over_http
from bezant.formats.iso20022 import MESSAGE_BYTES_MAX
from bezant.identity.resources import SignedMessages
from bezant.kernel.telemetry import Traced
from bezant.ledger.reconciliation.api import UPLOAD_BYTES_MAX
from bezant.payments.bulk.api import BYTES_MAX
from bezant.server.identity import Identity
from bulks import COLUMNS, verified_bulk
from checking import reviewing
from customers import (
    CREDITOR,
    announced_debit,
    due_soon,
    new_party,
    open_bank,
    settled_debit,
    signed_mandate,
    waiting_payment,
)
from debit_files import debit_file, sent_debit_file
from fixtures_api import (
    ALL_SCOPES,
    CLIENT_KEYS,
    HOOK_URL,
    Api,
    Book,
    Tenant,
    bury,
    delivered,
    fresh_key,
    fx_quote,
    hook,
    open_book,
    open_desk,
)
from fixtures_reconciliation import open_match, statement, upload
from safeguards import SAFE, arranged_long_ago, new_arrangement, standing_incident
from shopping import Shop, open_exchange, open_shop
from token_desk import given_grant
from unclaimed import collected_for_nobody

pytestmark = pytest.mark.long

_CODES: Final = count(30_000_000)

_LIMITS: Final = {"limits": [{"asset": "EUR", "window": "day", "amount": "100"}]}

_DENIED: Final = {"iban": "GB33BUKB20201555555555", "standing": "denied"}

_BANK_CODES = count(20_000_000)

_BLOCK: Final = {"kind": "legal", "direction": "debit", "reason": "attachment"}

Request = tuple[str, object]

"""A path and a body: None for no body, bytes for a file."""


@dataclass(frozen=True)
class Case:
    """How to use a route well, on a book's data.

    Attributes:
        names: whether the path names something of the tenant, which another may not learn of.
        media_type: of the body.
        bytes_max: of the body.
    """

    method: str
    status: int
    request: Callable[[Book], Awaitable[Request]]
    names: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    bytes_max: int = 16 << 20

    async def send(self, client: httpx.AsyncClient, request: Request) -> httpx.Response:
        path, body = request
        if self.method == "GET":
            return await client.get(path, headers=self.headers)
        return await self.write(client, path, body, **fresh_key())

    async def write(
        self, client: httpx.AsyncClient, path: str, body: object, **headers: str
    ) -> httpx.Response:
        """Send a body as it is, or as JSON."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers |= {"Content-Type": self.media_type}
        return await client.request(self.method, path, content=content, headers=headers)


def _reads(path: str, *, names: bool = True, **headers: str) -> Case:
    async def request(book: Book) -> Request:
        return path.format(book=book), None

    return Case("GET", 200, request, names=names, headers=headers)


def _unique() -> str:
    return uuid4().hex


async def _new_book(_: Book) -> Request:
    return "/v1/books", {"name": "Other money", "assets": [{"code": "JPY", "scale": 0}]}


async def _new_account(book: Book) -> Request:
    return f"{book.path}/accounts", {"id": _unique(), "asset": "EUR", "type": "liability"}


async def _change(book: Book) -> Request:
    path, body = await _new_account(book)
    account = await book.tenant.create(path, body)
    return f"{path}/{account['id']}", {"status": "frozen"}


async def _transaction(book: Book) -> Request:
    return f"{book.path}/transactions", book.transfer("1")


async def _batch(book: Book) -> Request:
    item = book.transfer("1", id=str(uuid4()))
    return f"{book.path}/transactions/batch", {"transactions": [item]}


async def _new_accounts(book: Book) -> Request:
    _, body = await _new_account(book)
    return f"{book.path}/account-batches", {"accounts": [body]}


async def _hold_path(book: Book) -> str:
    body = book.transfer("5")
    body["postings"][0]["pending"] = True
    posted = await book.tenant.create(f"{book.path}/transactions", body)
    return f"{book.path}/holds/{posted['postings'][0]['hold_id']}"


async def _hold(book: Book) -> Request:
    return await _hold_path(book), None


async def _capture(book: Book) -> Request:
    return f"{await _hold_path(book)}/capture", {"amount": "2"}


async def _void(book: Book) -> Request:
    return f"{await _hold_path(book)}/void", {"group": True}


async def _new_limit_group(book: Book) -> Request:
    limits = {"overdraft": "50"}
    body = {"id": _unique(), "asset": "EUR", "type": "liability", "limits": limits}
    return f"{book.path}/limit-groups", body


async def _limit_group(book: Book) -> Request:
    path, body = await _new_limit_group(book)
    group = await book.tenant.create(path, body)
    return f"{path}/{group['id']}", None


async def _limit_group_change(book: Book) -> Request:
    path, _ = await _limit_group(book)
    return path, {"limits": {"overdraft": "60"}}


async def _closed(book: Book) -> Request:
    """A new book, whose January 2001 is closed."""
    path = (await open_book(book.tenant)).path + "/periods/2001-01"
    await book.tenant.create(f"{path}/close", {})
    return path, None


async def _closing(book: Book) -> Request:
    return (await open_book(book.tenant)).path + "/periods/2001-01/close", {}


async def _reopening(book: Book) -> Request:
    path, _ = await _closed(book)
    return f"{path}/reopen", {"reason": "An invoice was found."}


async def _reopening_path(book: Book) -> str:
    """A request to reopen, by another actor."""
    path, body = await _reopening(book)
    issued = {"name": "controller", "scopes": ["ledger:close"]}
    other = await book.tenant.create("/v1/api-keys", issued)
    headers = {"Authorization": f"Bearer {other['key']}"} | fresh_key()
    answer = await book.tenant.client.post(path, json=body, headers=headers)
    return f"{path.removesuffix('reopen')}reopenings/{answer.json()['id']}"


async def _approval(book: Book) -> Request:
    return f"{await _reopening_path(book)}/approve", {}


async def _withdrawal(book: Book) -> Request:
    return f"{await _reopening_path(book)}/withdraw", {}


async def _new_chart(book: Book) -> Request:
    node = {"code": "1000", "name": "Cash", "type": "asset", "accounts": ["world"]}
    return (await open_book(book.tenant)).path + "/chart", {"replaces": 0, "nodes": [node]}


async def _fx_settings(book: Book) -> Request:
    return f"{book.path}/fx/settings", {"functional_asset": "EUR"}


async def _get_fx_settings(book: Book) -> Request:
    return f"{(await open_desk(book.tenant)).path}/fx/settings", None


async def _fx_rate(book: Book) -> Request:
    desk = await open_desk(book.tenant)
    rate = {"pair": "USD/EUR", "rate": "0.9", "at": "2026-01-02T00:00:00Z", "source": "test"}
    return f"{desk.path}/fx/rates", rate


async def _get_fx_rate(book: Book) -> Request:
    return f"{(await open_desk(book.tenant)).path}/fx/rates?pair=USD/EUR", None


async def _new_fx_quote(book: Book) -> Request:
    desk = await open_desk(book.tenant)
    return f"{desk.path}/fx/quotes", {"sell": "USD", "buy": "EUR", "buy_amount": "100"}


async def _get_fx_quote(book: Book) -> Request:
    desk = await open_desk(book.tenant)
    return f"{desk.path}/fx/quotes/{await fx_quote(desk)}", None


async def _fx_conversion(book: Book) -> Request:
    desk = await open_desk(book.tenant)
    accounts = {"from_account": "wallet", "to_account": "dollars"}
    return f"{desk.path}/fx/conversions", {"quote": await fx_quote(desk), **accounts}


async def _fx_revaluation(book: Book) -> Request:
    desk = await open_desk(book.tenant)
    return f"{desk.path}/fx/revaluations", {"at": "2026-02-01T00:00:00Z"}


async def _reversal(book: Book) -> Request:
    path, body = await _transaction(book)
    posted = await book.tenant.create(path, body)
    return f"{path}/{posted['id']}/reverse", {"reason": "Booked twice"}


async def _new_schedule(book: Book) -> Request:
    template = book.transfer("1")
    body = {"transaction": template, "first_at": "2060-01-01T00:00:00Z", "every": "day"}
    return f"{book.path}/schedules", body


async def _new_accrual(book: Book) -> Request:
    leg = book.transfer("120")["postings"][0]
    return f"{book.path}/accruals", {**leg, "first_period": "2060-01", "periods": 12}


async def _schedule_path(book: Book) -> str:
    path, body = await _new_schedule(book)
    return f"{path}/{(await book.tenant.create(path, body))['id']}"


async def _schedule(book: Book) -> Request:
    return await _schedule_path(book), None


async def _occurrences(book: Book) -> Request:
    return f"{await _schedule_path(book)}/occurrences", None


async def _pause(book: Book) -> Request:
    return f"{await _schedule_path(book)}/pause", {}


async def _resume(book: Book) -> Request:
    path = await _schedule_path(book)
    await book.tenant.create(f"{path}/pause", {})
    return f"{path}/resume", {}


async def _cancel(book: Book) -> Request:
    return f"{await _schedule_path(book)}/cancel", {}


async def _new_key(_: Book) -> Request:
    return "/v1/api-keys", {"name": "reports", "scopes": ["ledger:read"]}


async def _key_path(book: Book) -> str:
    issued = await book.tenant.create(*await _new_key(book))
    return f"/v1/api-keys/{issued['api_key']['id']}"


async def _rotation(book: Book) -> Request:
    return f"{await _key_path(book)}/rotate", {"overlap_s": 60}


async def _revocation(book: Book) -> Request:
    return f"{await _key_path(book)}/revoke", {}


async def _dead_job(book: Book) -> str:
    return f"/v1/jobs/dead/{await bury(book.tenant)}"


async def _replay(book: Book) -> Request:
    return f"{await _dead_job(book)}/replay", {}


async def _discard(book: Book) -> Request:
    return f"{await _dead_job(book)}/discard", {}


async def _new_contact(_: Book) -> Request:
    return "/v1/contacts", {"name": "Ada Lovelace", "email": "ada@example.com"}


async def _contact(book: Book) -> str:
    path, body = await _new_contact(book)
    return f"{path}/{(await book.tenant.create(path, body))['id']}"


async def _open_contact(book: Book) -> Request:
    return f"{await _contact(book)}?purpose=customer_service", None


async def _grant(book: Book) -> Request:
    return f"/v1/grants/{await given_grant(book.tenant)}", None


async def _revoke_grant(book: Book) -> Request:
    return f"/v1/grants/{await given_grant(book.tenant)}/revoke", {}


async def _change_contact(book: Book) -> Request:
    return await _contact(book), {"name": "Ada King"}


async def _search_contacts(_: Book) -> Request:
    return "/v1/contacts/search", {"purpose": "customer_service", "email": "ada@example.com"}


def _of_limited(end: str, body: object = None) -> Callable[[Book], Awaitable[Request]]:
    """Something of a new account of a bank of its own."""

    async def request(book: Book) -> Request:
        bank = await open_bank(book.tenant, bank_code=f"{next(_CODES):08}")
        return f"/v1/accounts/{(await bank.open())['id']}{end}", body

    return request


async def _new_account_party(book: Book) -> Request:
    mandate = {"party_id": await new_party(book.tenant), "role": "holder"}
    return await _of_limited("/parties", mandate)(book)


async def _remove_account_party(book: Book) -> Request:
    path, mandate = await _new_account_party(book)
    party = (await book.tenant.create(path, mandate))["party_id"]
    return f"{path}/{party}/remove", {"role": "holder"}


async def _new_party(_: Book) -> Request:
    return "/v1/parties", {"kind": "person", "legal_name": "Ada Lovelace"}


async def _party(book: Book) -> str:
    path, body = await _new_party(book)
    return f"{path}/{(await book.tenant.create(path, body))['id']}"


async def _open_party(book: Book) -> Request:
    return f"{await _party(book)}?purpose=customer_service", None


async def _change_party(book: Book) -> Request:
    return await _party(book), {"legal_name": "Ada King"}


async def _search_parties(_: Book) -> Request:
    return "/v1/parties/search", {"purpose": "customer_service", "email": "ada@example.com"}


async def _assess_party(book: Book) -> Request:
    return f"{await _party(book)}/assessments", {"verification": "standard", "risk": "low"}


async def _party_limits(book: Book) -> Request:
    return f"{await _party(book)}/limits", None


async def _set_party_limits(book: Book) -> Request:
    return f"{await _party(book)}/limits", _LIMITS


async def _party_assessments(book: Book) -> Request:
    return f"{await _party(book)}/assessments?purpose=customer_service", None


async def _link_party_user(book: Book) -> Request:
    path, body = await _new_user(book)
    user = (await book.tenant.create(path, body))["user"]
    body = {"kind": "person", "legal_name": "Ada", "subject_id": user["subject_id"]}
    party = await book.tenant.create("/v1/parties", body)
    return f"/v1/parties/{party['id']}/user", {"user_id": user["id"]}


async def _new_relationship(book: Book) -> Request:
    guardian = (await _party(book)).rpartition("/")[2]
    body = {"kind": "guardian", "related_party_id": guardian}
    return f"{await _party(book)}/relationships", body


async def _party_relationships(book: Book) -> Request:
    return f"{await _party(book)}/relationships?purpose=customer_service", None


async def _end_relationship(book: Book) -> Request:
    path, body = await _new_relationship(book)
    return f"{path}/{(await book.tenant.create(path, body))['id']}/end", {}


async def _new_user(_: Book) -> Request:
    return "/v1/users", {"name": "Ada Lovelace", "email": f"ada.{uuid4()}@example.com"}


async def _user(book: Book) -> str:
    path, body = await _new_user(book)
    return f"{path}/{(await book.tenant.create(path, body))['user']['id']}"


async def _open_user(book: Book) -> Request:
    return f"{await _user(book)}?purpose=customer_service", None


async def _disable_user(book: Book) -> Request:
    return f"{await _user(book)}/disable", {}


async def _user_roles(book: Book) -> Request:
    return f"{await _user(book)}/roles", {"roles": ["auditor"]}


async def _user_link(book: Book) -> Request:
    return f"{await _user(book)}/links", {"kind": "invitation"}


async def _bank_account(book: Book) -> str:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    return f"/v1/accounts/{(await bank.open())['id']}"


async def _stated(book: Book) -> str:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    return f"/v1/accounts/{(await bank.opened_long_ago())['id']}"


async def _customer_statement(book: Book) -> Request:
    return f"{await _stated(book)}/statements/1?asset=EUR", None


async def _new_balance_confirmation(book: Book) -> Request:
    body = {"on": f"{(datetime.now(UTC) - timedelta(days=40)).date()}", "purpose": "testing"}
    return f"{await _stated(book)}/balance-confirmations", body


async def _balance_confirmation(book: Book) -> Request:
    made = await book.tenant.create(*await _new_balance_confirmation(book))
    return f"/v1/balance-confirmations/{made['id']}", None


async def _new_institution(book: Book) -> Request:
    new = {"book_id": book.id, "name": "Example", "country": "DE", "bic": "COBADEFFXXX"}
    return "/v1/institutions", new | {"bank_code": f"{next(_BANK_CODES):08}"}


async def _institution(book: Book) -> Request:
    path, new = await _new_institution(book)
    return f"{path}/{(await book.tenant.create(path, new))['id']}", None


async def _new_end_of_day(book: Book) -> Request:
    assets = [{"code": "EUR", "scale": 2}]
    own = await book.tenant.create("/v1/books", {"name": "Ended", "assets": assets})
    return "/v1/end-of-day-runs", {"book_id": own["id"], "day": "2020-01-31"}


async def _end_of_day(book: Book) -> Request:
    path, new = await _new_end_of_day(book)
    return f"{path}/{(await book.tenant.create(path, new))['id']}", None


async def _new_product(book: Book) -> Request:
    institution = (await _institution(book))[0].rpartition("/")[2]
    code = f"current-{uuid4().hex}"
    terms = {"assets": ["EUR"]}
    new = {"code": code, "institution_id": institution, "kind": "current", "terms": terms}
    return "/v1/products", new


async def _product(book: Book) -> Request:
    path, new = await _new_product(book)
    return f"{path}/{(await book.tenant.create(path, new))['id']}", None


async def _product_version(book: Book) -> Request:
    return f"{(await _product(book))[0]}/versions/1", None


async def _new_product_version(book: Book) -> Request:
    return f"{(await _product(book))[0]}/versions", {"after": 1, "terms": {"assets": ["EUR"]}}


async def _new_bank_account(book: Book) -> Request:
    return "/v1/accounts", {"product_id": (await _product(book))[0].rpartition("/")[2]}


def _of_bank_account(end: str, body: object = None) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        return f"{await _bank_account(book)}{end}", body

    return request


async def _new_bank_account_asset(book: Book) -> Request:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    account = await bank.open(assets=["EUR"])
    return f"/v1/accounts/{account['id']}/assets", {"asset": "USD"}


async def _search_bank_accounts(_: Book) -> Request:
    return "/v1/accounts/search", {"purpose": "testing", "iban": "DE89370400440532013000"}


async def _new_payment(book: Book) -> Request:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    payer, payee = await bank.funded(), (await bank.open())["id"]
    creditor = {"account_id": payee}
    new = {"debtor_account": payer, "creditor": creditor, "asset": "EUR", "amount": "5"}
    return "/v1/payments", new


async def _new_verification(book: Book) -> tuple[str, dict[str, str]]:
    path = await _bank_account(book)
    payee = {"iban": _DENIED["iban"], "name": "Grace Hopper"}
    return "/v1/payee-verifications", {"debtor_account": path.rpartition("/")[2], **payee}


async def _new_verifications(book: Book) -> Request:
    path, new = await _new_verification(book)
    payees = [{"iban": new["iban"], "name": new["name"]}]
    return f"{path}/batch", {"debtor_account": new["debtor_account"], "payees": payees}


async def _verification(book: Book) -> Request:
    path, new = await _new_verification(book)
    made = await book.tenant.create(path, new)
    return f"{path}/{made['id']}?purpose=testing", None


async def _scanned(_: Book) -> Request:
    return "/v1/payments/qr", {"payload": f"BCD\n002\n1\nSCT\n\nGrace Hopper\n{_DENIED['iban']}"}


def _of_payment(end: str) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        path, new = await _new_payment(book)
        return f"{path}/{(await book.tenant.create(path, new))['id']}{end}", None

    return request


def _of_waiting_payment(end: str, body: object = None) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        path, first, second = await waiting_payment(
            await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
        )
        parties = {"/approve": second, "/withdraw": first}
        return f"{path}{end}", body or {"party_id": parties[end]}

    return request


def _of_sent_payment(end: str, body: object) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
        return f"{await sent_over_http(bank)}{end}", body

    return request


def _of_expected_payment(end: str, body: object) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
        return f"{await expected_over_http(bank)}{end}", body

    return request


def _of_reviewed_payment(end: str, body: object) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        path, new = await _new_payment(book)
        with reviewing():
            made = await book.tenant.create(path, new)
        assert made["state"] == "under_review"
        return f"{path}/{made['id']}{end}", body

    return request


def _of_recall(end: str, body: object = None) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
        return f"{await recalled_over_http(bank)}{end}", body

    return request


async def _new_standing_order(book: Book) -> Request:
    _, new = await _new_payment(book)
    rule = {"every": "month", "first": str((datetime.now(UTC) + timedelta(days=2)).date())}
    return "/v1/standing-orders", {**_members(new), "rule": rule}


def _members(body: object) -> dict[str, object]:
    assert isinstance(body, dict)
    return body


def _of_standing_order(end: str, body: object = None) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        path, new = await _new_standing_order(book)
        return f"{path}/{(await book.tenant.create(path, new))['id']}{end}", body

    return request


async def _standing_orders(book: Book) -> Request:
    path, new = await _new_standing_order(book)
    return f"{path}?debtor_account={_members(new)['debtor_account']}", None


async def _new_bulk(_: Book) -> Request:
    row = "DE89370400440532013000,DE89370400440532013000,Grace Hopper,1.00,EUR,salary,Salary"
    asked = f"?message_id={uuid4().hex}&initiator=payroll"
    return f"/v1/bulk-payments{asked}", f"{COLUMNS}\n{row}\n".encode()


def _of_bulk(end: str) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        path, content = await _new_bulk(book)
        headers = fresh_key() | {"Content-Type": "text/csv"}
        assert isinstance(content, bytes)
        sent = await book.tenant.client.post(path, content=content, headers=headers)
        assert sent.status_code == 202, sent.text
        return f"/v1/bulk-payments/{sent.json()['id']}{end}", None

    return request


async def _new_verified_bulk(book: Book) -> str:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    return f"/v1/bulk-payments/{await verified_bulk(bank)}"


async def _confirm_bulk(book: Book) -> Request:
    path = await _new_verified_bulk(book)
    found = (await book.tenant.client.get(f"{path}/verification")).json()
    return f"{path}/confirm", {"digest": found["digest"]}


async def _withdraw_bulk(book: Book) -> Request:
    return f"{await _new_verified_bulk(book)}/withdraw", {}


async def _new_debit_file(_: Book) -> Request:
    return "/v1/bulk-direct-debits", debit_file()


def _of_debit_file(end: str) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        return f"/v1/bulk-direct-debits/{await sent_debit_file(book.tenant)}{end}", None

    return request


async def _shop(book: Book) -> Shop:
    return await open_shop(await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}"))


async def _new_authorization(book: Book) -> Request:
    return "/v1/authorizations", (await _shop(book)).order(100)


async def _authorization(book: Book) -> Request:
    return f"/v1/authorizations/{await (await _shop(book)).authorize()}", None


def _of_authorized(end: str, body: object = None) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        return f"/v1/payments/{await (await _shop(book)).authorize()}{end}", body

    return request


def _of_captured(end: str, body: object = None) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        return f"/v1/payments/{await (await _shop(book)).captured()}{end}", body

    return request


async def _resolve_dispute(book: Book) -> Request:
    shop = await _shop(book)
    payment = await shop.captured()
    await shop.ask(payment, "dispute", reason="not_delivered")
    body = {"outcome": "won", "reason": "proof_of_delivery"}
    return f"/v1/payments/{payment}/dispute/resolve", body


async def _new_fee_schedule(_: Book) -> Request:
    return "/v1/fee-schedules", {"asset": "EUR", "fixed": "25"}


async def _fee_schedule(book: Book) -> Request:
    path, new = await _new_fee_schedule(book)
    return f"{path}/{(await book.tenant.create(path, new))['id']}", None


async def _new_settlement(book: Book) -> Request:
    shop = await _shop(book)
    await shop.captured()
    return f"/v1/accounts/{shop.payee}/settlement-batches", {"asset": "EUR"}


async def _settlements(book: Book) -> Request:
    return (await _new_settlement(book))[0], None


def _of_settlement(end: str) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        path, new = await _new_settlement(book)
        return f"/v1/settlement-batches/{(await book.tenant.create(path, new))['id']}{end}", None

    return request


async def _new_arrangement(book: Book) -> Request:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    account = {"id": SAFE, "asset": "EUR", "type": "asset"}
    await book.tenant.create(f"{bank.book_path}/accounts", account)
    return "/v1/safeguarding-arrangements", new_arrangement(bank)


async def _arranged(book: Book) -> str:
    return await arranged_long_ago(
        await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    )


def _of_arrangement(end: str) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        return f"/v1/safeguarding-arrangements/{await _arranged(book)}{end}", None

    return request


async def _new_reconciled_day(book: Book) -> tuple[str, dict[str, str]]:
    day = (datetime.now(UTC).date() - timedelta(days=2)).isoformat()
    new = {"arrangement_id": await _arranged(book), "day": day}
    return "/v1/safeguarding-reconciliations", new


async def _reconciled_day(book: Book) -> Request:
    path, new = await _new_reconciled_day(book)
    return f"{path}/{(await book.tenant.create(path, new))['id']}", None


def _of_incident(
    end: str, body: object = None, *, is_acknowledged: bool = False
) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        incident = await standing_incident(
            book.tenant, await _arranged(book), is_acknowledged=is_acknowledged
        )
        return f"/v1/safeguarding-incidents/{incident}{end}", body

    return request


def _of_unapplied(
    end: str, body: dict[str, str] | None = None, *, is_given: bool = False
) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
        path = f"/v1/unapplied-money/{await collected_for_nobody(bank)}{end}"
        given = {"account_id": (await bank.open())["id"]} if is_given else {}
        return path, None if body is None else body | given

    return request


async def _new_quote(book: Book) -> tuple[str, dict[str, str]]:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    await open_exchange(bank)
    quote = {"sell": "EUR", "buy": "USD", "sell_amount": "100"}
    return "/v1/quotes", quote | {"debtor_account": await bank.funded()}


async def _new_quoted_payment(book: Book) -> Request:
    path, new = await _new_quote(book)
    quote = await book.tenant.create(path, new)
    payer = _members(new)["debtor_account"]
    accounts = dict.fromkeys(("debtor_account", "creditor_account"), payer)
    return "/v1/quoted-payments", {"quote_id": quote["id"], **accounts}


async def _quoted_payment(book: Book) -> Request:
    path, new = await _new_quoted_payment(book)
    return f"{path}/{(await book.tenant.create(path, new))['id']}", None


async def _new_debit_mandate(book: Book) -> Request:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    payer, payee = [str((await bank.open())["id"]) for _ in range(2)]
    new = {
        "creditor_account": payee,
        "creditor_id": CREDITOR,
        "creditor_name": "Example Power",
        "reference": _unique(),
        "debtor": {"name": "Ada Lovelace", "iban": await bank.iban(payer)},
        "signed_on": "2026-01-05",
    }
    return "/v1/direct-debit-mandates", new


async def _new_creditor(book: Book) -> Request:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    party = await book.tenant.create("/v1/parties", {"kind": "person", "legal_name": "Ada"})
    new = {"institution_id": bank.institution, "party_id": party["id"], "creditor_id": CREDITOR}
    return "/v1/direct-debit-creditors", new


async def _creditor(book: Book) -> Request:
    path, new = await _new_creditor(book)
    return f"{path}/{(await book.tenant.create(path, new))['id']}", None


def _of_debit_mandate(end: str, body: object = None) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        path, new = await _new_debit_mandate(book)
        return f"{path}/{(await book.tenant.create(path, new))['id']}{end}", body

    return request


async def _new_debit(book: Book) -> Request:
    bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
    payer, payee = [str((await bank.open())["id"]) for _ in range(2)]
    mandate = await signed_mandate(bank, payer, payee)
    new = {"mandate_id": mandate, "asset": "EUR", "amount": "5", "due_on": due_soon()}
    return "/v1/direct-debits", new


def _of_debit(
    end: str, body: object = None, *, settled: bool = False
) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
        debit = await (settled_debit if settled else announced_debit)(bank)
        return f"/v1/direct-debits/{debit}{end}", body

    return request


def _of_payer(end: str, body: object = None) -> Callable[[Book], Awaitable[Request]]:
    async def request(book: Book) -> Request:
        bank = await open_bank(book.tenant, bank_code=f"{next(_BANK_CODES):08}")
        return f"/v1/accounts/{(await bank.open())['id']}{end}", body

    return request


async def _lift_block(book: Book) -> Request:
    path = f"{await _bank_account(book)}/blocks"
    block = await book.tenant.create(path, _BLOCK)
    return f"{path}/{block['id']}/lift", {}


async def _new_holder(book: Book) -> Request:
    user = (await _user(book)).rpartition("/")[2]
    return f"{book.path}/accounts/wallet/holders", {"user_id": user}


async def _remove_holder(book: Book) -> Request:
    path, body = await _new_holder(book)
    holder = await book.tenant.create(path, body)
    return f"{path}/{holder['user_id']}/remove", {}


async def _new_hook(_: Book) -> Request:
    return "/v1/webhook-endpoints", {"url": HOOK_URL}


async def _new_approval(_: Book) -> Request:
    return "/v1/approvals", msgspec.to_builtins(REVOKE)


async def _asked_approval(book: Book) -> Request:
    return f"/v1/approvals/{await asked_by_another(book.tenant)}", None


async def _approve_request(book: Book) -> Request:
    return f"/v1/approvals/{await asked_by_another(book.tenant)}/approve", {}


async def _refuse_request(book: Book) -> Request:
    return f"/v1/approvals/{await asked_by_another(book.tenant)}/refuse", {}


async def _get_hook(book: Book) -> Request:
    return await hook(book.tenant), None


async def _change_hook(book: Book) -> Request:
    return await hook(book.tenant), {"description": "For the ledger's books."}


async def _rotate_hook(book: Book) -> Request:
    return f"{await hook(book.tenant)}/rotate", {"overlap_s": 0}


async def _ping_hook(book: Book) -> Request:
    return f"{await hook(book.tenant)}/ping", {}


async def _replay_hook(book: Book) -> Request:
    return f"{await hook(book.tenant)}/replay", {"stream": f"book:{book.id}", "after": 0}


async def _deliveries(book: Book) -> Request:
    return f"{await hook(book.tenant)}/deliveries?status=pending", None


async def _replay_delivery(book: Book) -> Request:
    return f"{await delivered(book.tenant)}/replay", {}


async def _rotate_checkpoint_key(_: Book) -> Request:
    return "/v1/checkpoint-keys/rotate", {"overlap_s": 60}


async def _statement(book: Book) -> Request:
    return f"{book.path}/accounts/wallet/imports", statement()


async def _import(book: Book) -> Request:
    path, body = await _statement(book)
    made = await upload(book.tenant, path, body)
    return f"{path}/{made['no']}", None


async def _line(book: Book) -> Request:
    await _import(book)
    return f"{book.path}/accounts/wallet/statement-lines/1", None


async def _new_reconciliation(book: Book) -> Request:
    body = {"account": "wallet", "period": {"to": "2026-01-31"}}
    return f"{book.path}/reconciliations", body


async def _reconciliation(book: Book) -> Request:
    return (await open_match(book))[0], None


async def _breaks(book: Book) -> Request:
    return f"{(await open_match(book))[0]}/breaks", None


async def _matches(book: Book) -> Request:
    return f"{(await open_match(book))[0]}/matches", None


async def _match(book: Book) -> Request:
    path, body = await open_match(book)
    return f"{path}/matches", body


async def _undo(book: Book) -> Request:
    path, body = await _match(book)
    made = await book.tenant.create(path, body)
    return f"{path}/{made['no']}/undo", {"reason": "It was another."}


async def _new_client(_: Book) -> Request:
    return "/v1/oauth-clients", {
        "name": "Payments",
        "grant_types": ["client_credentials"],
        "jwks": CLIENT_KEYS,
    }


async def _client(book: Book) -> str:
    path, body = await _new_client(book)
    return f"{path}/{(await book.tenant.create(path, body))['id']}"


async def _read_client(book: Book) -> Request:
    return await _client(book), None


async def _change_client_keys(book: Book) -> Request:
    return f"{await _client(book)}/keys", {"jwks": CLIENT_KEYS}


async def _disable_client(book: Book) -> Request:
    return f"{await _client(book)}/disable", {}


def _statement_issuer() -> dict[str, Any]:
    return {"issuer": f"https://{uuid4().hex}.example", "jwks": CLIENT_KEYS}


async def _new_issuer(_: Book) -> Request:
    return "/v1/software-statement-issuers", _statement_issuer()


async def _remove_issuer(book: Book) -> Request:
    path, body = await _new_issuer(book)
    return f"{path}/{(await book.tenant.create(path, body))['id']}/remove", {}


async def _new_initial(_: Book) -> Request:
    return "/v1/initial-access-tokens", {"name": "Partner"}


async def _revoke_initial(book: Book) -> Request:
    path, body = await _new_initial(book)
    made = await book.tenant.create(path, body)
    return f"{path}/{made['initial_access_token']['id']}/revoke", {}


CASES: Mapping[str, Case] = {
    "create_book": Case("POST", 201, _new_book, names=False),
    "list_books": _reads("/v1/books", names=False),
    "get_book": _reads("{book.path}"),
    "open_account": Case("POST", 201, _new_account),
    "open_accounts": Case("POST", 200, _new_accounts),
    "list_accounts": _reads("{book.path}/accounts"),
    "get_account": _reads("{book.path}/accounts/wallet"),
    "change_account": Case("PATCH", 200, _change),
    "get_balance": _reads("{book.path}/accounts/wallet/balance"),
    "list_entries": _reads("{book.path}/accounts/wallet/entries"),
    "get_statement": _reads("{book.path}/accounts/wallet/statement?from=2026-01-01&to=2062-12-31"),
    "post_transaction": Case("POST", 201, _transaction),
    "post_batch": Case("POST", 200, _batch),
    "get_transaction": _reads("{book.path}/transactions/{book.transaction}"),
    "reverse_transaction": Case("POST", 201, _reversal),
    "create_schedule": Case("POST", 201, _new_schedule),
    "create_accrual": Case("POST", 201, _new_accrual),
    "list_schedules": _reads("{book.path}/schedules"),
    "get_schedule": Case("GET", 200, _schedule),
    "list_occurrences": Case("GET", 200, _occurrences),
    "pause_schedule": Case("POST", 200, _pause),
    "resume_schedule": Case("POST", 200, _resume),
    "cancel_schedule": Case("POST", 200, _cancel),
    "get_hold": Case("GET", 200, _hold),
    "capture_hold": Case("POST", 200, _capture),
    "void_hold": Case("POST", 200, _void),
    "open_limit_group": Case("POST", 201, _new_limit_group),
    "get_limit_group": Case("GET", 200, _limit_group),
    "change_limit_group": Case("PATCH", 200, _limit_group_change),
    "list_periods": _reads("{book.path}/periods"),
    "get_period": Case("GET", 200, _closed),
    "close_period": Case("POST", 200, _closing),
    "reopen_period": Case("POST", 202, _reopening),
    "approve_reopening": Case("POST", 200, _approval),
    "withdraw_reopening": Case("POST", 200, _withdrawal),
    "get_chart": _reads("{book.path}/chart"),
    "replace_chart": Case("PUT", 200, _new_chart),
    "get_trial_balance": _reads("{book.path}/trial-balance"),
    "get_account_trial_balance": _reads("{book.path}/trial-balance/accounts?limit=1"),
    "get_balance_sheet": _reads("{book.path}/balance-sheet?axis=booking"),
    "get_income_statement": _reads("{book.path}/income-statement?from=2026-01-01&to=2026-12-31"),
    "import_statement": Case(
        "POST", 201, _statement, media_type="text/plain", bytes_max=UPLOAD_BYTES_MAX
    ),
    "list_imports": _reads("{book.path}/accounts/wallet/imports"),
    "get_import": Case("GET", 200, _import),
    "get_statement_line": Case("GET", 200, _line),
    "reconcile": Case("POST", 202, _new_reconciliation),
    "get_reconciliation": Case("GET", 200, _reconciliation),
    "list_breaks": Case("GET", 200, _breaks),
    "list_matches": Case("GET", 200, _matches),
    "match_by_hand": Case("POST", 201, _match),
    "undo_match": Case("POST", 200, _undo),
    # As a page: a stream does not end. What holds for both is decided before either begins.
    "follow_events": _reads("{book.path}/events", Accept="application/json"),
    "set_fx_settings": Case("POST", 200, _fx_settings),
    "get_fx_settings": Case("GET", 200, _get_fx_settings),
    "record_fx_rate": Case("POST", 201, _fx_rate),
    "get_fx_rate": Case("GET", 200, _get_fx_rate),
    "make_fx_quote": Case("POST", 201, _new_fx_quote),
    "get_fx_quote": Case("GET", 200, _get_fx_quote),
    "convert_currency": Case("POST", 201, _fx_conversion),
    "revalue_positions": Case("POST", 200, _fx_revaluation),
    "prove_transaction": _reads("{book.path}/proofs/{book.transaction}"),
    "prove_consistency": _reads("{book.path}/proofs/consistency?from=1"),
    "list_checkpoints": _reads("{book.path}/checkpoints"),
    "list_checkpoint_keys": _reads("/v1/checkpoint-keys", names=False),
    "rotate_checkpoint_key": Case("POST", 201, _rotate_checkpoint_key, names=False),
    "add_account_holder": Case("POST", 201, _new_holder),
    "list_account_holders": _reads("{book.path}/accounts/wallet/holders"),
    "remove_account_holder": Case("POST", 200, _remove_holder),
    "create_institution": Case("POST", 201, _new_institution, names=False),
    "list_institutions": _reads("/v1/institutions", names=False),
    "get_institution": Case("GET", 200, _institution),
    "create_product": Case("POST", 201, _new_product, names=False),
    "add_product_version": Case("POST", 201, _new_product_version),
    "list_products": _reads("/v1/products", names=False),
    "get_product": Case("GET", 200, _product),
    "get_product_version": Case("GET", 200, _product_version),
    "search_bank_accounts": Case("POST", 200, _search_bank_accounts, names=False),
    "open_bank_account": Case("POST", 201, _new_bank_account, names=False),
    "list_bank_accounts": _reads("/v1/accounts", names=False),
    "close_bank_account": Case("POST", 200, _of_bank_account("/close", {"reason": "left"})),
    "charge_account_fees": Case(
        "POST",
        201,
        _of_bank_account("/fees", {"event": "statement", "asset": "EUR", "reference": "2026-01"}),
    ),
    "list_account_fees": Case("GET", 200, _of_bank_account("/fees")),
    "start_end_of_day": Case("POST", 201, _new_end_of_day, names=False),
    "list_ends_of_days": _reads("/v1/end-of-day-runs", names=False),
    "get_end_of_day": Case("GET", 200, _end_of_day),
    "get_bank_account": Case("GET", 200, _of_bank_account("")),
    "read_bank_account_number": Case("GET", 200, _of_bank_account("/number?purpose=testing")),
    "get_bank_account_balances": Case("GET", 200, _of_bank_account("/balances")),
    "get_statement_cycle": Case("GET", 200, _of_bank_account("/statement-cycle")),
    "set_statement_cycle": Case(
        "PUT", 200, _of_bank_account("/statement-cycle", {"cycle": "week"})
    ),
    "list_statements": Case("GET", 200, _of_bank_account("/statements")),
    "get_customer_statement": Case("GET", 200, _customer_statement),
    "confirm_balance": Case("POST", 201, _new_balance_confirmation),
    "get_balance_confirmation": Case("GET", 200, _balance_confirmation),
    "add_bank_account_asset": Case("POST", 201, _new_bank_account_asset),
    "change_bank_account_status": Case(
        "POST", 200, _of_bank_account("/status", {"status": "dormant", "reason": "rest"})
    ),
    "list_bank_account_statuses": Case("GET", 200, _of_bank_account("/status")),
    "set_bank_account_overdraft": Case(
        "PUT",
        200,
        _of_bank_account("/overdraft", {"asset": "EUR", "amount": "5", "reason": "agreed"}),
    ),
    "move_bank_account": Case(
        "POST", 200, _of_bank_account("/product-version", {"product_version": 1})
    ),
    "place_account_block": Case("POST", 201, _of_bank_account("/blocks", _BLOCK)),
    "list_account_blocks": Case("GET", 200, _of_bank_account("/blocks")),
    "lift_account_block": Case("POST", 200, _lift_block),
    "verify_payee": Case("POST", 201, _new_verification, names=False),
    "verify_payees": Case("POST", 201, _new_verifications, names=False),
    "read_payee_verification": Case("GET", 200, _verification),
    "write_qr_code": Case(
        "POST", 200, _of_bank_account("/qr-code", {"purpose": "testing", "name": "Grace Hopper"})
    ),
    "read_qr_code": Case("POST", 200, _scanned, names=False),
    "create_payment": Case("POST", 201, _new_payment, names=False),
    "list_payments": _reads("/v1/payments", names=False),
    "get_payment": Case("GET", 200, _of_payment("")),
    "list_payment_transitions": Case("GET", 200, _of_payment("/transitions")),
    "read_payment_content": Case("GET", 200, _of_payment("/content?purpose=testing")),
    "approve_payment": Case("POST", 200, _of_waiting_payment("/approve")),
    "withdraw_payment_signature": Case("POST", 200, _of_waiting_payment("/withdraw")),
    "send_bulk_payment": Case(
        "POST", 202, _new_bulk, names=False, media_type="text/csv", bytes_max=BYTES_MAX
    ),
    "get_bulk_payment": Case("GET", 200, _of_bulk("")),
    "list_bulk_payment_items": Case("GET", 200, _of_bulk("/items")),
    "get_bulk_verification": Case("GET", 200, _of_bulk("/verification")),
    "confirm_bulk_payment": Case("POST", 200, _confirm_bulk),
    "withdraw_bulk_payment": Case("POST", 200, _withdraw_bulk),
    "report_bulk_payment": Case("GET", 200, _of_bulk("/report?purpose=testing")),
    "create_standing_order": Case("POST", 201, _new_standing_order, names=False),
    "list_standing_orders": Case("GET", 200, _standing_orders, names=False),
    "get_standing_order": Case("GET", 200, _of_standing_order("")),
    "list_standing_order_occurrences": Case("GET", 200, _of_standing_order("/occurrences")),
    "amend_standing_order": Case("POST", 200, _of_standing_order("/amend", {"amount": "7"})),
    "cancel_standing_order": Case("POST", 200, _of_standing_order("/cancel", {})),
    "release_payment": Case("POST", 200, _of_reviewed_payment("/release", {})),
    "reject_payment": Case("POST", 200, _of_reviewed_payment("/reject", {"reason": "doubtful"})),
    "resolve_payment": Case(
        "POST", 200, _of_expected_payment("/resolve", {"outcome": "settled", "reason": "asked"})
    ),
    "cancel_payment": Case("POST", 200, _of_waiting_payment("/cancel", {"reason": "regret"})),
    "recall_payment": Case("POST", 201, _of_sent_payment("/recall", {"reason": "DUPL"})),
    "claim_payment_unauthorised": Case("POST", 201, _of_sent_payment("/unauthorised", {})),
    "list_recalls": _reads("/v1/recalls", names=False),
    "get_recall": Case("GET", 200, _of_recall("")),
    "answer_recall": Case("POST", 200, _of_recall("/answer", {"answer": "accept"})),
    "authorize_payment": Case("POST", 201, _new_authorization, names=False),
    "get_authorization": Case("GET", 200, _authorization),
    "capture_payment": Case("POST", 201, _of_authorized("/captures", {})),
    "list_captures": Case("GET", 200, _of_authorized("/captures")),
    "increment_authorization": Case("POST", 200, _of_authorized("/increment", {"amount": "5"})),
    "void_authorization": Case("POST", 200, _of_authorized("/void", {"reason": "regret"})),
    "refund_payment": Case("POST", 201, _of_captured("/refunds", {"reason": "returned"})),
    "list_refunds": Case("GET", 200, _of_captured("/refunds")),
    "dispute_payment": Case("POST", 200, _of_captured("/dispute", {"reason": "not_delivered"})),
    "resolve_payment_dispute": Case("POST", 200, _resolve_dispute),
    "create_fee_schedule": Case("POST", 201, _new_fee_schedule, names=False),
    "list_fee_schedules": _reads("/v1/fee-schedules", names=False),
    "get_fee_schedule": Case("GET", 200, _fee_schedule),
    "settle_account": Case("POST", 201, _new_settlement),
    "list_settlement_batches": Case("GET", 200, _settlements),
    "get_settlement_batch": Case("GET", 200, _of_settlement("")),
    "list_settlement_items": Case("GET", 200, _of_settlement("/items")),
    "list_unapplied_money": _reads("/v1/unapplied-money", names=False),
    "get_unapplied_money": Case("GET", 200, _of_unapplied("")),
    "list_unapplied_movements": Case("GET", 200, _of_unapplied("/movements")),
    "apply_unapplied_money": Case(
        "POST", 201, _of_unapplied("/apply", {"reason": "found"}, is_given=True)
    ),
    "send_back_unapplied_money": Case(
        "POST", 201, _of_unapplied("/send-back", {"reason": "creditor_left"})
    ),
    "arrange_safeguarding": Case("POST", 201, _new_arrangement, names=False),
    "list_safeguarding_arrangements": _reads("/v1/safeguarding-arrangements", names=False),
    "get_safeguarding_arrangement": Case("GET", 200, _of_arrangement("")),
    "get_safeguarding_position": Case("GET", 200, _of_arrangement("/position")),
    "list_safeguarding_reconciliations": Case("GET", 200, _of_arrangement("/reconciliations")),
    "reconcile_safeguarding": Case("POST", 201, _new_reconciled_day, names=False),
    "get_safeguarding_reconciliation": Case("GET", 200, _reconciled_day),
    "list_safeguarding_incidents": _reads("/v1/safeguarding-incidents", names=False),
    "get_safeguarding_incident": Case("GET", 200, _of_incident("")),
    "list_safeguarding_incident_steps": Case("GET", 200, _of_incident("/steps")),
    "acknowledge_safeguarding_incident": Case(
        "POST", 200, _of_incident("/acknowledge", {"reason": "late_settlement"})
    ),
    "close_safeguarding_incident": Case(
        "POST", 200, _of_incident("/close", {"reason": "topped_up"}, is_acknowledged=True)
    ),
    "quote_payment": Case("POST", 201, _new_quote, names=False),
    "pay_with_quote": Case("POST", 201, _new_quoted_payment, names=False),
    "get_quoted_payment": Case("GET", 200, _quoted_payment),
    "register_direct_debit_creditor": Case("POST", 201, _new_creditor, names=False),
    "list_direct_debit_creditors": _reads("/v1/direct-debit-creditors", names=False),
    "get_direct_debit_creditor": Case("GET", 200, _creditor),
    "sign_direct_debit_mandate": Case("POST", 201, _new_debit_mandate, names=False),
    "amend_direct_debit_mandate": Case(
        "POST", 200, _of_debit_mandate("/amend", {"creditor_name": "Other Power"})
    ),
    "cancel_direct_debit_mandate": Case("POST", 200, _of_debit_mandate("/cancel", {})),
    "list_direct_debit_mandates": _reads("/v1/direct-debit-mandates", names=False),
    "get_direct_debit_mandate": Case("GET", 200, _of_debit_mandate("")),
    "set_direct_debit_controls": Case(
        "PUT", 200, _of_payer("/direct-debit-controls", {"is_blocked": True})
    ),
    "get_direct_debit_controls": Case("GET", 200, _of_payer("/direct-debit-controls")),
    "set_payer_mandate": Case(
        "POST",
        201,
        _of_payer(
            "/payer-mandates",
            {
                "creditor_id": CREDITOR,
                "reference": "M-7",
                "scheme": "b2b",
                "standing": "confirmed",
            },
        ),
    ),
    "list_payer_mandates": Case("GET", 200, _of_payer("/payer-mandates")),
    "create_direct_debit": Case("POST", 201, _new_debit, names=False),
    "list_direct_debits": _reads("/v1/direct-debits", names=False),
    "get_direct_debit": Case("GET", 200, _of_debit("")),
    "list_direct_debit_steps": Case("GET", 200, _of_debit("/steps")),
    "read_direct_debit_content": Case("GET", 200, _of_debit("/content?purpose=testing")),
    "cancel_direct_debit": Case("POST", 200, _of_debit("/cancel", {"code": "CUST"})),
    "refuse_direct_debit": Case("POST", 200, _of_debit("/refuse", {})),
    "refund_direct_debit": Case("POST", 200, _of_debit("/refund", {}, settled=True)),
    "return_direct_debit": Case("POST", 200, _of_debit("/return", {"code": "MD07"}, settled=True)),
    "reverse_direct_debit": Case(
        "POST", 200, _of_debit("/reverse", {"code": "AM05"}, settled=True)
    ),
    "send_bulk_direct_debit": Case(
        "POST",
        202,
        _new_debit_file,
        names=False,
        media_type="application/xml",
        bytes_max=MESSAGE_BYTES_MAX,
    ),
    "get_bulk_direct_debit": Case("GET", 200, _of_debit_file("")),
    "list_bulk_direct_debit_items": Case("GET", 200, _of_debit_file("/items")),
    "report_bulk_direct_debit": Case("GET", 200, _of_debit_file("/report?purpose=testing")),
    "create_contact": Case("POST", 201, _new_contact, names=False),
    "list_contacts": _reads("/v1/contacts", names=False),
    "open_contact": Case("GET", 200, _open_contact),
    "list_grants": _reads("/v1/grants", names=False),
    "read_grant": Case("GET", 200, _grant),
    "revoke_grant": Case("POST", 200, _revoke_grant),
    "change_contact": Case("PATCH", 200, _change_contact),
    "search_contacts": Case("POST", 200, _search_contacts, names=False),
    "get_account_limits": Case("GET", 200, _of_limited("/limits")),
    "get_account_limits_usage": Case("GET", 200, _of_limited("/limits/usage")),
    "set_account_limits": Case("PUT", 200, _of_limited("/limits", _LIMITS)),
    "set_account_limits_at_once": Case("PUT", 200, _of_limited("/limits/at-once", _LIMITS)),
    "get_party_limits": Case("GET", 200, _party_limits),
    "set_party_limits": Case("PUT", 200, _set_party_limits),
    "list_counterparty": Case("POST", 200, _of_limited("/counterparties", _DENIED)),
    "add_account_party": Case("POST", 201, _new_account_party),
    "list_account_parties": Case("GET", 200, _of_limited("/parties")),
    "remove_account_party": Case("POST", 200, _remove_account_party),
    "get_signing_rules": Case("GET", 200, _of_limited("/signing-rules")),
    "set_signing_rules": Case("PUT", 200, _of_limited("/signing-rules", {"bands": []})),
    "create_party": Case("POST", 201, _new_party, names=False),
    "list_parties": _reads("/v1/parties?purpose=customer_service", names=False),
    "open_party": Case("GET", 200, _open_party),
    "change_party": Case("PATCH", 200, _change_party),
    "search_parties": Case("POST", 200, _search_parties, names=False),
    "assess_party": Case("POST", 200, _assess_party),
    "list_party_assessments": Case("GET", 200, _party_assessments),
    "link_party_user": Case("POST", 200, _link_party_user),
    "add_party_relationship": Case("POST", 201, _new_relationship),
    "list_party_relationships": Case("GET", 200, _party_relationships),
    "end_party_relationship": Case("POST", 200, _end_relationship),
    "invite_user": Case("POST", 201, _new_user, names=False),
    "list_users": _reads("/v1/users", names=False),
    "open_user": Case("GET", 200, _open_user),
    "disable_user": Case("POST", 200, _disable_user),
    "set_user_roles": Case("POST", 200, _user_roles),
    "issue_user_link": Case("POST", 201, _user_link),
    "create_api_key": Case("POST", 201, _new_key, names=False),
    "list_api_keys": _reads("/v1/api-keys", names=False),
    "rotate_api_key": Case("POST", 201, _rotation),
    "revoke_api_key": Case("POST", 200, _revocation),
    "create_oauth_client": Case("POST", 201, _new_client, names=False),
    "list_oauth_clients": _reads("/v1/oauth-clients", names=False),
    "read_oauth_client": Case("GET", 200, _read_client),
    "change_oauth_client_keys": Case("POST", 200, _change_client_keys),
    "disable_oauth_client": Case("POST", 200, _disable_client),
    "create_software_statement_issuer": Case("POST", 201, _new_issuer, names=False),
    "list_software_statement_issuers": _reads("/v1/software-statement-issuers", names=False),
    "remove_software_statement_issuer": Case("POST", 200, _remove_issuer),
    "create_initial_access_token": Case("POST", 201, _new_initial, names=False),
    "list_initial_access_tokens": _reads("/v1/initial-access-tokens", names=False),
    "revoke_initial_access_token": Case("POST", 200, _revoke_initial),
    "list_oauth_client_registrations": _reads("/v1/oauth-client-registrations", names=False),
    "list_events": _reads("/v1/events", names=False),
    "list_dead_jobs": _reads("/v1/jobs/dead", names=False),
    "replay_dead_job": Case("POST", 200, _replay),
    "discard_dead_job": Case("POST", 200, _discard),
    "create_webhook_endpoint": Case("POST", 201, _new_hook, names=False),
    "list_webhook_endpoints": _reads("/v1/webhook-endpoints", names=False),
    "get_webhook_endpoint": Case("GET", 200, _get_hook),
    "change_webhook_endpoint": Case("PATCH", 200, _change_hook),
    "rotate_webhook_key": Case("POST", 201, _rotate_hook),
    "ping_webhook_endpoint": Case("POST", 201, _ping_hook),
    "replay_webhooks": Case("POST", 200, _replay_hook),
    "list_webhook_deliveries": Case("GET", 200, _deliveries),
    "replay_webhook_delivery": Case("POST", 201, _replay_delivery),
    "request_approval": Case("POST", 201, _new_approval, names=False),
    "list_approvals": _reads("/v1/approvals", names=False),
    "read_approval": Case("GET", 200, _asked_approval),
    "approve_request": Case("POST", 200, _approve_request),
    "refuse_request": Case("POST", 200, _refuse_request),
    "metrics": _reads("/metrics", names=False),
    "status": _reads("/status", names=False),
}

PROTOCOL_TAGS = {"Identity", "Schemes"}

WITHOUT_AUTHENTICATION = {"live", "ready", "entrance", "explain_error"}

"""Health, and what this is. Documents are not operations."""


async def _operations(api: Api) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Operation id -> method, path, content of the document.

    Without protocol endpoints: these follow their own standards, and have tests of their own.
    """
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, methods in (await api.document())["paths"].items()
        for method, operation in methods.items()
        if PROTOCOL_TAGS.isdisjoint(operation.get("tags", []))
    }


async def test_every_operation_has_a_case(api: Api) -> None:
    documented = await _operations(api)
    assert set(CASES) == set(documented) - WITHOUT_AUTHENTICATION
    for name, case in CASES.items():
        method, path, content = documented[name]
        assert case.method == method
        assert case.names == ("{" in path)
        assert str(case.status) in content["responses"]


async def test_every_route_of_the_application_is_in_the_document(
    api: Api, identity: Identity
) -> None:
    assert isinstance(api.app, Traced)
    signed = api.app._app
    assert isinstance(signed, SignedMessages)
    application = signed._app
    assert isinstance(application, FastAPI)
    routes = application.routes
    documented = set((await api.document())["paths"])
    for_people = {route.path for route in identity.pages if isinstance(route, Route)}
    paths = {route.path for route in routes if hasattr(route, "path")}
    assert paths - documented - for_people <= {"/openapi.json"}


async def test_every_operation_declares_its_credential_and_scope(api: Api) -> None:
    for name, (_, _, content) in (await _operations(api)).items():
        if name not in WITHOUT_AUTHENTICATION:
            [[(scheme, scopes)]] = [requirement.items() for requirement in content["security"]]
            assert (scheme, len(scopes)) == ("apiKey", 1)
            assert {"401", "403"} <= set(content["responses"])


@pytest.mark.parametrize("name", CASES)
async def test_its_owner_is_served(name: str, book: Book) -> None:
    case = CASES[name]
    answer = await case.send(book.tenant.client, await case.request(book))
    assert answer.status_code == case.status, answer.text


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.names])
async def test_another_tenant_gets_404_where_the_owner_is_served(
    name: str, book: Book, other_tenant: Tenant
) -> None:
    case = CASES[name]
    request = await case.request(book)
    foreign = await case.send(other_tenant.client, request)
    assert foreign.status_code == 404, foreign.text
    assert (await case.send(book.tenant.client, request)).status_code == case.status
    # And what is unknown to everyone reads the same, so that nothing is learnt of what exists.
    path, body = request
    known = {book.id, path.partition("?")[0].split("/")[3]}
    if path.startswith("/v1/jobs/dead/"):
        known.add(path.split("/")[4])
        known.remove("dead")
    for each in known:
        path = path.replace(each, str(uuid4()))
    unknown = await case.send(other_tenant.client, (path, body))
    assert unknown.json().keys() == foreign.json().keys()
    assert unknown.json()["code"] == foreign.json()["code"]


async def test_lists_hold_only_the_tenants_own(book: Book, other_tenant: Tenant) -> None:
    books = (await other_tenant.client.get("/v1/books")).json()["books"]
    keys = (await other_tenant.client.get("/v1/api-keys")).json()["api_keys"]
    assert book.id not in [each["id"] for each in books]
    assert len(keys) == 1


@pytest.mark.parametrize("name", CASES)
async def test_without_a_credential_nothing_is_served(name: str, book: Book, api: Api) -> None:
    case = CASES[name]
    request = await case.request(book)
    for key in ("", book.tenant.key[:-1], book.tenant.key + "0"):
        async with api.client(key) as client:
            answer = await case.send(client, request)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("name", CASES)
async def test_without_its_scope_nothing_is_served(name: str, book: Book, api: Api) -> None:
    [requirement] = (await _operations(api))[name][2]["security"]
    [scope] = requirement["apiKey"]
    others = {*ALL_SCOPES} - {scope}
    issued = await api.issue(book.tenant.id, tuple(others))
    assert issued.key is not None
    case = CASES[name]
    request = await case.request(book)
    async with api.client(issued.key) as client:
        answer = await case.send(client, request)
    assert (answer.status_code, answer.json()["scope"]) == (403, scope)


WRITES = [name for name, case in CASES.items() if case.method != "GET"]

# Whatever the route takes, none of these is it.
BAD_BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "cut short": b'{"id": ',
    "an array": b"[]",
    "null": b"null",
    "a text": b'"text"',
    "an unknown field": b'{"surprise": 1}',
    "a NUL in a name": b'{"\\u0000": 1}',
    "invalid UTF-8": b'{"id": "\xff\xfe"}',
    "a lone surrogate": b'{"id": "\\udfff"}',
    "deep nesting": b'{"id":' * 20_000,
    "deep arrays": b"[" * 100_000,
    "a huge number": b'{"id": 1' + b"0" * 10_000 + b"}",
    "NaN": b"NaN",
}


@pytest.mark.parametrize("name", WRITES)
async def test_a_bad_body_is_a_400(name: str, book: Book) -> None:
    case = CASES[name]
    path, _ = await case.request(book)
    headers = {"Content-Type": case.media_type}
    for what, body in BAD_BODIES.items():
        answer = await book.tenant.client.request(
            case.method, path, content=body, headers=headers | fresh_key()
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED"), what


@pytest.mark.parametrize("name", WRITES)
async def test_a_huge_body_is_a_413(name: str, book: Book) -> None:
    case = CASES[name]
    path, _ = await case.request(book)
    headers = {"Content-Type": case.media_type} | fresh_key()
    body = b" " * (case.bytes_max + 1)
    answer = await book.tenant.client.request(case.method, path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_needs_an_idempotency_key(name: str, book: Book) -> None:
    case = CASES[name]
    path, body = await case.request(book)
    answer = await case.write(book.tenant.client, path, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")


@pytest.mark.parametrize("name", WRITES)
async def test_a_replay_is_the_same_bytes_and_another_body_is_refused(
    name: str, book: Book
) -> None:
    case = CASES[name]
    path, body = await case.request(book)
    headers = fresh_key()
    client = book.tenant.client
    first = await case.write(client, path, body, **headers)
    again = await case.write(client, path, body, **headers)
    other = await case.write(client, path, b" " + first.request.content, **headers)
    assert (first.status_code, again.status_code) == (case.status, case.status)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    shown_once = {"key", "secret", "link", "token"} & set(first.json())
    if shown_once:
        # The one exception: a credential is shown once.
        [name] = shown_once
        assert again.json() == first.json() | {name: None}
        assert first.json()[name].startswith(("bz_", "whsec_", "bzl_", "bzi_"))
    else:
        assert again.content == first.content
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


STREAMS = [name for name, case in CASES.items() if "Accept" in case.headers]


async def test_every_stream_is_known_as_one(api: Api) -> None:
    streaming = {
        name
        for name, (_, _, content) in (await _operations(api)).items()
        if "text/event-stream" in content["responses"].get("200", {}).get("content", {})
    }
    assert streaming == set(STREAMS)


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_is_refused_as_its_page_is(
    name: str, book: Book, other_tenant: Tenant, api: Api
) -> None:
    path, _ = await CASES[name].request(book)
    unscoped = await api.issue(book.tenant.id, ("ledger:write",))
    assert unscoped.key is not None
    refused = {404: other_tenant.key, 401: "", 403: unscoped.key}
    for accept in ("application/json", "text/event-stream", "*/*"):
        for status, key in refused.items():
            async with api.client(key) as client:
                answer = await client.get(path, headers={"Accept": accept})
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
