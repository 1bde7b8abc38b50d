"""Pages as text, and the headers that each of them carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct

from bezant.identity.pages.languages import Catalogue
from bezant.identity.pages.sentences import strong

_TEMPLATES: Final = Path(__file__).parent / "templates"

# No script or style but our files; nobody frames a page; forms go to us, and to the client whose
# request is answered, as Chromium holds redirects after a form to `form-action` too.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'{}; frame-ancestors 'none'; base-uri 'none'"
)

_HEADERS: Final = (
    # What a page says is over with the login: the back button asks us again.
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"publickey-credentials-get=(self), publickey-credentials-create=(self), payment=()",
    ),
    # `no-referrer` would make browsers send `Origin: null` with our own forms.
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


class FormError(Struct, frozen=True):
    """What is to be put right.

    Attributes:
        text: in the user's language.
        field: the control's id; empty when it is the whole form.
    """

    text: str
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page to be rendered.

    Attributes:
        template: without its suffix.
        facts: what the template reads.
        errors: what its form's former answer was declined for.
        form_source: of a client, to which one of its forms may end up.
        words: in the language that a client asked for, where that is not the browser's.
    """

    template: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    errors: Sequence[FormError] = ()
    form_source: str | None = None
    words: Catalogue | None = None
    status: int = HTTPStatus.OK
    headers: Sequence[tuple[bytes, bytes]] = ()


@dataclass(frozen=True, slots=True)
class Going:
    """The browser goes on by GET.

    Attributes:
        url: of ours, or the answer to a client.
        cookie: the session's new one; empty when there is to be none any more.
    """

    url: str
    cookie: str | None = None
    headers: Sequence[tuple[bytes, bytes]] = ()


def headers_of(page: Page) -> list[tuple[bytes, bytes]]:
    """A page's headers."""
    form_to = f" {page.form_source}" if page.form_source else ""
    policy = _POLICY.format(form_to).encode("ascii")
    return [(b"content-security-policy", policy), *_HEADERS, *page.headers]


def going_headers() -> list[tuple[bytes, bytes]]:
    """The headers of an answer that sends the browser on."""
    return list(_HEADERS)


def render(page: Page, facts: Mapping[str, Any]) -> str:
    """The page's text, with the facts that all pages read."""
    template = _templates().get_template(f"{page.template}.html")
    return template.render({**facts, **page.facts, "errors": page.errors})


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.filters["strong"] = strong
    return templates
