"""What holds of matching, whatever is matched."""

from collections import Counter
from datetime import date
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bezant.ledger.reconciliation.conditions import fits
from bezant.ledger.reconciliation.domain import Fields, Item, Reason, Side
from bezant.ledger.reconciliation.engine import Outcome, reconcile
from bezant.ledger.reconciliation.groups import STEPS_MAX, _Combinations, _TooMany
from bezant.ledger.reconciliation.rules import Agreement, LineCondition, Rule

DAY = date(2060, 3, 1).toordinal()
AGREED = [Agreement("reference", "metadata.reference")]
RULES = [
    Rule("by-reference", agree=AGREED, days=2),
    Rule("by-reference-nearly", agree=AGREED, tolerance="2", days=5, priority=110),
    Rule("named", line=[LineCondition("reference", "prefix", "r")], days=1, priority=115),
    Rule("batch", cardinality="1:n", agree=AGREED, priority=120),
    Rule("collected", cardinality="n:1", agree=AGREED, tolerance="1", priority=130),
    Rule("by-amount", priority=140, days=2),
    Rule("combined", cardinality="1:n", priority=150, days=1, members_max=3),
    Rule("combined-back", cardinality="n:1", priority=160, days=1, tolerance="1"),
]
FIELDS = Fields.of(RULES)

references = st.sampled_from(["", "R1", "r 1", "R2", "R3", "x"])


@st.composite
def items(draw: st.DrawFn, few: int = 12) -> list[Item]:
    keys = draw(st.lists(st.integers(1, 500), unique=True, max_size=few))
    return [
        Item(
            key,
            draw(st.integers(-6, 9).filter(bool)),
            booking := DAY + draw(st.integers(0, 6)),
            booking + draw(st.integers(0, 1)),
            (draw(references),),
            is_released=draw(st.integers(0, 15)) == 15,
        )
        for key in keys
    ]


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    return draw(st.lists(st.sampled_from(RULES), min_size=1, unique_by=lambda rule: rule.name))


def amounts(found: list[Item]) -> dict[int, int]:
    return {item.key: item.amount for item in found}


def run(rules: list[Rule], lines: list[Item], entries: list[Item]) -> Outcome:
    # Each has one field at the most, so that items fit whichever rules are drawn.
    return reconcile(rules, lines, entries)


@settings(max_examples=300, deadline=None)
@given(rule_lists(), items(), items())
def test_each_item_is_in_one_match_or_is_one_break(
    rules: list[Rule], lines: list[Item], entries: list[Item]
) -> None:
    found = run(rules, lines, entries)
    matched_lines = Counter(key for each in found.matches for key in each.lines)
    matched_entries = Counter(key for each in found.matches for key in each.entries)
    broken = Counter((each.side, each.key) for each in found.breaks)
    assert (
        max([*matched_lines.values(), *matched_entries.values(), *broken.values()], default=1) == 1
    )
    assert {*matched_lines} | {k for side, k in broken if side is Side.LINE} == {*amounts(lines)}
    assert {*matched_entries} | {k for side, k in broken if side is Side.ENTRY} == {
        *amounts(entries)
    }
    assert len(matched_lines) + len(matched_entries) + len(broken) == len(lines) + len(entries)


@settings(max_examples=300, deadline=None)
@given(rule_lists(), items(), items())
def test_a_match_keeps_the_limits_of_its_rule_and_states_the_difference(
    rules: list[Rule], lines: list[Item], entries: list[Item]
) -> None:
    by_name = {rule.name: rule for rule in rules}
    line_of, entry_of = ({each.key: each for each in side} for side in (lines, entries))
    for match in run(rules, lines, entries).matches:
        rule = by_name[match.rule]
        ours = [line_of[key] for key in match.lines]
        theirs = [entry_of[key] for key in match.entries]
        difference = sum(each.amount for each in ours) - sum(each.amount for each in theirs)
        assert match.difference == difference
        assert abs(difference) <= int(rule.tolerance)
        days = [abs(ours[0].booking - each.booking) for each in theirs] + [
            abs(theirs[0].booking - each.booking) for each in ours
        ]
        assert match.days == max(days) <= rule.days
        assert (len(ours) == 1) or match.cardinality == "n:1"
        assert (len(theirs) == 1) or match.cardinality == "1:n"
        if rule.agree:
            keys = {"".join(each.texts[0].split()).upper() for each in (*ours, *theirs)}
            assert len(keys) == 1
            assert keys != {""}
        assert not any(each.is_released for each in (*ours, *theirs))


@settings(max_examples=300, deadline=None)
@given(rule_lists(), items(), items(), st.randoms(use_true_random=False))
def test_the_order_of_the_items_says_nothing(
    rules: list[Rule],
    lines: list[Item],
    entries: list[Item],
    dice: Random,
) -> None:
    found = run(rules, lines, entries)
    shuffled = [list(lines), list(entries)]
    for side in shuffled:
        dice.shuffle(side)
    assert run(rules, *shuffled) == found


@settings(max_examples=300, deadline=None)
@given(rule_lists(), items(), items())
def test_once_more_on_what_is_left_it_finds_nothing(
    rules: list[Rule], lines: list[Item], entries: list[Item]
) -> None:
    first = run(rules, lines, entries)
    left_lines = {each.key for each in first.breaks if each.side is Side.LINE}
    left_entries = {each.key for each in first.breaks if each.side is Side.ENTRY}
    again = run(
        rules,
        [line for line in lines if line.key in left_lines],
        [entry for entry in entries if entry.key in left_entries],
    )
    assert again.matches == []
    assert again.breaks == first.breaks


@settings(max_examples=200, deadline=None)
@given(items(few=8), items(few=8))
def test_two_equal_candidates_are_never_decided_between(
    lines: list[Item], entries: list[Item]
) -> None:
    """A twin of every entry makes every match of one to one ambiguous."""
    rules = [RULES[0]]
    entries = [Item(e.key, e.amount, e.booking, e.value, e.texts) for e in entries]
    matched = {match.lines[0]: match.entries[0] for match in run(rules, lines, entries).matches}
    twins = [Item(e.key + 1_000, e.amount, e.booking, e.value, e.texts) for e in entries]
    doubled = run(rules, lines, entries + twins)
    assert doubled.matches == []
    reasons = {each.key: each for each in doubled.breaks if each.side is Side.LINE}
    for line, entry in matched.items():
        assert reasons[line].reason is Reason.AMBIGUOUS
        assert {entry, entry + 1_000} <= {*reasons[line].related}


texts = st.text("ab1*?#", max_size=8)


@given(texts, texts)
@example("aaab", "*a*a*b")
@example("", "**")
def test_a_pattern_fits_as_a_plain_definition_has_it(text: str, pattern: str) -> None:
    def defined(at: int, place: int) -> bool:
        if place == len(pattern):
            return at == len(text)
        if pattern[place] == "*":
            return any(defined(later, place + 1) for later in range(at, len(text) + 1))
        if at == len(text):
            return False
        is_one = pattern[place] in {"?", text[at]} or (pattern[place] == "#" and text[at].isdigit())
        return is_one and defined(at + 1, place + 1)

    assert fits(text, pattern) == defined(0, 0)


def test_a_pattern_that_makes_others_backtrack_for_ever_is_quick() -> None:
    assert not fits("a" * 4_000, "*a" * 100 + "b")


@given(st.lists(st.integers(1, 30), max_size=8), st.integers(1, 60), st.integers(0, 2))
def test_combinations_are_the_nearest_there_are(
    amounts: list[int], target: int, tolerance: int
) -> None:
    found = [Item(at, amount, DAY, DAY, ()) for at, amount in enumerate(amounts)]
    search = _Combinations(target, tolerance, 8, found)
    search.run()
    sums = [
        abs(target - sum(item.amount for at, item in enumerate(found) if chosen >> at & 1))
        for chosen in range(1 << len(found))
        if chosen.bit_count() > 1
    ]
    nearest = min((apart for apart in sums if apart <= tolerance), default=None)
    assert (nearest is None) == (search.best == [])
    if nearest is not None:
        assert abs(target - sum(item.amount for item in search.best)) == nearest
        assert search.count == sums.count(nearest)


def test_a_search_without_end_is_given_up_after_a_number_of_steps() -> None:
    found = [Item(at, 1_000_003 + 7 * at, DAY, DAY, ()) for at in range(24)]
    search = _Combinations(12_000_001, 0, 20, found)
    try:
        search.run()
    except _TooMany:
        assert search._steps == STEPS_MAX + 1
    else:
        raise AssertionError("the limit was not reached")
