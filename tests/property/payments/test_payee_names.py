"""Names of any shape against the rules of payee verification."""

import random
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from bezant.payments.vop import Verdict, compare_organisation, compare_people

WORDS = st.lists(
    st.text("abcdefghijklmnoprstuvzéüñøß", min_size=2, max_size=12), min_size=2, max_size=4
)


@given(st.text(max_size=200), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_gets_a_verdict_and_a_name_only_at_a_close_match(
    asked: str, names: list[str]
) -> None:
    for found in (compare_people(asked, names), compare_organisation(asked, names)):
        assert (found.name is not None) == (found.verdict is Verdict.CLOSE_MATCH)


@given(WORDS, st.randoms(use_true_random=False))
def test_case_and_order_of_a_name_do_not_matter(name: list[str], order: random.Random) -> None:
    other = [word.upper() for word in name]
    order.shuffle(other)
    assert compare_people(" ".join(other), [" ".join(name)]).verdict is Verdict.MATCH


@given(WORDS)
@example(["aa", "üe"])
def test_initials_alone_reveal_nobody(name: list[str]) -> None:
    initials = " ".join(word[0] for word in name)
    assert compare_people(initials, [" ".join(name)]).name is None


# Letters that are one letter without their marks, whoever types them.
MARKED = {
    "a": "áàâãăą", "c": "çćč", "d": "ď", "e": "éèêëěęė", "g": "ğ", "i": "íìîïį", "l": "ĺľ",
    "n": "ñńň", "o": "óòôõő", "r": "řŕ", "s": "šśş", "t": "ťţ", "u": "úùûűů", "y": "ý",
    "z": "žźż",
}  # fmt: skip
NO_NAMES = frozenset({"junior", "senior"})
# Without letters that are spelt in two ways (ü as u, or as ue), or joined to others.
PLAIN = st.lists(
    st.text("abcdefghiklmnoprstuvwz", min_size=5, max_size=12), min_size=2, max_size=4, unique=True
).filter(lambda name: not {*name} & NO_NAMES)
LONG = PLAIN.filter(lambda name: len({word[:3] for word in name}) == len(name))


@given(PLAIN, st.randoms(use_true_random=False))
def test_diacritics_do_not_matter_on_either_side(name: list[str], pick: random.Random) -> None:
    def marked(word: str) -> str:
        return "".join(pick.choice(MARKED.get(one, one) + one) for one in word)

    bare, dressed = " ".join(name), " ".join(marked(word) for word in name)
    for asked, held in ((bare, dressed), (dressed, bare), (dressed, dressed)):
        assert compare_people(asked, [held]).verdict is Verdict.MATCH, (asked, held)
        decomposed = unicodedata.normalize("NFD", asked)
        assert compare_people(decomposed, [held]).verdict is Verdict.MATCH, (asked, held)


@given(PLAIN, st.sampled_from(["Dr. {}", "{}, PhD", "Mrs {}", "  {}  ", "{}.", "Prof Dr {}"]))
def test_titles_and_signs_do_not_matter(name: list[str], way: str) -> None:
    whole = " ".join(name)
    assert compare_people(way.format(whole), [whole]).verdict is Verdict.MATCH
    assert compare_people(whole, [way.format(whole)]).verdict is Verdict.MATCH


@given(LONG, st.data())
def test_one_initial_is_a_close_match_wherever_it_stands(
    name: list[str], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(name) - 1))
    asked = [*name]
    asked[index] = data.draw(st.sampled_from([name[index][0], f"{name[index][0]}."]))
    whole = " ".join(name)
    found = compare_people(" ".join(data.draw(st.permutations(asked))), [whole])
    assert (found.verdict, found.name) == (Verdict.CLOSE_MATCH, whole)


@given(LONG, st.data())
def test_one_slip_is_a_close_match_and_two_are_none(name: list[str], data: st.DataObject) -> None:
    def slipped(word: str) -> str:
        # A letter that no name here has.
        at = data.draw(st.integers(0, len(word) - 1))
        return data.draw(
            st.sampled_from([f"{word[:at]}x{word[at:]}", f"{word[:at]}x{word[at + 1 :]}"])
        )

    whole = " ".join(name)
    first = [slipped(name[0]), *name[1:]]
    found = compare_people(" ".join(data.draw(st.permutations(first))), [whole])
    assert (found.verdict, found.name) == (Verdict.CLOSE_MATCH, whole)
    both = [slipped(name[0]), slipped(name[1]), *name[2:]]
    assert compare_people(" ".join(both), [whole]).verdict is Verdict.NO_MATCH


GENERATIONS = {"Jr": "junior", "Sr.": "senior", "Junior": "junior", "II": "ii", "iii": "iii"}


@given(PLAIN, st.sampled_from(sorted(GENERATIONS)), st.sampled_from(sorted(GENERATIONS)))
def test_a_suffix_tells_father_from_son(name: list[str], one: str, other: str) -> None:
    whole = " ".join(name)
    found = compare_people(f"{whole} {one}", [f"{whole}, {other}"])
    is_same = GENERATIONS[one] == GENERATIONS[other]
    assert found.verdict is (Verdict.MATCH if is_same else Verdict.NO_MATCH)
    assert found.name is None
    left_out = compare_people(whole, [f"{whole} {one}"])
    assert left_out.verdict is Verdict.CLOSE_MATCH


@given(PLAIN, PLAIN)
def test_who_shares_no_word_and_no_initial_learns_nothing(
    name: list[str], other: list[str]
) -> None:
    if {word[0] for word in name} & {word[0] for word in other}:
        return
    if any(near(a, b) for a in name for b in other):
        return
    found = compare_people(" ".join(other), [" ".join(name)])
    assert (found.verdict, found.name) == (Verdict.NO_MATCH, None)


def near(one: str, other: str) -> bool:
    """Whether the words share most of their letters."""
    return len(set(one) & set(other)) > 3


FORMS = [("Ltd", "Limited"), ("GmbH", "Gesellschaft mit beschränkter Haftung"), ("B.V.", "BV"),
         ("S.A.", "Société Anonyme"), ("Inc.", "Incorporated"),
         ("AG", "Aktiengesellschaft")]  # fmt: skip


@given(PLAIN, st.sampled_from(FORMS), st.sampled_from(FORMS))
@example(["abcde", "spzoo"], FORMS[0], FORMS[1])
def test_a_companys_legal_form_is_one_form_however_it_is_written(
    name: list[str], form: tuple[str, str], other: tuple[str, str]
) -> None:
    whole = " ".join(name)
    same = compare_organisation(f"{whole} {form[0]}", [f"{whole.upper()} {form[1]}"])
    assert same.verdict is Verdict.MATCH
    assert compare_organisation(whole, [f"{whole} {form[1]}"]).verdict is Verdict.MATCH
    if form != other:
        held = f"{whole} {other[1]}"
        found = compare_organisation(f"{whole} {form[0]}", [held])
        assert (found.verdict, found.name) == (Verdict.CLOSE_MATCH, held)
