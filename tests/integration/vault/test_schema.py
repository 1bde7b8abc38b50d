"""The vault's document and its application agree, whatever is asked."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from fixtures_api import serving
from fixtures_vault import Counter
from integration.http.test_schema import AnyOperation, Asker, Seeds
from people import seal
from receivers import Receiver
from tokenized import PAN, TOKENS, card

pytestmark = pytest.mark.long


class VaultSeeds(Seeds):
    """What exists in a vault, put into generated requests."""

    def __init__(
        self,
        token: str,
        revoked: str,
        destination: str,
        url: str,
        rotation: str,
        subjects: dict[str, dict[str, str]],
    ) -> None:
        self._token = token
        self._paths = {
            **subjects,
            "change_retention_rule": {"field": "visit.name"},
            "get_token": {"token": token},
            "get_vault_rotation": {"rotation": rotation},
            "revoke_token": {"token": revoked},
            "remove_destination": {"destination": destination},
        }
        self._url = url

    def path_of(self, operation: AnyOperation) -> dict[str, str]:
        return self._paths.get(operation.definition.raw["operationId"], {})

    def plant(self, value: object) -> None:
        if not isinstance(value, dict):
            return
        forwarded = {"json": f"{{{{ {self._token} }}}}"}
        # By members that tell what a body is; the first that are there decide.
        kinds: list[tuple[set[str], dict[str, Any]]] = [
            ({"kind"}, {"kind": "data"}),
            ({"subject_id"}, card()),
            ({"purpose", "tokens"}, {"tokens": [self._token], "purpose": "test"}),
            ({"tokens"}, {"tokens": [card() | {"id": str(uuid4())}]}),
            ({"purpose", "url"}, {"url": self._url, "purpose": "test", "body": forwarded}),
            ({"url"}, {"url": self._url}),
            ({"card"}, {"card": {"number": PAN}}),
            ({"reason", "until"}, {"reason": "case-1"}),
        ]
        for members, planted in kinds:
            if members <= set(value):
                value.clear()
                value |= planted
                return


async def subjects_of(counter: Counter) -> dict[str, dict[str, str]]:
    """A subject for each operation on subjects."""
    kept, erased = await seal(counter.room), await seal(counter.room)
    held = await counter.create(f"/v1/vault/subjects/{kept.id}/holds", {"reason": "case-1"})
    every = (
        "get_subject",
        "export_subject",
        "restrict_subject",
        "lift_restriction",
        "hold_subject",
    )
    return {
        **{name: {"subject": str(kept.id)} for name in every},
        "release_hold_on_subject": {"subject": str(kept.id), "hold": held["id"]},
        "erase_subject": {"subject": str(erased.id)},
    }


async def test_every_answer_is_declared_and_every_operation_succeeds(
    counter: Counter, provider: Receiver
) -> None:
    token, revoked = [(await counter.create(TOKENS, card()))["token"] for _ in range(2)]
    await counter.create("/v1/vault/destinations", {"url": provider.url})
    spare = await counter.create("/v1/vault/destinations", {"url": f"{provider.url}/spare"})
    rotation = await counter.create("/v1/vault/rotations", {"kind": "requests"})
    subjects = await subjects_of(counter)
    seeds = VaultSeeds(token, revoked, spare["id"], provider.url, rotation["id"], subjects)
    async with serving(counter.api.app) as url:
        asker = Asker(url, counter.tenant.key, seeds)
        await asyncio.to_thread(asker.ask_everything)
    failing = [
        name
        for name, seen in asker.statuses.items()
        if not any(200 <= status < 300 for status in seen)
    ]
    assert failing == []
