"""Giving out tokens within one transaction, in sets: so many statements, however many tokens."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.errors import Refusal
from bezant.kernel.sealed import Sealing, SubjectErased
from bezant.vault.fields import Fields, Prepared
from bezant.vault.fields.fences import Floors, require_active
from bezant.vault.keys import KeyKind, TenantKey
from bezant.vault.tokens import store
from bezant.vault.tokens.arrivals import Arrival
from bezant.vault.tokens.errors import TokenShapeRefused
from bezant.vault.tokens.minting import TRIES_MAX, mint
from bezant.vault.tokens.records import EXPIRY, FIELDS, HOLDER, TokenRow

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

Same = tuple[UUID, bytes, str]
"""What a token of many uses is one of: the subject's value in a format."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What came, with references for its values and its digests under every key, newest first."""

    arrival: Arrival
    digests: Sequence[bytes]
    reference: UUID
    expiry_reference: UUID | None
    holder_reference: UUID | None

    @property
    def references(self) -> list[UUID]:
        """Of all its values."""
        every = (self.reference, self.expiry_reference, self.holder_reference)
        return [reference for reference in every if reference is not None]

    def sealings(self) -> list[Sealing]:
        """Its values, to be sealed."""
        arrival = self.arrival
        every = (
            (self.reference, FIELDS[arrival.thing.kind], arrival.thing.text),
            (self.expiry_reference, EXPIRY, arrival.expiry),
            (self.holder_reference, HOLDER, arrival.holder),
        )
        return [
            Sealing(reference, arrival.subject_id, field, text)
            for reference, field, text in every
            if reference is not None and text is not None
        ]

    def same(self) -> list[Same]:
        """Under each key."""
        arrival = self.arrival
        return [(arrival.subject_id, digest, arrival.format) for digest in self.digests]

    def row(self, token: str, at: datetime) -> TokenRow:
        """Of a new token."""
        arrival = self.arrival
        card = arrival.thing.card
        return TokenRow(
            token=token,
            kind=arrival.thing.kind,
            format=arrival.format,
            subject_id=arrival.subject_id,
            name=arrival.thing.name,
            brand=None if card is None else card.brand.value,
            bin=None if card is None else card.bin,
            last_four=arrival.thing.last_four,
            is_single_use=arrival.is_single_use,
            created_at=at,
            expires_at=arrival.expires_at,
            reference=self.reference,
            expiry_reference=self.expiry_reference,
            holder_reference=self.holder_reference,
        )


def drafted(
    arrival: Arrival, digests: Sequence[bytes], random_bytes: Callable[[int], bytes]
) -> Draft:
    """A draft with random references."""

    def reference(text: str | None) -> UUID | None:
        return None if text is None else UUID(bytes=random_bytes(16), version=4)

    number = reference(arrival.thing.text)
    assert number is not None
    return Draft(arrival, digests, number, reference(arrival.expiry), reference(arrival.holder))


@dataclass(frozen=True, slots=True)
class Issued:
    """A draft's token. `is_reused` when it stood for the value before."""

    row: TokenRow
    is_reused: bool


@dataclass(frozen=True, slots=True)
class Keys:
    """What tokens are given out under.

    Attributes:
        version: of the fingerprints' key.
        format_key: for tokens that are computed; None where none is asked for.
    """

    version: int
    format_key: TenantKey | None


class Issuing:
    """One batch's work in one transaction, which may run several times: it keeps nothing.

    Args:
        fields: writes sealed values.
        random_bytes: where tokens come from.
    """

    _TRIES: Final = range(TRIES_MAX)

    def __init__(self, fields: Fields, random_bytes: Callable[[int], bytes]) -> None:
        self._fields = fields
        self._random_bytes = random_bytes

    async def issue(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        drafts: Sequence[Draft],
        prepared: Prepared,
        keys: Keys,
        at: datetime,
    ) -> list[Issued | Refusal]:
        """Each draft's token, or why it has none.

        Raises:
            KeyRetired: a key was rotated meanwhile; draft them anew.
        """
        await require_active(connection, tenant_id, {KeyKind.FINGERPRINT: keys.version})
        sealed = {each.value.subject_id for each in prepared.sealed}
        admitted = await self._fields.admit(connection, tenant_id, sealed)
        standing = await self._standing(connection, tenant_id, drafts, at)
        outcomes: dict[int, Issued | Refusal] = {}
        new: dict[int, Draft] = {}
        first: dict[Same, int] = {}
        again: dict[int, int] = {}
        for number, draft in enumerate(drafts):
            if draft.arrival.subject_id not in admitted:
                outcomes[number] = SubjectErased("What identifies the subject was erased.")
                continue
            same = [] if draft.arrival.is_single_use else draft.same()
            row = next((standing[each] for each in same if each in standing), None)
            if row is not None:
                outcomes[number] = Issued(row, is_reused=True)
            elif same and same[0] in first:
                again[number] = first[same[0]]
            else:
                new[number] = draft
                first.update(dict.fromkeys(same[:1], number))
        outcomes |= await self._insert(connection, tenant_id, new, keys, at)
        for number, earlier in again.items():
            of_first = outcomes[earlier]
            outcomes[number] = (
                replace(of_first, is_reused=True) if isinstance(of_first, Issued) else of_first
            )
        return await self._settle(connection, tenant_id, drafts, prepared, admitted, outcomes)

    async def _standing(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        drafts: Iterable[Draft],
        at: datetime,
    ) -> dict[Same, TokenRow]:
        """Tokens that stand for the same already; those whose time is over make room."""
        asked = {
            same for draft in drafts if not draft.arrival.is_single_use for same in draft.same()
        }
        if not asked:
            return {}
        rows = await connection.fetch(
            store.FIND_SAME, tenant_id, *map(list, zip(*asked, strict=True))
        )
        found = {
            (row["subject_id"], row["fingerprint"], row["format"]): TokenRow.of(row) for row in rows
        }
        over = [row for row in found.values() if row.is_over(at)]
        if over:
            await remove(connection, self._fields, tenant_id, over)
        return {same: row for same, row in found.items() if not row.is_over(at)}

    async def _insert(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        new: Mapping[int, Draft],
        keys: Keys,
        at: datetime,
    ) -> dict[int, Issued | Refusal]:
        """New tokens; one that is taken is drawn anew."""
        outcomes: dict[int, Issued | Refusal] = {}
        left = dict(new)
        for attempt in self._TRIES:
            drawn: dict[str, int] = {}
            for number, draft in left.items():
                key = None if keys.format_key is None else keys.format_key.key
                try:
                    token = mint(draft.arrival, self._random_bytes, key, attempt)
                except TokenShapeRefused as refusal:
                    outcomes[number] = refusal
                else:
                    drawn.setdefault(token, number)
            rows = [(left[number], left[number].row(token, at)) for token, number in drawn.items()]
            if rows:
                for record in await _write(connection, tenant_id, rows, keys.version, at):
                    number = drawn[record["token"]]
                    row = left[number].row(record["token"], at)
                    outcomes[number] = Issued(row, is_reused=False)
            left = {number: draft for number, draft in left.items() if number not in outcomes}
            if not left:
                return outcomes
        full = TokenShapeRefused("No token of this format is free.")
        return outcomes | dict.fromkeys(left, full)

    async def _settle(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        drafts: Sequence[Draft],
        prepared: Prepared,
        admitted: Floors,
        outcomes: Mapping[int, Issued | Refusal],
    ) -> list[Issued | Refusal]:
        """Write the values; where a token stood before, what came with it this time counts."""
        before = {
            each.row.token: each.row for each in outcomes.values() if isinstance(each, Issued)
        }
        rows = dict(before)
        for number, draft in enumerate(drafts):
            outcome = outcomes[number]
            if isinstance(outcome, Issued) and outcome.is_reused:
                token = outcome.row.token
                rows[token] = _refreshed(rows[token], draft)
        changed = [row for token, row in rows.items() if row != before[token]]
        if changed:
            await connection.execute(
                store.REFRESH_TOKENS,
                tenant_id,
                [row.token for row in changed],
                [row.expires_at for row in changed],
                [row.expiry_reference for row in changed],
                [row.holder_reference for row in changed],
            )
        kept = {reference for row in rows.values() for reference in row.references}
        gone = {each for row in before.values() for each in row.references} - kept
        if gone:
            await self._fields.remove(connection, tenant_id, gone)
        written = [each for each in prepared.sealed if each.value.reference in kept]
        if written:
            await self._fields.write(connection, tenant_id, Prepared(written, ()), admitted)
        return [
            replace(outcome, row=rows[outcome.row.token])
            if isinstance(outcome, Issued)
            else outcome
            for _, outcome in sorted(outcomes.items())
        ]


def _refreshed(row: TokenRow, draft: Draft) -> TokenRow:
    """A token that is asked for again: it lives as long as either asked, with the new details."""
    until = draft.arrival.expires_at
    is_longer = row.expires_at is not None and (until is None or until > row.expires_at)
    return replace(
        row,
        expires_at=until if is_longer else row.expires_at,
        expiry_reference=draft.expiry_reference or row.expiry_reference,
        holder_reference=draft.holder_reference or row.holder_reference,
    )


async def _write(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    rows: Sequence[tuple[Draft, TokenRow]],
    version: int,
    at: datetime,
) -> "list[asyncpg.Record]":
    """Insert tokens; those that were free are answered."""
    return await connection.fetch(
        store.INSERT_TOKENS,
        tenant_id,
        version,
        at,
        [row.token for _, row in rows],
        [row.kind for _, row in rows],
        [row.format for _, row in rows],
        [row.subject_id for _, row in rows],
        [row.name for _, row in rows],
        [row.reference for _, row in rows],
        [row.expiry_reference for _, row in rows],
        [row.holder_reference for _, row in rows],
        [draft.digests[0] for draft, _ in rows],
        [row.is_single_use for _, row in rows],
        [row.brand for _, row in rows],
        [row.bin for _, row in rows],
        [row.last_four for _, row in rows],
        [row.expires_at for _, row in rows],
    )


async def remove(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    fields: Fields,
    tenant_id: UUID,
    rows: Sequence[TokenRow],
) -> None:
    """Remove tokens and what they stand for."""
    await connection.execute(store.DELETE_TOKENS, tenant_id, [row.token for row in rows])
    await fields.remove(connection, tenant_id, {each for row in rows for each in row.references})
