"""The documents say what the code does."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from bezant.kernel.http.catalogue import catalogue, refusals_in
from fixtures_notes import Desk

ERRORS = Path(__file__).parents[4] / "docs" / "errors.md"


def test_the_catalogue_of_errors_is_current() -> None:
    renewed = catalogue(refusals_in("bezant"))
    assert ERRORS.read_text() == renewed, (
        "Renew it: python -m bezant.kernel.http.catalogue > docs/errors.md"
    )


def test_no_two_refusals_share_a_code() -> None:
    codes = Counter(refusal.code for refusal in refusals_in("bezant"))
    assert [code for code, count in codes.items() if count > 1] == []


def test_the_document_is_openapi_3_1_and_every_reference_in_it_leads_somewhere(desk: Desk) -> None:
    document = desk.app.openapi()
    assert document["openapi"].startswith("3.1.")
    references = {value for name, value in _members(document) if name == "$ref"}
    assert references
    for reference in references:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_patterns_are_those_of_json_schema(desk: Desk) -> None:
    patterns = [value for name, value in _members(desk.app.openapi()) if name == "pattern"]
    assert patterns
    assert not [pattern for pattern in patterns if "\\Z" in pattern]


def test_an_operation_declares_what_its_kind_may_answer(desk: Desk) -> None:
    paths = desk.app.openapi()["paths"]
    write, read = paths["/v1/notes"]["post"], paths["/v1/notes/{note}"]["get"]
    assert set(write["responses"]) == {
        *("201", "400", "401", "403", "408", "409", "413", "415", "422", "429", "503")
    }
    assert set(read["responses"]) == {"200", "400", "401", "403", "404", "422", "429", "503"}
    problem = write["responses"]["400"]["content"]["application/problem+json"]["schema"]
    assert problem["allOf"][1]["properties"]["code"]["enum"] == [
        "MALFORMED",
        "SIGNATURE_NOT_VALID",
        "IDEMPOTENCY_KEY_REQUIRED",
        "IDEMPOTENCY_KEY_INVALID",
        "CONTENT_DIGEST_MISMATCH",
    ]


def test_parameters_come_from_path_query_and_headers(desk: Desk) -> None:
    paths = desk.app.openapi()["paths"]
    places = {
        operation["operationId"]: {(each["name"], each["in"]) for each in operation["parameters"]}
        for methods in paths.values()
        for operation in methods.values()
    }
    assert places == {
        "write_note": {("Idempotency-Key", "header")},
        "search_notes": {("limit", "query"), ("word", "query")},
        "read_note": {("note", "path")},
    }


def test_the_document_is_json_without_anything_of_this_machine(desk: Desk) -> None:
    text = json.dumps(desk.app.openapi())
    assert str(Path.cwd()) not in text


def _members(value: object) -> list[tuple[str, Any]]:
    """Every member of every object in a JSON value."""
    if isinstance(value, list):
        return [found for each in value for found in _members(each)]
    if not isinstance(value, dict):
        return []
    return [*value.items(), *(found for each in value.values() for found in _members(each))]
