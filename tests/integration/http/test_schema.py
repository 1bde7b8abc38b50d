"""The document and the application agree, whatever is asked: schemathesis over real HTTP."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast
from uuid import UUID, uuid4

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import positive_data_acceptance
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok

from approving import asked_by_another
from arriving import expected_over_http, recalled_over_http, sent_over_http
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Guard, ReadOperation, ScopeAuthorizer, install
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import transfer_id
from bezant.ledger.schedules.riders import Change
from bulks import COLUMNS, verified_bulk
from checking import reviewing
from customers import (
    CREDITOR,
    CustomerBank,
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
    CLIENT_KEYS,
    HOOK_URL,
    Api,
    Book,
    Tenant,
    bury,
    delivered,
    fresh_key,
    fx_quote,
    open_book,
    open_desk,
    serving,
)
from fixtures_notes import FULL, Desk, Found, Keyring, desk
from fixtures_reconciliation import open_match, statement
from safeguards import SAFE, arranged_long_ago, standing_incident
from shopping import open_exchange, open_shop
from token_desk import given_grant
from unclaimed import collected_for_nobody

pytestmark = pytest.mark.long

__all__ = ["desk"]

AnyOperation = APIOperation[Any, Any, Any, Any]

AnyCase = Case[Any]

PERSON = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": "+442071838750",
    "iban": "GB33BUKB20201555555555",
}

CLIENT = {"name": "Books", "grant_types": ["client_credentials"], "jwks": CLIENT_KEYS}

PROTOCOL_TAG = "Identity"

PROTOCOL_TAGS = {"Identity", "Schemes"}

HOLDER = {"name": "Grace Hopper", "email": "grace@example.com"}

NEAR = str((datetime.now(UTC) + timedelta(days=30)).date())

PAYMENT_ROW = "DE89370400440532013000,DE89370400440532013000,Grace Hopper,1.00,EUR,salary,Salary"

HOLDS = 10

"""More than there are operations on holds."""

EXAMPLES = 15

"""Well-formed requests to each operation that name what exists, or that need not."""

MALFORMED = 8

"""Those that break the schema: one break tells little more than another."""

NOWHERE = 4

"""Those to an object that does not exist, well-formed or not: most have one answer, a 404."""

UNFIT_FOR_SOME = (
    "birth_date",
    "registration_number",
    "documents",
    "emails",
    "phones",
    "iban",
    "tax_residencies",
)

_ONE_EURO = {"asset": "EUR", "amount": "1"}


class Seeds:
    """What exists, put into generated requests, so that they get past the 404s and the 422s."""

    def __init__(
        self,
        book: Book,
        key_id: str,
        used_up: Mapping[str, Iterable[str]] | None = None,
        delivery: str = "",
        of_operations: Mapping[str, Mapping[str, str]] | None = None,
        quote: str = "",
        match: tuple[str, dict[str, Any]] = ("", {}),
        others: Mapping[str, str] | None = None,
    ) -> None:
        # What an operation needs that others would put out of use.
        self._of_operations = of_operations or {}
        # What an operation uses up, each operation has for its own.
        self._used_up = {name: iter(each) for name, each in (used_up or {}).items()}
        self._existing = {
            "book": book.id,
            "account": "wallet",
            "transaction": book.transaction,
            "key": key_id,
            "limit_group": "family",
            "period": "2000-12",
            "quote": quote,
            "endpoint": delivery.rpartition("/deliveries/")[0].rpartition("/")[2],
            "delivery": delivery.rpartition("/")[2],
            "number": "1",
            "line": "1",
            "reconciliation": match[0].rpartition("/")[2],
            **(others or {}),
        }
        self._match = match[1]

    def path_of(self, operation: AnyOperation) -> dict[str, str]:
        """Path parameters that name what exists."""
        own = self._of_operations.get(operation.definition.raw["operationId"])
        if own is not None:
            return dict(own)
        names = [parameter.name for parameter in operation.path_parameters]
        return {
            name: next(self._used_up[name]) if name in self._used_up else self._existing[name]
            for name in names
        }

    def plant(self, value: object) -> None:
        """Let a body name what exists."""
        if isinstance(value, list):
            for each in value:
                self.plant(each)
        elif isinstance(value, dict):
            for members, planted, removed in self._PLANTED:
                if members <= set(value):
                    value |= planted
                    for name in removed:
                        value.pop(name, None)
                    break
            self._name_existing(value)
            # Others work with what these would put out of use.
            value |= {"status": self._USABLE[value["status"]]} if "status" in value else {}
            if "lines" in value:
                value |= self._match
            for each in value.values():
                self.plant(each)

    def _name_existing(self, value: dict[str, Any]) -> None:
        if "from_account" in value:
            value |= {"quote": self._existing["quote"]}
        if "transfer_id" in value:
            leg = transfer_id(UUID(self._existing["transaction"]), 0)
            value |= {"transfer_id": str(leg)}
        if set(value) == {"party_id"} or {"party_id", "role"} <= set(value):
            value |= {"party_id": self._existing["signer"]}
        named: dict[str, object] = {
            name: self._existing.get(existing) for name, existing in self._NAMED.items()
        }
        named |= {"creditor": {"account_id": self._existing.get("payee")}}
        value |= {name: existing for name, existing in named.items() if name in value}
        self._name_of_debits(value)
        if "related_party_id" in value:
            value |= {"related_party_id": self._existing["guardian"], "kind": "guardian"}
            value.pop("share", None)
        if "stream" in value:
            value |= {"stream": f"book:{self._existing['book']}", "after": 0}

    # Members that hold one identifier, and which of those that exist.
    _NAMED: ClassVar = {
        "book_id": "book",
        "product_id": "product",
        "institution_id": "institution",
        "payout_to": "payee",
        "debtor_account": "payer",
        "creditor_account": "payee",
        "quote_id": "offered",
        "digest": "found",
        "user_id": "user",
        "arrangement_id": "arrangement",
    }

    def _name_of_debits(self, value: dict[str, Any]) -> None:
        if set(value) == {"code"}:
            value |= {"code": "AM05"}  # a reason of every end of a direct debit that takes one
        if set(value) == {"code", "reason"}:
            value |= {"code": "AM05"}
        if {"account_id", "reason"} <= set(value):
            value |= {"account_id": self._existing["payee"], "amount": "1"}
        if "creditor_id" in value:
            value |= {"creditor_id": CREDITOR}
        if {"institution_id", "party_id", "creditor_id"} <= set(value):
            # Of nobody whose mandates are signed here.
            value |= {"party_id": self._existing["guardian"], "creditor_id": "FR72ZZZ123456"}
        if "creditor_account" in value:
            value |= {"creditor_account": self._existing["payee"]}
        if "mandate_id" in value:
            value |= {"mandate_id": self._existing["mandate"]}
        if set(value) == {"name", "iban"}:
            value |= {"iban": self._existing["payer_iban"]}

    _USABLE: ClassVar = defaultdict(
        lambda: "open",
        dict.fromkeys(("enabled", "disabled", "deleted"), "enabled")
        | dict.fromkeys(("opening", "active", "blocked", "dormant"), "dormant"),
    )

    # Members that tell what an object is, what is put into it, and what is taken out.
    _PLANTED: ClassVar[tuple[tuple[set[str], dict[str, Any], tuple[str, ...]], ...]] = (
        (
            {"debit", "credit", "asset", "amount"},
            {"debit": "world", "credit": "wallet", "asset": "EUR"},
            ("expires_in_s", "hold_group", "closes"),
        ),
        (
            {"debtor_account", "creditor"},
            _ONE_EURO,
            ("rail", "party_id", "execute_on", "verification_id"),
        ),
        ({"answer"}, {"answer": "refuse", "code": "CUST"}, ()),
        ({"digest"}, {}, ("withdraw", "withdraw_items")),
        ({"every", "first"}, {"every": "week", "first": NEAR}, ("day_of_month", "last", "count")),
        ({"amount", "last"}, {"amount": "1"}, ("last",)),
        ({"debtor_account", "creditor_account", "amount"}, _ONE_EURO, ("party_id", "expires_in_s")),
        ({"quote_id"}, {}, ("party_id",)),
        # Whatever they are, what is captured, refunded or settled has to be there.
        ({"fee_schedule_id"}, {}, ("fee_schedule_id", "shares", "amount")),
        ({"shares"}, {}, ("shares", "amount")),
        ({"payout_account"}, {"asset": "EUR"}, ("payout_account", "until")),
        ({"until"}, {"asset": "EUR"}, ("until",)),
        ({"mandate_id", "due_on"}, {"asset": "EUR", "amount": "1", "due_on": due_soon()}, ()),
        ({"creditor_account", "signed_on"}, {"signed_on": "2026-01-05"}, ("one_off",)),
        ({"asset", "amount", "reason"}, {"asset": "EUR", "amount": "1"}, ()),
        ({"kind", "direction"}, {}, ("asset", "amount", "expires_at")),
        (
            {"country", "bank_code"},
            {"country": "DE", "bank_code": "10010010", "bic": "PBNKDEFF"},
            ("branch_code",),
        ),
        ({"product_id"}, {}, ("product_version", "assets")),
        ({"assets"}, {"assets": ["EUR"]}, ("overdraft", "interest", "fees")),
        ({"book_id", "day"}, {"day": "2020-01-31"}, ()),
        ({"arrangement_id", "day"}, {"day": "2026-06-30"}, ()),
        (
            {"institution_id", "asset", "terms"},
            {"asset": "EUR", "terms": {"accounts": [{"account": SAFE, "method": "invested"}]}},
            (),
        ),
        ({"account", "method"}, {"account": SAFE}, ()),
        ({"event", "asset", "reference"}, {"asset": "EUR"}, ()),
        ({"product_version"}, {"product_version": 1}, ()),
        ({"after", "terms"}, {"after": 1}, ()),
        ({"id", "asset", "type"}, {"asset": "EUR", "limits": {}}, ("limit_group", "opened_at")),
        ({"asset", "window"}, {"amount": "1"}, ("count", "counterparties", "channel")),
        ({"asset", "signatures"}, {"signatures": 1}, ()),
        ({"party_id", "role"}, {"valid_until": "2100-01-01T00:00:00Z"}, ("valid_from",)),
        ({"amount"}, {"amount": "1"}, ()),
        ({"closing_entries"}, {}, ("closing_entries",)),
        ({"replaces"}, {"replaces": 0, "nodes": []}, ()),
        (
            {"quote", "from_account", "to_account"},
            {"from_account": "wallet", "to_account": "dollars"},
            ("effective_at",),
        ),
        ({"pair", "rate"}, {"pair": "EUR/USD", "rate": "1.25"}, ()),
        (
            {"sell", "buy"},
            {"sell": "EUR", "buy": "USD", "sell_amount": "100"},
            ("buy_amount", "client_rate"),
        ),
        (
            {"functional_asset"},
            {"functional_asset": "EUR"},
            ("realised_account", "unrealised_account", "spread_account"),
        ),
        ({"at"}, {"at": "2026-02-01T00:00:00Z"}, ("rates",)),
        ({"url"}, {"url": HOOK_URL, "books": None}, ()),
        ({"postings"}, {}, ("captures", "voids", "imported", "reverses")),
        (
            {"grant_types"},
            CLIENT
            | {
                "profile": "fapi2",
                "authentication": "private_key_jwt",
                "binding": "dpop",
                "scopes": ["ledger:read"],
                "redirect_uris": [],
            },
            ("jwks_uri", "tls_subject"),
        ),
        ({"jwks"}, {"jwks": CLIENT_KEYS}, ("jwks_uri", "tls_subject")),
        # A code, which says so little in any script.
        (
            {"purpose", "name"},
            {"name": PERSON["name"]},
            ("reference", "remittance", "note", "purpose_code"),
        ),
        ({"payload"}, {"payload": f"BCD\n002\n1\nSCT\n\nAda\n{PERSON['iban']}"}, ()),
        ({"purpose", "iban"}, {"iban": PERSON["iban"]}, ()),
        ({"purpose", "tax_id"}, {"email": PERSON["email"]}, ("phone", "iban", "tax_id")),
        ({"purpose", "on"}, {"on": "2026-06-30"}, ()),
        ({"purpose"}, {"email": PERSON["email"]}, ("phone", "iban")),
        # A party: values of any kind of party, in no form that an index would refuse.
        ({"legal_name"}, {}, UNFIT_FOR_SOME),
        # A contact or a user: the latter has no account.
        (
            {"name", "email"},
            {name: PERSON[name] for name in ("name", "email", "phone")},
            ("subject_id", "iban"),
        ),
        # A payee to be verified.
        ({"iban", "name"}, {"iban": PERSON["iban"]}, ()),
        # Of an account of its own: nobody matches by hand while rules are at work.
        ({"account"}, {"account": "world", "period": {"to": "2026-01-31"}}, ("rules",)),
        ({"asset"}, {"asset": "USD"}, ()),
    )


DOCUMENT_WITHIN_S = 120
"""The document is put together at the first request for it, on however busy a machine."""

ASKED_BY_QUERY: dict[str, dict[str, Any]] = {"get_customer_statement": {"query": {"asset": "EUR"}}}
"""Of operations whose query names something that has to be there."""


class Asker:
    """Sends generated requests and holds every answer against the document."""

    def __init__(self, url: str, key: str, seeds: Seeds) -> None:
        self._document_url = f"{url}/openapi.json"
        # A stream would not end.
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self._seeds = seeds
        self.statuses: dict[str, set[int]] = defaultdict(set)

    def ask_everything(self) -> None:
        """Blocks; not for the event loop's thread."""
        schema = schemathesis.openapi.from_url(self._document_url, timeout=DOCUMENT_WITHIN_S)
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            if PROTOCOL_TAGS & set(operation.definition.raw.get("tags", [])):
                continue  # they follow their own standards, and have tests of their own
            path = self._seeds.path_of(operation)
            name = operation.definition.raw["operationId"]
            takes_nothing = not operation.body and not any(operation.iter_parameters())
            in_path = len(list(operation.path_parameters))
            all_of_it = len(list(operation.iter_parameters()))
            is_named_whole = not operation.body and in_path == all_of_it
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if takes_nothing and mode is GenerationMode.NEGATIVE:
                    continue
                anywhere = operation.as_strategy(generation_mode=mode)
                named: dict[str, Any] = {"path_parameters": path}
                if mode is GenerationMode.POSITIVE:
                    named |= ASKED_BY_QUERY.get(name, {})
                is_positive = mode is GenerationMode.POSITIVE
                examples = EXAMPLES if is_positive else MALFORMED
                if path:
                    self._ask(operation, anywhere, NOWHERE, is_planted=False)
                elif is_positive:
                    self._ask(operation, anywhere, examples, is_planted=False)
                if is_named_whole and not is_positive:
                    continue  # with what exists in its path, nothing of it can be wrong
                existing = operation.as_strategy(generation_mode=mode, **named)
                self._ask(operation, existing, examples, is_planted=is_positive)

    def _ask(
        self,
        operation: AnyOperation,
        cases: st.SearchStrategy[AnyCase],
        examples: int,
        *,
        is_planted: bool,
    ) -> None:
        name = operation.definition.raw["operationId"]

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def ask(case: AnyCase) -> None:
            headers = self._headers
            if is_planted and name == "import_statement":
                case.media_type, case.body, case.query = "text/plain", statement().decode(), {}
            elif is_planted and name == "send_bulk_payment":
                case.media_type, case.body = "text/csv", f"{COLUMNS}\n{PAYMENT_ROW}\n"
                case.query = {"message_id": uuid4().hex, "initiator": "payroll"}
            elif is_planted and name == "send_bulk_direct_debit":
                case.media_type, case.body = "application/xml", debit_file().decode()
            elif is_planted:
                self._seeds.plant(case.body)
            if is_planted:
                headers = headers | fresh_key()
            response = case.call(headers=headers)
            self.statuses[name].add(response.status_code)
            # 422 declines what is well-formed, which the excluded check does not know.
            case.validate_response(
                response, headers=headers, excluded_checks=[positive_data_acceptance]
            )

        ask()


async def closed_books(api: Api, tenant: Tenant) -> dict[str, dict[str, str]]:
    """For each operation on a closed period, a book that has one, and what it is asked about."""
    controller = await api.issue(tenant.id, ("ledger:close",))
    assert controller.key is not None
    found = {"close_period": {"book": (await open_book(tenant)).id, "period": "2000-12"}}
    async with api.client(controller.key) as client:
        for operation in ("reopen_period", "approve_reopening", "withdraw_reopening"):
            book = await open_book(tenant)
            path = f"{book.path}/periods/2000-12"
            await tenant.create(f"{path}/close", {})
            found[operation] = {"book": book.id, "period": "2000-12"}
            if operation != "reopen_period":
                body = {"reason": "An invoice was found."}
                asked = await client.post(f"{path}/reopen", json=body, headers=fresh_key())
                found[operation]["reopening"] = asked.json()["id"]
    return found


async def schedules_of(tenant: Tenant, book: Book) -> dict[str, dict[str, str]]:
    """A schedule for each operation on schedules, in the status that it needs."""
    made = {}
    for name in ("get_schedule", "list_occurrences", *(f"{each}_schedule" for each in Change)):
        body = {
            "transaction": book.transfer("1"),
            "first_at": "2060-01-01T00:00:00Z",
            "every": "day",
        }
        made[name] = (await tenant.create(f"{book.path}/schedules", body))["id"]
    await tenant.create(f"{book.path}/schedules/{made['resume_schedule']}/pause", {})
    return {name: {"book": book.id, "schedule": schedule} for name, schedule in made.items()}


async def users_of(tenant: Tenant) -> dict[str, dict[str, str]]:
    """A user for each operation on users: one that is disabled has other answers."""
    found = {}
    for operation in ("open_user", "disable_user", "set_user_roles", "issue_user_link"):
        new = {"name": "Ada Lovelace", "email": f"{operation}@example.com"}
        found[operation] = {"user": (await tenant.create("/v1/users", new))["user"]["id"]}
    return found


async def holders_of(tenant: Tenant, book: Book) -> dict[str, dict[str, str]]:
    """A holder to remove."""
    new = {"name": "Ada Lovelace", "email": "holder@example.com"}
    user = (await tenant.create("/v1/users", new))["user"]["id"]
    await tenant.create(f"{book.path}/accounts/wallet/holders", {"user_id": user})
    return {"remove_account_holder": {"book": book.id, "account": "wallet", "user": user}}


async def limited_of(tenant: Tenant) -> dict[str, dict[str, str]]:
    """An account with limits, and a party who acts for it in every role."""
    bank = await open_bank(tenant, bank_code="30000000")
    account, party = (await bank.open())["id"], await new_party(tenant)
    mandate = {"party_id": party, "valid_until": "2100-01-01T00:00:00Z"}
    for role in ("holder", "attorney", "signatory"):
        await tenant.create(f"/v1/accounts/{account}/parties", mandate | {"role": role})
    operations = (
        "get_account_limits",
        "get_account_limits_usage",
        "set_account_limits",
        "set_account_limits_at_once",
        "list_counterparty",
        "add_account_party",
        "list_account_parties",
        "get_signing_rules",
        "set_signing_rules",
    )
    named = {"account": account}
    return dict.fromkeys(operations, named) | {"remove_account_party": named | {"party": party}}


async def bank_of(tenant: Tenant) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """An account for each operation on one, and what other operations of banking ask about."""
    bank = await open_bank(tenant)
    read = {"account": (await bank.open())["id"]}
    found = dict.fromkeys(
        (
            "get_bank_account",
            "read_bank_account_number",
            "get_bank_account_balances",
            "list_bank_account_statuses",
            "list_account_blocks",
            "write_qr_code",
            "list_account_fees",
            "charge_account_fees",
        ),
        read,
    )
    for operation in (
        "add_bank_account_asset",
        "change_bank_account_status",
        "set_bank_account_overdraft",
        "move_bank_account",
        "place_account_block",
        "lift_account_block",
        "close_bank_account",
    ):
        found[operation] = {"account": (await bank.open(assets=["EUR"]))["id"]}
    path = f"/v1/accounts/{found['lift_account_block']['account']}/blocks"
    block = {"kind": "legal", "direction": "debit", "reason": "attachment"}
    found["lift_account_block"]["block"] = (await tenant.create(path, block))["id"]
    party = await new_party(tenant)
    for operation in ("approve_payment", "withdraw_payment_signature", "cancel_payment"):
        payment, *_ = await waiting_payment(bank, needed=3, second=party)
        found[operation] = {"payment": payment.rpartition("/")[2]}
        if operation == "withdraw_payment_signature":
            await tenant.create(f"{payment}/approve", {"party_id": party})
    stated = (await bank.opened_long_ago())["id"]
    names = ("get_statement_cycle", "set_statement_cycle", "list_statements", "confirm_balance")
    found |= {name: {"account": stated} for name in names}
    found["get_customer_statement"] = {"account": stated, "number": "1"}
    new = {"on": "2026-06-30", "purpose": "testing"}
    confirmed = await tenant.create(f"/v1/accounts/{stated}/balance-confirmations", new)
    found["get_balance_confirmation"] = {"confirmation": confirmed["id"]}
    for operation in ("recall_payment", "claim_payment_unauthorised"):
        found[operation] = {"payment": (await sent_over_http(bank)).rpartition("/")[2]}
    found["answer_recall"] = {"recall": (await recalled_over_http(bank)).rpartition("/")[2]}
    found |= await orders_of(bank)
    found |= await shop_of(bank)
    debits, of_debits = await debits_of(bank)
    found |= debits
    of_safeguarding, arrangement = await safeguarding_of(bank)
    found |= of_safeguarding
    found["get_product_version"] = {"product": bank.product, "version": "1"}
    asked = {"debtor_account": of_debits["payer"], "iban": PERSON["iban"], "name": PERSON["name"]}
    verification = (await tenant.create("/v1/payee-verifications", asked))["id"]
    ended = {"book_id": bank.book, "day": "2020-01-31"}
    found["get_end_of_day"] = {"run": (await tenant.create("/v1/end-of-day-runs", ended))["id"]}
    shared = {
        "institution": bank.institution,
        "arrangement": arrangement,
        "verification": verification,
        "product": bank.product,
        "signer": party,
        "payment": payment.rpartition("/")[2],
        "recall": (await recalled_over_http(bank)).rpartition("/")[2],
        # No path names it: it is planted.
        "offered": found.pop("pay_with_quote")["quote_id"],
        "found": found["confirm_bulk_payment"].pop("digest"),
    }
    return found, shared | of_debits


async def safeguarding_of(bank: CustomerBank) -> tuple[dict[str, dict[str, str]], str]:
    """A day and incidents, by the operation, and the arrangement that all are of."""
    arrangement = await arranged_long_ago(bank, days=400)
    asked = {"arrangement_id": arrangement, "day": "2026-06-29"}
    day = await bank.tenant.create("/v1/safeguarding-reconciliations", asked)
    is_open = await standing_incident(bank.tenant, arrangement)
    waits = await standing_incident(bank.tenant, arrangement, "excess", is_acknowledged=True)
    found = {
        "get_safeguarding_reconciliation": {"reconciliation": str(day["id"])},
        "get_safeguarding_incident": {"incident": is_open},
        "list_safeguarding_incident_steps": {"incident": is_open},
        "acknowledge_safeguarding_incident": {"incident": is_open},
        "close_safeguarding_incident": {"incident": waits},
    }
    return found, arrangement


async def debits_of(
    bank: CustomerBank,
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Direct debits and their mandates, by the operation, and those for the others."""
    payer, payee = await bank.funded(), str((await bank.open())["id"])
    found = dict[str, dict[str, str]]()
    party = await bank.tenant.create("/v1/parties", {"kind": "person", "legal_name": "Grace"})
    new = {"institution_id": bank.institution, "party_id": party["id"]}
    creditor = await bank.tenant.create(
        "/v1/direct-debit-creditors", new | {"creditor_id": "FR19ZZZ654321"}
    )
    found["get_direct_debit_creditor"] = {"creditor": creditor["id"]}
    found["explain_error"] = {"code": "NOT_FOUND"}
    for operation in (
        "get_unapplied_money",
        "list_unapplied_movements",
        "apply_unapplied_money",
        "send_back_unapplied_money",
    ):
        found[operation] = {"unapplied": await collected_for_nobody(bank)}
    for operation in ("cancel_direct_debit", "refuse_direct_debit"):
        found[operation] = {"debit": await announced_debit(bank)}
    for operation in ("refund_direct_debit", "return_direct_debit", "reverse_direct_debit"):
        found[operation] = {"debit": await settled_debit(bank)}
    for operation in ("amend_direct_debit_mandate", "cancel_direct_debit_mandate"):
        found[operation] = {"mandate": await signed_mandate(bank, payer, payee)}
    for operation in (
        "set_direct_debit_controls",
        "get_direct_debit_controls",
        "set_payer_mandate",
        "list_payer_mandates",
    ):
        found[operation] = {"account": payer}
    shared = {
        "payer": payer,
        "payee": payee,
        "payer_iban": await bank.iban(payer),
        "mandate": await signed_mandate(bank, payer, payee),
        "debit": await announced_debit(bank),
    }
    return found, shared


async def orders_of(bank: CustomerBank) -> dict[str, dict[str, str]]:
    """Payments under review or without an answer, standing orders and a file, by the operation."""
    tenant, found = bank.tenant, dict[str, dict[str, str]]()
    found["resolve_payment"] = {"payment": (await expected_over_http(bank)).rpartition("/")[2]}
    for operation in ("release_payment", "reject_payment"):
        ordered = {"debtor_account": await bank.funded(), "asset": "EUR", "amount": "5"}
        payee = {"creditor": {"account_id": (await bank.open())["id"]}}
        with reviewing():
            looked_at = await tenant.create("/v1/payments", ordered | payee)
        found[operation] = {"payment": looked_at["id"]}
    for operation in (
        "get_standing_order",
        "list_standing_order_occurrences",
        "amend_standing_order",
        "cancel_standing_order",
    ):
        ordered = {"debtor_account": await bank.funded(), "asset": "EUR", "amount": "5"}
        payee = {"creditor": {"account_id": (await bank.open())["id"]}}
        rule = {"rule": {"every": "week", "first": NEAR}}
        standing = await tenant.create("/v1/standing-orders", ordered | payee | rule)
        found[operation] = {"order": standing["id"]}
    headers = fresh_key() | {"Content-Type": "text/csv"}
    path = "/v1/bulk-payments?message_id=salaries&initiator=payroll"
    content = f"{COLUMNS}\n{PAYMENT_ROW}\n".encode()
    bulk = await tenant.client.post(path, content=content, headers=headers)
    assert bulk.status_code == 202, bulk.text
    for operation in (
        "get_bulk_payment",
        "list_bulk_payment_items",
        "report_bulk_payment",
        "get_bulk_verification",
    ):
        found[operation] = {"bulk": bulk.json()["id"]}
    for operation in ("confirm_bulk_payment", "withdraw_bulk_payment"):
        found[operation] = {"bulk": await verified_bulk(bank)}
    path = f"/v1/bulk-payments/{found['confirm_bulk_payment']['bulk']}/verification"
    # No path names it: it is planted.
    found["confirm_bulk_payment"]["digest"] = (await tenant.client.get(path)).json()["digest"]
    file = await sent_debit_file(tenant)
    for operation in (
        "get_bulk_direct_debit",
        "list_bulk_direct_debit_items",
        "report_bulk_direct_debit",
    ):
        found[operation] = {"bulk": file}
    return found


async def shop_of(bank: CustomerBank) -> dict[str, dict[str, str]]:
    """What payments that are captured, refunded, settled and exchanged need, by the operation."""
    await open_exchange(bank)
    shop = await open_shop(bank, 1_000_000)
    found = {
        name: {"payment": await shop.authorize(1_000)}
        for name in (
            "capture_payment",
            "increment_authorization",
            "void_authorization",
            "get_authorization",
            "list_captures",
        )
    }
    for name in ("refund_payment", "dispute_payment", "resolve_payment_dispute"):
        found[name] = {"payment": await shop.captured(1_000)}
    disputed = found["resolve_payment_dispute"]["payment"]
    await shop.ask(disputed, "dispute", reason="not_delivered")
    batches = f"/v1/accounts/{shop.payee}/settlement-batches"
    batch = (await bank.tenant.create(batches, {"asset": "EUR"}))["id"]
    for name in ("get_settlement_batch", "list_settlement_items"):
        found[name] = {"batch": batch}
    await shop.captured(1_000)
    found["settle_account"] = {"account": shop.payee}
    found["list_settlement_batches"] = {"account": shop.payee}
    schedule = await bank.tenant.create("/v1/fee-schedules", {"asset": "EUR", "fixed": "1"})
    found["get_fee_schedule"] = {"schedule": schedule["id"]}
    asked = {"debtor_account": shop.payer, "sell": "EUR", "buy": "USD", "sell_amount": "100"}
    quotes = [
        await bank.tenant.create("/v1/quotes", asked | {"expires_in_s": 86_400}) for _ in range(2)
    ]
    paying = dict.fromkeys(("debtor_account", "creditor_account"), shop.payer)
    paid = await bank.tenant.create("/v1/quoted-payments", {"quote_id": quotes[0]["id"], **paying})
    found["get_quoted_payment"] = {"payment": paid["id"]}
    found["pay_with_quote"] = {"quote_id": quotes[1]["id"]}
    return found


async def parties_of(
    tenant: Tenant, subject_id: str
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Parties for operations that need their own, and those for the others."""
    person = {"kind": "person", "legal_name": PERSON["name"]}
    path = "/v1/parties"
    ward, guardian = [(await tenant.create(path, person))["id"] for _ in range(2)]
    user = (await tenant.create(path, person | {"subject_id": subject_id}))["id"]
    new = {"kind": "guardian", "related_party_id": guardian}
    related = (await tenant.create(f"{path}/{ward}/relationships", new))["id"]
    found = {
        "link_party_user": {"party": user},
        "end_party_relationship": {"party": ward, "relationship": related},
        # Of another, to whom nobody is related yet.
        "add_party_relationship": {"party": user},
    }
    return found, {"party": ward, "guardian": guardian}


async def trusted_by(tenant: Tenant) -> dict[str, dict[str, str]]:
    """What lets clients register, by the operation that ends it."""
    new = {"issuer": "Directory", "jwks": CLIENT_KEYS}
    issuer = await tenant.create("/v1/software-statement-issuers", new)
    token = await tenant.create("/v1/initial-access-tokens", {"name": "Partner"})
    return {
        "remove_software_statement_issuer": {"issuer": issuer["id"]},
        "revoke_initial_access_token": {"token": token["initial_access_token"]["id"]},
    }


@pytest.mark.timeout(1800)  # some ten thousand requests, on however busy a machine
async def test_every_answer_is_declared_and_every_operation_succeeds(api: Api) -> None:
    async with api.tenant() as tenant, serving(api.app) as url:
        book = await open_desk(tenant)
        issued = await api.issue(tenant.id, ("ledger:read",))
        limits = {"id": "family", "asset": "EUR", "type": "liability", "limits": {}}
        await tenant.create(f"{book.path}/limit-groups", limits)
        pending = {"postings": [book.transfer()["postings"][0] | {"pending": True}] * HOLDS}
        posted = await tenant.create(f"{book.path}/transactions", pending)
        spare, made = await open_match(book), await open_match(book)
        undone = await tenant.create(f"{spare[0]}/matches", spare[1])
        user = (await tenant.create("/v1/users", HOLDER))["user"]
        of_parties, parties = await parties_of(tenant, user["subject_id"])
        used_up = {
            "match": [str(undone["no"])] * 2,
            "hold": [leg["hold_id"] for leg in posted["postings"]],
            "job": [str(await bury(tenant)) for _ in range(2)],
        }
        of_bank, bank = await bank_of(tenant)
        seeds = Seeds(
            book,
            str(issued.api_key.id),
            used_up,
            await delivered(tenant),
            await closed_books(api, tenant)
            | await schedules_of(tenant, book)
            | {
                name: {"approval": await asked_by_another(tenant)}
                for name in ("read_approval", "approve_request", "refuse_request")
            }
            | await limited_of(tenant)
            | await users_of(tenant)
            | await holders_of(tenant, book)
            | await trusted_by(tenant)
            | of_bank
            | of_parties,
            await fx_quote(book),
            made,
            {
                "contact": (await tenant.create("/v1/contacts", PERSON))["id"],
                "grant": await given_grant(tenant),
                "user": user["id"],
                **parties,
                "client": (await tenant.create("/v1/oauth-clients", CLIENT))["id"],
                **bank,
            },
        )
        asker = Asker(url, tenant.key, seeds)
        await asyncio.to_thread(asker.ask_everything)
    failing = [
        name
        for name, seen in asker.statuses.items()
        if not any(200 <= status < 300 for status in seen)
    ]
    assert failing == []


class Teapot(Refusal):
    """Declared nowhere."""

    status, code, title = 418, "TEAPOT", "A teapot"


async def test_an_undeclared_answer_would_be_found(desk: Desk) -> None:
    async def brew(_: object) -> Found:
        raise Teapot("Short and stout.")

    [_, search, _] = desk.notes.operations()
    assert isinstance(search, ReadOperation)
    faulty = FastAPI(redirect_slashes=False)
    install(
        faulty,
        [replace(search, handler=brew)],
        guard=Guard(Keyring(), ScopeAuthorizer()),
        ids=TimeOrderedIds(),
        observe=lambda _: None,
    )
    async with serving(faulty) as url:
        asker = Asker(url, FULL, Seeds(Book(cast("Tenant", None), "", ""), ""))
        with pytest.raises(FailureGroup, match="418"):
            await asyncio.to_thread(asker.ask_everything)
