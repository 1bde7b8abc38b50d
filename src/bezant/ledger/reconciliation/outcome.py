"""What rules find: matches, and between which items nothing could be decided."""

from dataclasses import dataclass, field

from bezant.ledger.reconciliation.domain import RELATED_MAX, Match

Ties = dict[int, list[int]]


@dataclass(slots=True)
class Findings:
    """What one rule, or a whole pass over the rules, found.

    Attributes:
        line_ties: by line, entries that were as good as each other.
        entry_ties: by entry, lines that were as good as each other.
        limited_lines: lines with more candidates than are looked at.
        limited_entries: entries with more.
    """

    matches: list[Match] = field(default_factory=list)
    line_ties: Ties = field(default_factory=dict)
    entry_ties: Ties = field(default_factory=dict)
    limited_lines: set[int] = field(default_factory=set)
    limited_entries: set[int] = field(default_factory=set)

    def tie(self, line: int, entry: int) -> None:
        """A line and an entry that may belong together, but not surely."""
        for ties, key, other in ((self.line_ties, line, entry), (self.entry_ties, entry, line)):
            known = ties.setdefault(key, [])
            if other not in known and len(known) < RELATED_MAX:
                known.append(other)

    def add(self, other: "Findings") -> None:
        """Take in what a later rule found; of ties, those of the first rule that had any stand."""
        self.matches += other.matches
        for mine, others in (
            (self.line_ties, other.line_ties),
            (self.entry_ties, other.entry_ties),
        ):
            for key, candidates in others.items():
                mine.setdefault(key, candidates)
        self.limited_lines |= other.limited_lines
        self.limited_entries |= other.limited_entries
