"""The catalogue of error codes, drawn from the refusals themselves.

`python -m bezant.kernel.http.catalogue > docs/errors.md` renews the document.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from bezant.kernel.errors import Refusal
from bezant.kernel.http.openapi import summary_of

_HEAD: Final = """\
# Errors

Every request that is declined is answered by a problem body (RFC 9457), as
`application/problem+json`:

```json
{"type": "/errors/OVERDRAFT_EXCEEDED", "title": "Not enough is available", "status": 422,
 "code": "OVERDRAFT_EXCEEDED", "detail": "…", "field": "postings[0].debit"}
```

`code` is stable: act on it, not on the texts. `field` names the part of the request at fault, where
there is one. Which codes a route may answer is in its responses in `/openapi.json`. 429 and 503
carry `Retry-After`; a repeat with the same `Idempotency-Key` is always safe.

| status | code | meaning |
|---|---|---|
"""

# Programs and what Alembic runs: to import them is to start them.
_NOT_IMPORTED: Final = ("__main__", "env", "worker")


def refusals_in(package: str) -> list[type[Refusal]]:
    """Every refusal with a code of its own that a package defines, by status and code."""
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        if module.name.rpartition(".")[2] not in _NOT_IMPORTED:
            importlib.import_module(module.name)
    own = {
        refusal
        for refusal in _descendants(Refusal)
        if refusal.__module__.startswith(f"{package}.") and "code" in vars(refusal)
    }
    return sorted(own, key=lambda refusal: (refusal.status, refusal.code))


def catalogue(refusals: Iterable[type[Refusal]]) -> str:
    """The document, in Markdown."""
    rows = [f"| {each.status} | `{each.code}` | {summary_of(each)} |\n" for each in refusals]
    return _HEAD + "".join(rows)


def _descendants(parent: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in parent.__subclasses__():
        yield child
        yield from _descendants(child)


if __name__ == "__main__":
    sys.stdout.write(catalogue(refusals_in("bezant")))
