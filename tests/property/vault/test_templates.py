"""Whatever a value is, it stays within the place that it is put into."""

import json
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.vault.proxy.errors import TemplateRefused
from bezant.vault.proxy.redaction import redact
from bezant.vault.proxy.schemas import ForwardBody
from bezant.vault.proxy.templates import Placeholder, fill, placeholders_of

TOKENS = st.from_regex(r"tok_[a-z2-7]{32}", fullmatch=True)
MARK = "{{ TOKEN }}"

SLY = st.text(max_size=40) | st.sampled_from(
    ['"', "\\", '","x":"', "</a>", "&amp;", "]]>", "&b=1", "%00", "{{ tok_a }}", "\u2028", "\n"]
)
PRINTABLE = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    max_size=40,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{"), max_size=10)
WITH_MARK = st.builds(lambda a, b: a + MARK + b, TEXTS, TEXTS)
TREES = st.recursive(
    WITH_MARK | TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def body_of(**members: object) -> ForwardBody:
    return msgspec.convert(members, ForwardBody)


def in_place(tree: Any, value: str) -> Any:  # noqa: ANN401 - any JSON
    """What the receiver is to read."""
    if isinstance(tree, str):
        return tree.replace(MARK, value)
    if isinstance(tree, list):
        return [in_place(each, value) for each in tree]
    if isinstance(tree, dict):
        return {name: in_place(each, value) for name, each in tree.items()}
    return tree


@given(
    TREES.filter(lambda tree: MARK in json.dumps(tree)), TOKENS, SLY, st.sampled_from([False, True])
)
def test_json_is_read_with_the_value_in_its_string(
    tree: object,
    token: str,
    value: str,
    is_ascii: bool,  # noqa: FBT001 - drawn
) -> None:
    text = json.dumps(tree, ensure_ascii=is_ascii).replace("TOKEN", token)
    body = ForwardBody(json=msgspec.Raw(text.encode()))
    [place] = placeholders_of(body)
    assert place == Placeholder(token, "")
    content_type, sent = fill(body, {place: value})
    assert content_type == "application/json"
    assert json.loads(sent) == in_place(tree, value)


@given(st.dictionaries(TEXTS, WITH_MARK, min_size=1, max_size=4), TOKENS, PRINTABLE)
def test_a_form_has_the_same_fields_with_the_value_in_them(
    form: dict[str, str], token: str, value: str
) -> None:
    named = {name: text.replace("TOKEN", token) for name, text in form.items()}
    body = ForwardBody(form=named)
    _, sent = fill(body, dict.fromkeys(placeholders_of(body), value))
    assert parse_qsl(sent.decode(), keep_blank_values=True) == [
        (name, text.replace(MARK, value)) for name, text in form.items()
    ]


@given(TOKENS, PRINTABLE)
def test_xml_is_read_with_the_value_in_its_text_and_attribute(token: str, value: str) -> None:
    place = f"{{{{ {token} }}}}"
    text = f"<a b=\"{place}\" c='{place}'><d>{place}</d></a>"
    body = ForwardBody(text=text, content_type="application/xml")
    _, sent = fill(body, {Placeholder(token, ""): value})
    root = ET.fromstring(sent)
    assert root.attrib == {"b": value, "c": value}
    assert [(child.tag, child.text or "") for child in root] == [("d", value)]


@given(TOKENS, st.text(max_size=5), st.sampled_from("\r\n\0\x7f\t"), st.text(max_size=5))
def test_control_characters_do_not_stand_in_text(
    token: str, before: str, control: str, after: str
) -> None:
    body = ForwardBody(text=f"{{{{ {token} }}}}")
    with pytest.raises(TemplateRefused):
        fill(body, {Placeholder(token, ""): before + control + after})


@given(
    TOKENS,
    st.from_regex(r"[0-9]{12,19}", fullmatch=True),
    st.sampled_from(["", " ", "-"]),
    st.text(max_size=20),
)
def test_a_number_is_hidden_however_it_is_grouped(
    token: str, number: str, gap: str, around: str
) -> None:
    echoed = gap.join(number[at : at + 4] for at in range(0, len(number), 4))
    hidden = redact(f"{around} {echoed} {around}", {Placeholder(token, "number"): number})
    assert echoed not in hidden
    assert token in hidden


@given(TOKENS, PRINTABLE.filter(lambda text: len(text.strip()) >= 6))
def test_a_value_is_hidden_however_it_is_escaped(token: str, value: str) -> None:
    place = Placeholder(token, "")
    body = ForwardBody(json=msgspec.Raw(json.dumps({"a": f"{{{{ {token} }}}}"}).encode()))
    for sent in (
        fill(body, {place: value})[1].decode(),
        fill(ForwardBody(form={"a": f"{{{{ {token} }}}}"}), {place: value})[1].decode(),
        json.dumps({"a": value}, ensure_ascii=False),
    ):
        assert token in redact(sent, {place: value})


def test_what_is_open_to_all_is_left_as_it_is() -> None:
    sent = {Placeholder("tok_a", "expiry_month"): "12", Placeholder("tok_a", "cvc"): "123"}
    assert redact('{"month":12,"id":91234,"cvc":"123"}', sent) == (
        '{"month":12,"id":91234,"cvc":"[redacted]"}'
    )
