"""Why what is left has no match, as far as the records tell."""

from collections.abc import Iterator

from bezant.ledger.reconciliation.conditions import Selection
from bezant.ledger.reconciliation.domain import RELATED_MAX, Break, Item, Reason, Side
from bezant.ledger.reconciliation.outcome import Findings
from bezant.ledger.reconciliation.rules import Rule

_Near = dict[int, tuple[Reason, list[int]]]


def explain_breaks(
    selections: list[tuple[Rule, Selection]],
    lines: list[Item],
    entries: list[Item],
    found: Findings,
) -> list[Break]:
    """A break for each item that is left, lines first, by their keys."""
    near_lines, near_entries = _near_misses(selections, lines, entries)
    breaks = [
        _break(Side.LINE, line, found.line_ties, near_lines, found.limited_lines) for line in lines
    ]
    breaks += [
        _break(Side.ENTRY, entry, found.entry_ties, near_entries, found.limited_entries)
        for entry in entries
    ]
    return breaks


def _break(
    side: Side, item: Item, ties: dict[int, list[int]], near: _Near, limited: set[int]
) -> Break:
    missing = Reason.MISSING_IN_LEDGER if side is Side.LINE else Reason.MISSING_IN_STATEMENT
    other = Side.ENTRY if side is Side.LINE else Side.LINE
    reason, related_side = missing, other
    related: tuple[int, ...] = ()
    if item.repeats:
        reason, related, related_side = Reason.DUPLICATE_LINE, (item.repeats,), Side.LINE
    elif item.is_released:
        reason = Reason.RELEASED
    elif item.key in ties:
        reason, related = Reason.AMBIGUOUS, tuple(sorted(ties[item.key]))
    elif item.key in near:
        reason, related = near[item.key][0], tuple(sorted(near[item.key][1]))
    elif item.key in limited:
        reason = Reason.SEARCH_LIMIT
    return Break(side, item.key, item.amount, item.booking, reason, related, related_side)


def _near_misses(
    selections: list[tuple[Rule, Selection]], lines: list[Item], entries: list[Item]
) -> tuple[_Near, _Near]:
    """What shares a reference with something open, and yet differs in amount or date."""
    near_lines: _Near = {}
    near_entries: _Near = {}
    for rule, selection in selections:
        if rule.cardinality != "1:1" or not rule.agree:
            continue
        for line, entry in _sharing(selection, lines, entries):
            differs = abs(line.amount - entry.amount) > int(rule.tolerance)
            reason = Reason.WRONG_AMOUNT if differs else Reason.DATE_FAR_OFF
            for near, item, other in ((near_lines, line, entry), (near_entries, entry, line)):
                known = near.setdefault(item.key, (reason, []))
                if known[0] is reason and other.key not in known[1] and len(known[1]) < RELATED_MAX:
                    known[1].append(other.key)
    return near_lines, near_entries


def _sharing(
    selection: Selection, lines: list[Item], entries: list[Item]
) -> Iterator[tuple[Item, Item]]:
    """Pairs that agree in all but amount and date; of many with one reference the first few."""
    keying = selection.keying()
    by_key: dict[tuple[str, ...], list[Item]] = {}
    for key, entry in keying.entries(entry for entry in entries if entry.is_free):
        found = by_key.setdefault(key, [])
        if len(found) < RELATED_MAX:
            found.append(entry)
    for key, line in keying.lines(line for line in lines if line.is_free):
        for entry in by_key.get(key, ()):
            yield line, entry
