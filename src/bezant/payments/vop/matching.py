"""Whether the name that a payer gave is that of an account's holders: pure rules.

A close match reveals the holder's name, so it needs a whole word of the name and a second word
that is at least near: neither a family name alone nor initials alone reveal anything.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bezant.kernel.telemetry import Sensitive
from bezant.payments.vop.spelling import CONNECTIVES, is_near, legal_form, readings, words

NAME_LENGTH_MAX: Final = 140
_TITLES: Final = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "sir",
        "dr",
        "prof",
        "herr",
        "frau",
        "hr",
        "fr",
        "ing",
        "dipl",
        "mag",
        "mme",
        "mlle",
        "sig",
        "sra",
        "dhr",
        "mevr",
        "phd",
        "msc",
        "mba",
    ]
)
_GENERATIONS: Final = {
    "jr": "junior", "junior": "junior", "sr": "senior", "senior": "senior", "ii": "ii", "iii": "iii"
}  # fmt: skip
_PAIRED_WORDS_MIN: Final = 2


class Verdict(StrEnum):
    """What the scheme calls the results, best first.

    `not_possible` compares nothing: the payee's bank cannot tell, or did not in time.
    """

    MATCH = "match"
    CLOSE_MATCH = "close_match"
    NO_MATCH = "no_match"
    NOT_POSSIBLE = "not_possible"


_RANK: Final = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Sensitive):
    """A verdict; with the holder's name at a close match, and only then."""

    verdict: Verdict
    name: str | None = None


def compare_people(asked: str, holders: Sequence[str]) -> Comparison:
    """Compare `asked` with the people who hold an account together.

    It may name one of them, or several of them joined by a word for "and".

    Args:
        asked: as the payer wrote it; beyond 140 characters it matches nobody.
        holders: their names, as they were verified.
    """
    if len(asked) > NAME_LENGTH_MAX:
        return Comparison(Verdict.NO_MATCH)
    found = _best(asked, holders)
    # Names contain words for "and" ("von und zu"): only a joint account is read as a list.
    if found.verdict is Verdict.MATCH or len(holders) == 1:
        return found
    return best([found, _compare_joint(asked, holders)])


def compare_organisation(asked: str, names: Sequence[str]) -> Comparison:
    """Compare `asked` with the names of one organisation: registered, and traded under.

    A legal form left out is the same name; another legal form may be another company, and is a
    close match.
    """
    if len(asked) > NAME_LENGTH_MAX:
        return Comparison(Verdict.NO_MATCH)
    found = [Comparison(v, n if v is Verdict.CLOSE_MATCH else None)
             for n in names for v in [_organisation(asked, n)]]  # fmt: skip
    return best(found)


def best(found: Sequence[Comparison]) -> Comparison:
    """The best of several results; none is no match."""
    return min(found, key=lambda one: _RANK[one.verdict], default=Comparison(Verdict.NO_MATCH))


def _best(asked: str, names: Sequence[str]) -> Comparison:
    found = Comparison(Verdict.NO_MATCH)
    for name in names:
        verdict = _person(asked, name)
        if _RANK[verdict] < _RANK[found.verdict]:
            found = Comparison(verdict, name if verdict is Verdict.CLOSE_MATCH else None)
    return found


def _compare_joint(asked: str, holders: Sequence[str]) -> Comparison:
    """Each of the people named must be another holder; the worst of them is the verdict."""
    parts: list[list[str]] = [[]]
    for word in asked.replace("&", " & ").replace("+", " & ").replace("/", " & ").split():
        if word.casefold() in CONNECTIVES:
            parts.append([])
        else:
            parts[-1].append(word)
    people = [part for part in parts if part]
    if not 1 < len(people) <= len(holders):
        return Comparison(Verdict.NO_MATCH)

    left, worst, named = list(holders), Verdict.MATCH, list[str]()
    for part in people:
        # "Jan and Maria Novak": the family name is said once, at the end.
        whole = " ".join(part if len(part) > 1 else [*part, people[-1][-1]])
        holder = min(left, key=lambda one: _RANK[_person(whole, one)])
        worst = max(worst, _person(whole, holder), key=lambda verdict: _RANK[verdict])
        left.remove(holder)
        named.append(holder)
    return Comparison(worst, ", ".join(named) if worst is Verdict.CLOSE_MATCH else None)


def _person(asked: str, name: str) -> Verdict:
    verdicts = [_person_words(words(a), words(n)) for a in readings(asked) for n in readings(name)]
    return min(verdicts, key=lambda verdict: _RANK[verdict])


def _person_words(asked: list[str], name: list[str]) -> Verdict:
    asked, asked_generation = _bare(asked)
    name, generation = _bare(name)
    if not asked or not name:
        return Verdict.NO_MATCH
    # Father and son share everything else.
    if asked_generation and generation and asked_generation != generation:
        return Verdict.NO_MATCH
    if Counter(asked) == Counter(name) or "".join(asked) == "".join(name):
        return Verdict.MATCH if asked_generation == generation else Verdict.CLOSE_MATCH
    return Verdict.CLOSE_MATCH if _is_close(asked, name) else Verdict.NO_MATCH


def _bare(name: list[str]) -> tuple[list[str], str]:
    """The words of a name without titles, and which generation it says."""
    # Sorted: the order of words never matters, these included.
    generation = " ".join(sorted({_GENERATIONS[word] for word in name if word in _GENERATIONS}))
    bare = [word for word in name if word not in _TITLES and word not in _GENERATIONS]
    return (bare, generation) if bare else (name, "")


def _is_close(asked: list[str], name: list[str]) -> bool:
    """Whether every word asked is one of the name: in full, or once misspelt, or its initial."""
    left = list(name)
    rest = []
    for word in asked:
        if word in left:
            left.remove(word)
        else:
            rest.append(word)
    whole = [word for word in asked if len(word) > 1 and word in name]
    typos = 0
    for word in rest:
        of_initial = [one for one in left if len(word) == 1 or len(one) == 1]
        pair = next((one for one in of_initial if one[0] == word[0]), None)
        if pair is None:
            pair = next((one for one in left if is_near(word, one)), None)
            typos += 1
        if pair is None:
            return False
        left.remove(pair)
    return bool(whole) and typos <= 1 and len(asked) >= _PAIRED_WORDS_MIN


def _organisation(asked: str, name: str) -> Verdict:
    verdicts = [
        _organisation_words(words(a, joined_initials=True), words(n, joined_initials=True))
        for a in readings(asked)
        for n in readings(name)
    ]
    return min(verdicts, key=lambda verdict: _RANK[verdict])


def _organisation_words(asked: list[str], name: list[str]) -> Verdict:
    core, form = legal_form(asked)
    own_core, own_form = legal_form(name)
    ours, theirs = "".join(core), "".join(own_core)
    if ours and ours == theirs:
        differs = form and own_form and form != own_form
        return Verdict.CLOSE_MATCH if differs else Verdict.MATCH
    # Two forms may stand at the end ("Sp. z o.o. AG"): without the last, the other is of the name.
    if "".join(asked) == theirs != "" or "".join(name) == ours != "":
        return Verdict.MATCH
    return Verdict.CLOSE_MATCH if is_near(ours, theirs) else Verdict.NO_MATCH
