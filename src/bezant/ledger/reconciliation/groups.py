"""One line for several entries, and one entry for several lines.

By a shared key first: all that have it, if they come to the amount. Else by combinations, within
limits that are counted in steps and not in time, so that the result is the same on every machine.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Final

from bezant.ledger.reconciliation.conditions import Key, Selection
from bezant.ledger.reconciliation.domain import Item, Match
from bezant.ledger.reconciliation.outcome import Findings
from bezant.ledger.reconciliation.rules import Rule

CANDIDATES_MAX: Final = 24
"""Of how many candidates combinations are tried; with more, chance alone finds some that fit."""

STEPS_MAX: Final = 5_000
"""Steps of the search for one item."""

_Keyed = list[tuple[Key, Item]]


class _TooMany(Exception):  # noqa: N818 - a limit, not a fault
    """The limits of the search were reached before its end."""


def match_groups(
    rule: Rule, selection: Selection, lines: Iterable[Item], entries: Iterable[Item]
) -> Findings:
    """What a rule of one to many finds among items that are free."""
    keying = selection.keying()
    entries_keyed = list(keying.entries(entries))
    lines_keyed = list(keying.lines(lines))
    is_one_line = rule.cardinality == "1:n"
    ones, manys = (lines_keyed, entries_keyed) if is_one_line else (entries_keyed, lines_keyed)
    searching = _Searching(rule, ones, manys)
    findings = Findings()
    solutions = dict(searching.run())
    uses = Counter(item.key for _, chosen in solutions.values() for item in chosen)
    limited = findings.limited_lines if is_one_line else findings.limited_entries
    limited |= searching.limited
    for one, chosen in solutions.values():
        # Two that need the same item, and alternatives that are as good, are not decided between.
        if one.key in searching.ambiguous or any(uses[item.key] > 1 for item in chosen):
            for item in chosen:
                findings.tie(*((one.key, item.key) if is_one_line else (item.key, one.key)))
        else:
            findings.matches.append(_match(rule, selection, one, chosen))
    return findings


def _match(rule: Rule, selection: Selection, one: Item, chosen: list[Item]) -> Match:
    several = tuple(sorted(item.key for item in chosen))
    apart = one.amount - sum(item.amount for item in chosen)
    is_one_line = rule.cardinality == "1:n"
    return Match(
        rule=rule.name,
        cardinality=rule.cardinality,
        lines=(one.key,) if is_one_line else several,
        entries=several if is_one_line else (one.key,),
        agreed=selection.agreed,
        difference=apart if is_one_line else -apart,
        days=max(abs(_day(rule, item) - _day(rule, one)) for item in chosen),
    )


def _day(rule: Rule, item: Item) -> int:
    return item.value if rule.date == "value" else item.booking


class _Searching:
    """For each single item, the items of the other side that come to it.

    Attributes:
        limited: keys of items whose search was given up.
        ambiguous: keys of those with several equally good answers.
    """

    def __init__(self, rule: Rule, ones: _Keyed, manys: _Keyed) -> None:
        self._rule = rule
        self._tolerance = int(rule.tolerance)
        self._ones: dict[Key, list[Item]] = {}
        self._manys: dict[Key, list[Item]] = {}
        self.limited: set[int] = set()
        self.ambiguous: set[int] = set()
        for key, item in ones:
            self._ones.setdefault(key, []).append(item)
        for key, item in manys:
            if key in self._ones:
                self._manys.setdefault(key, []).append(item)
        for items in self._manys.values():
            items.sort(key=lambda item: (_day(rule, item), item.key))

    def run(self) -> Iterable[tuple[int, tuple[Item, list[Item]]]]:
        for key, manys in self._manys.items():
            ones = self._ones[key]
            for one in ones:
                chosen = self._chosen(one, manys, takes_all=bool(key) and len(ones) == 1)
                if chosen:
                    yield one.key, (one, chosen)

    def _chosen(self, one: Item, manys: list[Item], *, takes_all: bool) -> list[Item]:
        day, days = _day(self._rule, one), self._rule.days
        start = bisect_left(manys, day - days, key=lambda item: _day(self._rule, item))
        end = bisect_right(manys, day + days, key=lambda item: _day(self._rule, item))
        near = manys[start:end]
        several = len(near) > 1
        if several and takes_all and self._comes_to(one, sum(item.amount for item in near)):
            return near
        same = [item for item in near if (item.amount > 0) == (one.amount > 0)]
        if len(same) > CANDIDATES_MAX:
            self.limited.add(one.key)
            return []
        search = _Combinations(abs(one.amount), self._tolerance, self._rule.members_max, same)
        try:
            search.run()
        except _TooMany:
            self.limited.add(one.key)
            return []
        if search.count > 1:
            self.ambiguous.add(one.key)
        return search.best

    def _comes_to(self, one: Item, amount: int) -> bool:
        return abs(one.amount - amount) <= self._tolerance


class _Combinations:
    """The combinations of two or more items that come nearest to a target, within a tolerance.

    Attributes:
        best: the first of them.
        count: how many there are, as far as it matters: at least two, or one.
    """

    def __init__(self, target: int, tolerance: int, members_max: int, items: list[Item]) -> None:
        self._target = target
        self._nearest = tolerance
        self._members_max = members_max
        self._items = sorted(items, key=lambda item: (-abs(item.amount), item.key))
        self._rest = [0] * (len(items) + 1)
        for at in reversed(range(len(items))):
            self._rest[at] = self._rest[at + 1] + abs(self._items[at].amount)
        self._tolerance = tolerance
        self._steps = 0
        self._taken: list[Item] = []
        self.best: list[Item] = []
        self.count = 0

    def run(self) -> None:
        """Search.

        Raises:
            _TooMany: the end was not reached within `STEPS_MAX`.
        """
        self._go_on(0, 0)

    def _go_on(self, start: int, total: int) -> None:
        if len(self._taken) > 1:
            self._judge(total)
        if len(self._taken) == self._members_max:
            return
        for at in range(start, len(self._items)):
            if total + self._rest[at] < self._target - self._tolerance:
                return  # all that follow would not do
            more = total + abs(self._items[at].amount)
            if more > self._target + self._tolerance:
                continue
            self._steps += 1
            if self._steps > STEPS_MAX:
                raise _TooMany
            self._taken.append(self._items[at])
            self._go_on(at + 1, more)
            self._taken.pop()

    def _judge(self, total: int) -> None:
        apart = abs(self._target - total)
        if apart > self._nearest:
            return
        if apart < self._nearest or not self.best:
            self._nearest, self.count = apart, 0
            self.best = list(self._taken)
        self.count += 1
