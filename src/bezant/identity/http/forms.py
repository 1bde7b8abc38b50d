"""Parameters of queries and form bodies, each of which comes once.

RFC 6749 (section 3.1): parameters must not repeat, and one without a value counts as absent. Two
readers of a repeated parameter may each see another value.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Self
from urllib.parse import parse_qsl

from bezant.identity.http.errors import OAuthError

PARAMETERS_MAX: Final = 60
FORM_BYTES_MAX: Final = 64 * 1024

_REPEATABLE: Final = frozenset({"audience", "resource"})
"""RFC 8707, section 2, and RFC 8693, section 2.1: a client may name several."""


class Form(Mapping[str, str]):
    """Parameters by name. Of those that may repeat, the mapping has the first."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, tuple[str, ...]]) -> None:
        self._values = values

    @classmethod
    def parse(cls, encoded: bytes) -> Self:
        """Read `application/x-www-form-urlencoded`.

        Raises:
            OAuthError: it cannot be read, or a parameter repeats.
        """
        try:
            pairs = parse_qsl(
                encoded.decode("ascii"),
                keep_blank_values=True,
                strict_parsing=bool(encoded),
                errors="strict",
                max_num_fields=PARAMETERS_MAX,
            )
        except ValueError:
            raise OAuthError("invalid_request", "The parameters cannot be read.") from None
        values: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            if "\0" in name or "\0" in value:
                raise OAuthError("invalid_request", "Parameters hold no NUL characters.")
            if name in values and name not in _REPEATABLE:
                raise OAuthError("invalid_request", "A parameter came more than once.")
            values[name] = (*values.get(name, ()), value)
        # Only now: one that came empty and then with a value came twice.
        kept = {name: tuple(filter(None, each)) for name, each in values.items()}
        return cls({name: each for name, each in kept.items() if each})

    def every(self, name: str) -> tuple[str, ...]:
        """The values of a parameter that may repeat."""
        return self._values.get(name, ())

    def required(self, name: str) -> str:
        """The value of a parameter.

        Raises:
            OAuthError: `invalid_request`, as there is none.
        """
        value = self.get(name)
        if value is None:
            raise OAuthError("invalid_request", f"The parameter {name} is missing.")
        return value

    def __getitem__(self, name: str) -> str:
        return self._values[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
