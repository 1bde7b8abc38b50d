"""One line, one entry: each the other's only best candidate.

A candidate is the better, the less the amounts differ, and then the dates. A pair is matched if
each is the single best of the other; then what is left is looked at again. Where two candidates are
equally good nothing is decided: both are named. So the result depends on no order.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from bezant.ledger.reconciliation.conditions import Key, Selection
from bezant.ledger.reconciliation.domain import RELATED_MAX, Item, Match
from bezant.ledger.reconciliation.outcome import Findings
from bezant.ledger.reconciliation.rules import Rule

CANDIDATES_MAX: Final = 1_000
"""Candidates within a tolerance that are looked at for one item; more are too many to tell."""

_Bucket = tuple[str | int, ...]


class _Index:
    """One side's items by what has to agree, in the order of amount and date."""

    def __init__(self, rule: Rule) -> None:
        self._tolerance = int(rule.tolerance)
        self._days = rule.days
        self._by_value = rule.date == "value"
        self._buckets: dict[_Bucket, list[Item]] = {}

    def add(self, items: Iterable[tuple[_Bucket, Item]]) -> None:
        """Put items into their buckets; once."""
        for bucket, item in items:
            found = self._buckets.get(bucket)
            if found is None:
                self._buckets[bucket] = [item]
            else:
                found.append(item)
        for each in self._buckets.values():
            each.sort(key=self._order)

    def bucket(self, key: Key, item: Item) -> _Bucket:
        """Where its candidates are: with no tolerance the amount is part of what agrees."""
        if not self._tolerance:
            return (*key, item.amount)
        return (*key, 1 if item.amount > 0 else -1)

    def __contains__(self, bucket: _Bucket) -> bool:
        return bucket in self._buckets

    def day(self, item: Item) -> int:
        return item.value if self._by_value else item.booking

    def _order(self, item: Item) -> tuple[int, int, int]:
        return item.amount, self.day(item), item.key

    def remove(self, bucket: _Bucket, item: Item) -> None:
        items = self._buckets[bucket]
        del items[bisect_left(items, self._order(item), key=self._order)]

    def best(self, bucket: _Bucket, item: Item) -> list[Item] | None:
        """The best candidates for an item of the other side, at most two of them equally good.

        None when there are too many to look at.
        """
        items = self._buckets.get(bucket, [])
        if len(items) == 1:  # nearly always: a reference of its own
            return items if self._score(items[0], item) is not None else []
        if not self._tolerance:
            return self._nearest(items, item)
        low = bisect_left(items, item.amount - self._tolerance, key=lambda each: each.amount)
        high = bisect_right(items, item.amount + self._tolerance, key=lambda each: each.amount)
        if high - low > CANDIDATES_MAX:
            return None
        scored = [(score, each) for each in items[low:high] if (score := self._score(each, item))]
        best = min((score for score, _ in scored), default=None)
        return [each for score, each in scored if score == best][:RELATED_MAX]

    def _score(self, candidate: Item, item: Item) -> tuple[int, int] | None:
        """How far apart two items are; None beyond the rule's limits."""
        apart = abs(candidate.amount - item.amount)
        days = abs(self.day(candidate) - self.day(item))
        return (apart, days) if apart <= self._tolerance and days <= self._days else None

    def _nearest(self, items: list[Item], item: Item) -> list[Item]:
        """Of items of one amount those that are nearest in time."""
        day = self.day(item)
        at = bisect_left(items, day, key=self.day)
        before = self.day(items[at - 1]) if at else None
        after = self.day(items[at]) if at < len(items) else None
        distances = [abs(each - day) for each in (before, after) if each is not None]
        nearest = min(distances, default=self._days + 1)
        if nearest > self._days:
            return []
        found: list[Item] = []
        for on in sorted({day - nearest, day + nearest}):
            start = bisect_left(items, on, key=self.day)
            end = bisect_right(items, on, lo=start, key=self.day)
            found += items[start : min(end, start + RELATED_MAX)]
        return found[:RELATED_MAX]


def match_pairs(
    rule: Rule, selection: Selection, lines: Iterable[Item], entries: Iterable[Item]
) -> Findings:
    """What a rule of one to one finds among items that are free."""
    active, index, of_lines = _indexed(rule, selection, lines, entries)
    findings = Findings()
    while True:
        found = list(_mutual(active, index, of_lines))
        if not found:
            break
        for bucket, line, entry in found:
            index.remove(bucket, entry)
            of_lines.remove(bucket, line)
            findings.matches.append(
                Match(
                    rule=rule.name,
                    cardinality="1:1",
                    lines=(line.key,),
                    entries=(entry.key,),
                    agreed=selection.agreed,
                    difference=line.amount - entry.amount,
                    days=abs(index.day(line) - index.day(entry)),
                )
            )
        taken = {line.key for _, line, _ in found}
        active = [(bucket, line) for bucket, line in active if line.key not in taken]
    _note_ties(active, index, of_lines, findings)
    return findings


def _indexed(
    rule: Rule, selection: Selection, lines: Iterable[Item], entries: Iterable[Item]
) -> tuple[list[tuple[_Bucket, Item]], _Index, _Index]:
    """The lines that have a counterpart at all, and the indexes of both sides."""
    keying, index = selection.keying(), _Index(rule)
    index.add((index.bucket(key, entry), entry) for key, entry in keying.entries(entries))
    active = [
        (bucket, line)
        for key, line in keying.lines(lines)
        if (bucket := index.bucket(key, line)) in index
    ]
    of_lines = _Index(rule)
    of_lines.add(active)
    return active, index, of_lines


def _mutual(
    active: list[tuple[_Bucket, Item]], index: _Index, of_lines: _Index
) -> Iterator[tuple[_Bucket, Item, Item]]:
    """Pairs of which each is the single best of the other: no item is in two of them."""
    for bucket, line in active:
        best = index.best(bucket, line)
        if best is None or len(best) != 1:
            continue
        back = of_lines.best(bucket, best[0])
        if back is not None and len(back) == 1 and back[0].key == line.key:
            yield bucket, line, best[0]


def _note_ties(
    active: list[tuple[_Bucket, Item]], index: _Index, of_lines: _Index, findings: Findings
) -> None:
    """Name what was equally good, on both sides."""
    for bucket, line in active:
        best = index.best(bucket, line)
        if best is None:
            findings.limited_lines.add(line.key)
            continue
        for entry in best:
            findings.tie(line.key, entry.key)
            for rival in of_lines.best(bucket, entry) or []:
                findings.tie(rival.key, entry.key)
