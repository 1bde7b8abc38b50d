"""The pages' catalogues: every language says everything, with the same facts in it."""

import ast
import re
import string
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import get_args

import pytest

from bezant.identity.pages import languages, sentences
from bezant.identity.pages.languages import Language, catalogue, language_of
from bezant.kernel.api_keys.schemas import Scope

PAGES = Path(languages.__file__).parent
OTHERS = [language for language in Language if language is not Language.ENGLISH]
ENGLISH = catalogue(Language.ENGLISH)

# The families of messages of which code names one by what it is about.
FAMILIES = ("scope.", "refusal.", "method.", "note.", "detail.", "link.")


def placeholders(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_message_and_no_other(language: Language) -> None:
    assert catalogue(language).messages.keys() == ENGLISH.messages.keys()


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_puts_the_same_facts_into_a_message(language: Language) -> None:
    messages = catalogue(language).messages
    for key, message in ENGLISH.messages.items():
        assert placeholders(messages[key]) == placeholders(message), key


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_one(language: Language) -> None:
    messages = catalogue(language).messages
    same = {key for key, message in ENGLISH.messages.items() if messages[key] == message}
    assert same <= {"method.passkey", "form.wrong_prefix", "date.written"}


def test_pages_say_nothing_that_is_in_no_catalogue_and_nothing_is_there_unsaid() -> None:
    said: set[str] = set()
    for template in (PAGES / "templates").glob("*.html"):
        text = template.read_text(encoding="utf-8")
        said |= set(re.findall(r"""say\(["']([a-z_.-]+)["'](?! ~)""", text))
    for module in PAGES.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said |= {node.value} & ENGLISH.messages.keys()
    assert said <= ENGLISH.messages.keys()
    unsaid = ENGLISH.messages.keys() - said
    assert {key for key in unsaid if not key.startswith(FAMILIES)} == set()


def test_every_scope_of_the_api_has_a_sentence() -> None:
    for scope in get_args(Scope):
        assert ENGLISH.has(f"scope.{scope.replace(':', '.')}"), scope


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de-AT", "de"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("ja, fr;q=0.5, es;q=0.7", "es"),
        ("de;q=0, fr", "fr"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("fr;q=9, es", "es"),
        ("\x00ÿ;;q==", "en"),
        (", " * 100_000 + "de", "en"),
    ],
)
def test_a_browser_gets_the_first_language_that_it_prefers_and_we_have(
    accepted: str, language: str
) -> None:
    assert language_of((), accepted) == language


def test_what_the_client_asked_for_comes_before_what_the_browser_prefers() -> None:
    assert language_of(("ja", "fr-CA"), "de") is Language.FRENCH
    assert language_of(("ja",), "de") is Language.GERMAN


def test_a_date_is_written_as_people_of_the_language_do_and_in_utc() -> None:
    at = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    expected = {
        "en": "28 February 2026, 23:30 UTC",
        "de": "28. Februar 2026, 23:30 UTC",
        "fr": "28 février 2026, 23:30 UTC",
        "es": "28 de febrero de 2026, 23:30 UTC",
        "pt": "28 de fevereiro de 2026, 23:30 UTC",
    }
    for language in Language:
        written = catalogue(language).date(at)
        assert written == f'<time datetime="2026-02-28T23:30Z">{expected[language]}</time>'
        assert len(catalogue(language).messages["date.months"].split()) == 12
    assert at.astimezone(UTC).month == 2


def test_what_clients_are_called_is_text_on_a_page() -> None:
    said = ENGLISH.say("consent.title", client='<script>alert("1")</script>{client}')
    assert said == "Give &lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;{client} access?"


PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "249.90"},
    "creditorName": "Mill & Sons",
    "creditorAccount": {"iban": "DE02100100109307118603"},
}


def test_a_payment_is_told_as_a_sentence() -> None:
    told = sentences.sentences(ENGLISH, (), (PAYMENT,))
    payee, account = "<strong>Mill &amp; Sons</strong>", "<strong>DE02100100109307118603</strong>"
    assert told == [f"pay <strong>249.90 EUR</strong> to {payee}, account {account}"]


def test_whatever_has_no_sentence_is_shown_as_it_was_asked_for() -> None:
    odd = {**PAYMENT, "frequency": "daily"}
    nested = {"type": "odd<", "creditorAccount": {"iban": "X", "bban": ["1", {"a": 2}]}}
    told = sentences.sentences(ENGLISH, ("other", "moon:land"), (odd, nested))
    assert "frequency: daily" in told[0]
    assert "249.90" in told[0]
    assert told[1] == (
        "“odd&lt;”: creditorAccount.iban: X, creditorAccount.bban: 1, creditorAccount.bban.a: 2"
    )
    assert told[2:] == ["use the permission “other”", "use the permission “moon:land”"]
