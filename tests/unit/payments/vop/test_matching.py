"""Names that payers write, and the verdicts that they get."""

import pytest

from bezant.payments.vop import Verdict, compare_organisation, compare_people

M, C, N = Verdict.MATCH, Verdict.CLOSE_MATCH, Verdict.NO_MATCH

PEOPLE = [
    ("Jürgen Müller", "Juergen Mueller", M),
    ("JURGEN MULLER", "Jürgen Müller", M),
    ("Müller, Jürgen", "Jürgen Müller", M),
    ("Dr. Anna Kowalska", "Anna Kowalska", M),
    ("Zoe Ostergard", "Zoë Østergård", M),
    ("Iva Petrova", "Ива Петрова", M),
    ("Nikos Pappas", "Νίκος Παππάς", M),
    ("Sinead ONeill", "Sinéad O'Neill", M),
    ("Annemarie Weiss", "Anne-Marie Weiß", M),
    ("John Smith III Jr", "Jr III John Smith", M),
    ("J. Smith", "John Smith", C),
    ("John Smith", "John Paul Smith", C),
    ("John Smiht", "John Smith", C),
    ("John Smith", "John Smith Jr.", C),
    ("John Smith Sr", "John Smith Jr", N),
    ("Smith", "John Smith", N),
    ("J S", "John Smith", N),
    ("Anne Smith", "Anna Smith", N),
    ("Mary Smith", "John Smith", N),
    ("Jhon Smiht", "John Smith", N),
    ("", "John Smith", N),
    ("...", "John Smith", N),
]
ORGANISATIONS = [
    ("Acme Ltd", "ACME Limited", M),
    ("Acme", "Acme GmbH", M),
    ("Acme B.V.", "Acme BV", M),
    ("Bäcker Gesellschaft mit beschränkter Haftung", "Baecker GmbH", M),
    ("Acme AG", "Acme GmbH", C),
    ("Acme Tradnig GmbH", "Acme Trading GmbH", C),
    ("Other GmbH", "Acme GmbH", N),
    ("GmbH", "Acme GmbH", N),
]


@pytest.mark.parametrize(("asked", "name", "verdict"), PEOPLE)
def test_a_persons_name_gets_its_verdict(asked: str, name: str, verdict: Verdict) -> None:
    found = compare_people(asked, [name])
    assert found.verdict is verdict
    assert found.name == (name if verdict is C else None)


@pytest.mark.parametrize(("asked", "name", "verdict"), ORGANISATIONS)
def test_an_organisations_name_gets_its_verdict(asked: str, name: str, verdict: Verdict) -> None:
    found = compare_organisation(asked, ["Unrelated SE", name])
    assert found.verdict is verdict
    assert found.name == (name if verdict is C else None)


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ("Maria Novak", M),
        ("Jan Novak & Maria Novak", M),
        ("Jan and Maria Novak", M),
        ("J. Novak und Maria Novak", C),
        ("Jan and Peter Novak", N),
        ("Jan Novak and Jan Novak", N),
    ],
)
def test_a_joint_account_is_named_by_any_or_all_of_its_holders(
    asked: str, verdict: Verdict
) -> None:
    assert compare_people(asked, ["Jan Novak", "Maria Novak"]).verdict is verdict


def test_a_comparison_shows_no_name_where_it_is_printed() -> None:
    assert "Smith" not in repr(compare_people("J. Smith", ["John Smith"]))
