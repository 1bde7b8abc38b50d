"""All rules over all that is open, until nothing more is found; and why the rest is left."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from bezant.ledger.reconciliation.breaks import explain_breaks
from bezant.ledger.reconciliation.conditions import Selection
from bezant.ledger.reconciliation.domain import Break, Fields, Item, Match
from bezant.ledger.reconciliation.groups import match_groups
from bezant.ledger.reconciliation.outcome import Findings
from bezant.ledger.reconciliation.pairs import match_pairs
from bezant.ledger.reconciliation.rules import Rule, in_order


class Outcome(Struct, frozen=True):
    """What a reconciliation came to: every item is in one match, or is one break."""

    matches: list[Match]
    breaks: list[Break]


def _silent(_matched: int) -> None:
    """Report nothing."""


def reconcile(
    rules: Iterable[Rule],
    lines: Iterable[Item],
    entries: Iterable[Item],
    progress: Callable[[int], None] = _silent,
) -> Outcome:
    """Match open lines and open entries.

    The result depends on what is given and on nothing else: not on the order of the items, nor on
    time. Once more on what is left, it finds nothing.

    Args:
        rules: tried by their priority.
        lines: without a match, signed.
        entries: without a match, signed alike.
        progress: told how many matches there are, from time to time.
    """
    ordered = in_order(list(rules))
    fields = Fields.of(ordered)
    selections = [(rule, Selection(rule, fields)) for rule in ordered]
    open_lines = {item.key: item for item in sorted(lines, key=lambda item: item.key)}
    open_entries = {item.key: item for item in sorted(entries, key=lambda item: item.key)}
    matches: list[Match] = []
    while True:
        found = _pass(selections, open_lines, open_entries)
        matches += found.matches
        progress(len(matches))
        if not found.matches:
            break
    breaks = explain_breaks(
        selections, list(open_lines.values()), list(open_entries.values()), found
    )
    return Outcome(matches, breaks)


def _pass(
    selections: list[tuple[Rule, Selection]],
    open_lines: dict[int, Item],
    open_entries: dict[int, Item],
) -> Findings:
    """Each rule once; what it matches is taken out of what is open."""
    whole = Findings()
    for rule, selection in selections:
        match = match_pairs if rule.cardinality == "1:1" else match_groups
        found = match(
            rule,
            selection,
            (item for item in open_lines.values() if item.is_free),
            (item for item in open_entries.values() if item.is_free),
        )
        for each in found.matches:
            for key in each.lines:
                del open_lines[key]
            for key in each.entries:
                del open_entries[key]
        found.matches.sort(key=lambda each: (each.lines, each.entries))
        whole.add(found)
    return whole
