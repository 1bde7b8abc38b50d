"""Parameters, each of which comes once."""

import pytest

from bezant.identity.http import Form, OAuthError
from bezant.identity.http.forms import PARAMETERS_MAX


def test_parameters_are_read_and_empty_ones_are_absent() -> None:
    form = Form.parse(b"grant_type=a%20b+c&scope=&state=%C3%A9")
    assert dict(form) == {"grant_type": "a b c", "state": "é"}
    assert form.required("state") == "é"
    with pytest.raises(OAuthError) as missing:
        form.required("scope")
    assert missing.value.error == "invalid_request"


@pytest.mark.parametrize(
    "encoded",
    [
        b"a=1&a=2",
        b"a=1&a=1",
        b"a=&a=1",
        b"a=%00",
        b"%00=1",
        b"a=%ff",
        b"a=\xff",
        b"no value",
        b"&".join(b"p%d=1" % number for number in range(PARAMETERS_MAX + 1)),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(encoded: bytes) -> None:
    with pytest.raises(OAuthError) as refused:
        Form.parse(encoded)
    assert (refused.value.error, refused.value.status) == ("invalid_request", 400)


def test_several_resources_may_be_named() -> None:
    form = Form.parse(b"resource=https://a&resource=https://b&x=1")
    assert form.every("resource") == ("https://a", "https://b")
    assert form.every("y") == ()
