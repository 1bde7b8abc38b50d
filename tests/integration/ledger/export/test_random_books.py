"""Any book that can be made is restored to the bit, by either encoding and in any parts."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.export import Encoding, book
from fixtures_exports import ENCODINGS, Library, content_of
from fixtures_ledger import IDS, Bank, new_bank

BOOKS = 12

Step = tuple[str, dict[str, Any]]

names = st.sampled_from(["world", "alice", "bob"])
pairs = st.permutations(["world", "alice", "bob"]).map(lambda names: names[:2])
amounts = st.integers(1, 50) | st.integers(2**100, 2**120)
legs = st.lists(st.tuples(pairs, amounts), min_size=1, max_size=4)
texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)

steps: st.SearchStrategy[Step] = st.one_of(
    st.tuples(
        st.just("post"),
        st.fixed_dictionaries({"legs": legs, "metadata": st.none() | st.just({}), "reason": texts}),
    ),
    st.tuples(
        st.just("batch"), st.fixed_dictionaries({"items": st.lists(legs, min_size=1, max_size=5)})
    ),
    st.tuples(
        st.just("reserve"),
        st.fixed_dictionaries({"pair": pairs, "amount": amounts, "expires": st.booleans()}),
    ),
    st.tuples(
        st.just("capture"), st.fixed_dictionaries({"of": st.integers(0, 5), "part": st.booleans()})
    ),
    st.tuples(st.just("void"), st.fixed_dictionaries({"of": st.integers(0, 5)})),
    st.tuples(
        st.just("change"),
        st.fixed_dictionaries(
            {"of": names, "status": st.sampled_from(["open", "frozen"]), "floor": st.integers(0, 9)}
        ),
    ),
    st.tuples(st.just("erase"), st.just({})),
)


class Author:
    """Writes a book by steps, of which those that are refused are passed over."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.holds: list[Any] = []

    def _legs(self, legs: Sequence[Any], **more: Any) -> list[schemas.Posting]:  # noqa: ANN401 - members by name
        return [self.bank.leg(pair[0], pair[1], amount, **more) for pair, amount in legs]

    async def post(self, legs: Any, metadata: Any, reason: str) -> None:  # noqa: ANN401 - as drawn
        await self.bank.post(*self._legs(legs), metadata=metadata, reason=reason or None)

    async def batch(self, items: Any) -> None:  # noqa: ANN401 - as drawn
        await self.bank.batch(
            *(schemas.BatchTransaction(self._legs(item), id=IDS.new()) for item in items)
        )

    async def reserve(self, pair: Any, amount: int, *, expires: bool) -> None:  # noqa: ANN401 - as drawn
        leg = self.bank.leg(
            pair[0], pair[1], amount, pending=True, expires_in_s=60 if expires else None
        )
        answer = await self.bank.post(leg)
        if not answer.is_refusal:
            posted = answer.value(schemas.PostedTransaction)
            self.holds.append((posted.postings[0].hold_id, amount))

    async def capture(self, of: int, *, part: bool) -> None:
        if of < len(self.holds):
            hold, amount = self.holds[of]
            await self.bank.capture(hold, max(1, amount // 2) if part else None)

    async def void(self, of: int) -> None:
        if of < len(self.holds):
            await self.bank.void(self.holds[of][0])

    async def change(self, of: str, status: str, floor: int) -> None:
        limits = schemas.Limits(overdraft=str(2**125 + floor))
        await self.bank.change(of, status=schemas.AccountStatus(status), limits=limits)

    async def erase(self) -> None:
        await self.bank.database.transaction(
            lambda connection: connection.execute(
                "DELETE FROM transaction_content WHERE tenant_id = $1 AND book_id = $2",
                self.bank.tenant_id,
                self.bank.book_id,
            )
        )


async def test_any_book_is_restored_to_the_bit(
    ledger: Ledger, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    async def check(story: list[Step], encoding: Encoding, page: int, part: int) -> None:
        monkeypatch.setattr(book, "PAGE_NUMBERS", page)
        monkeypatch.setattr(book, "PART_RECORDS", part)
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice")
        await bank.open("bob", schemas.AccountType.EXPENSE)
        author = Author(bank)
        for what, members in story:
            await getattr(author, what)(**members)
        library = Library(bank, tmp_path)
        folder = await library.export(str(bank.book_id), encoding=encoding)
        other = await library.elsewhere()
        restored = await library.restore(other, folder)
        assert await content_of(other) == await content_of(bank)
        report = await other.verify()
        assert (report.findings, report.root) == ([], restored.root)

    @settings(
        max_examples=BOOKS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(steps, max_size=20),
        st.sampled_from(ENCODINGS),
        st.integers(1, 20),
        st.integers(1, 30),
    )
    def tell(story: list[Step], encoding: Encoding, page: int, part: int) -> None:
        asyncio.run_coroutine_threadsafe(check(story, encoding, page, part), loop).result(60)

    await asyncio.to_thread(tell)
