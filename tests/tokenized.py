"""Requests for tokens, and what a vault has of them."""

from typing import Any
from uuid import UUID, uuid4

from fixtures_vault import Counter

TOKENS = "/v1/vault/tokens"
PAN = "4111111111111111"
IBAN = "GB82WEST12345698765432"


def card(subject: UUID | None = None, **members: object) -> dict[str, Any]:
    """A request for a card's token."""
    details = {"number": PAN, "expiry_month": 12, "expiry_year": 2039, "holder": "Ann Lee"}
    given = {name: members.pop(name) for name in [*members] if name in {*details, "cvc"}}
    return {"subject_id": str(subject or uuid4()), "card": details | given, **members}


def value(text: str, subject: UUID | None = None, **members: object) -> dict[str, Any]:
    """A request for the token of a passport's number."""
    named = {"name": "passport_number", "text": text}
    return {"subject_id": str(subject or uuid4()), "value": named, **members}


async def reveal(counter: Counter, *tokens: str) -> list[dict[str, Any]]:
    """What tokens stand for."""
    body = {"tokens": list(tokens), "purpose": "test"}
    results: list[dict[str, Any]] = (await counter.create(f"{TOKENS}/detokenize", body))["results"]
    return results


async def rows_of(counter: Counter, table: str) -> int:
    """How many rows a table has of the tenant."""
    [row] = await counter.room.database.fetch(
        f"SELECT count(*) AS n FROM {table} WHERE tenant_id = $1", counter.tenant.id
    )
    return int(row["n"])
