"""Messages, and what of them a signature covers (RFC 9421, section 2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

_DEFAULT_PORTS: Final = {"https": ":443", "http": ":80"}


class SignatureRefused(Exception):  # noqa: N818 - what became of it
    """A signature that is not valid, too old, or of too little: a sentence says which."""


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that is covered.

    Attributes:
        name: of a field, in lower case, or a derived one such as `@method`.
        parameter: the name that `@query-param` takes, percent-encoded as in the query.
        of_request: whether a response covers what its request said there (section 2.4).
    """

    name: str
    parameter: str | None = None
    of_request: bool = False

    def __str__(self) -> str:
        """The component's identifier, as it is serialized."""
        named = "" if self.parameter is None else f';name="{self.parameter}"'
        return f'"{self.name}"{named}' + (";req" if self.of_request else "")


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or a response.

    Attributes:
        fields: the values of each field line, by names in lower case.
        method: of a request.
        url: a request's target, absolute, as its client sees it.
        status: of a response.
        request: which a response answers.
    """

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    method: str | None = None
    url: str | None = None
    status: int | None = None
    request: "Message | None" = None

    def value(self, component: Component) -> str:
        """What the message says there.

        Raises:
            SignatureRefused: it says nothing there, or nothing that is one line.
        """
        if component.of_request:
            if self.request is None:
                raise SignatureRefused(f"There is no request that has a {component}.")
            return self.request.value(replace(component, of_request=False))
        if component.name.startswith("@"):
            value = self._derived(component)
        else:
            lines = self.fields.get(component.name)
            # Section 2.1: trimmed, in one line each, joined.
            value = None if lines is None else ", ".join(line.strip(" \t") for line in lines)
        if value is None or "\n" in value or "\r" in value or not value.isascii():
            raise SignatureRefused(f"The message has no usable {component}.")
        return value

    def _derived(self, component: Component) -> str | None:
        if component.name == "@method":
            return self.method
        if component.name == "@status":
            return None if self.status is None else str(self.status)
        if self.url is None or component.name == "@target-uri":
            return self.url
        url = urlsplit(self.url)
        if component.name == "@query-param" and component.parameter is not None:
            return _query_parameter(url.query, component.parameter)
        derive = _OF_URL.get(component.name)
        return None if derive is None else derive(url)


def _authority(url: SplitResult) -> str:
    return url.netloc.lower().removesuffix(_DEFAULT_PORTS.get(url.scheme, " "))


def _query_parameter(query: str, name: str) -> str | None:
    """The one value of a name; one that is there twice cannot be covered (section 2.2.8)."""
    pairs = parse_qsl(query, keep_blank_values=True)
    values = [
        quote(value, safe="*-._") for each, value in pairs if quote(each, safe="*-._") == name
    ]
    return values[0] if len(values) == 1 else None


_OF_URL: Final[Mapping[str, Callable[[SplitResult], str]]] = {
    "@scheme": lambda url: url.scheme.lower(),
    "@authority": _authority,
    "@path": lambda url: url.path or "/",
    "@query": lambda url: f"?{url.query}",
}
