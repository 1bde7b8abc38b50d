"""Style sheet, script and mark: files of the package under names that hold their digest.

A name never means another content, so that browsers keep it for ever, and a page of the former
release, answered by another process, still finds nothing but what it was made with.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bezant.kernel.errors import NotFound

_FOLDER: Final = Path(__file__).parent / "static"
ASSETS_PATH: Final = "/id/assets"
_DIGEST_CHARACTERS: Final = 16

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_HEADERS: Final = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class _Asset:
    path: str
    content: bytes
    media_type: str


class Assets:
    """The files, read once."""

    def __init__(self) -> None:
        self._by_name = {path.name: _read(path) for path in sorted(_FOLDER.iterdir())}
        self._by_path = {asset.path: asset for asset in self._by_name.values()}

    def path(self, name: str) -> str:
        """Where a file is served."""
        return self._by_name[name].path

    def route(self) -> Route:
        """Serves them: to anybody, since they say nothing about anybody."""
        return Route(f"{ASSETS_PATH}/{{name}}", self._serve, include_in_schema=False)

    async def _serve(self, request: Request) -> Response:
        asset = self._by_path.get(request.url.path)
        if asset is None:
            refusal = NotFound("There is nothing under this path.")
            return Response(refusal.encode(), refusal.status, media_type="application/problem+json")
        return Response(asset.content, headers=_HEADERS, media_type=asset.media_type)


def _read(path: Path) -> _Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]
    return _Asset(f"{ASSETS_PATH}/{path.stem}.{digest}{path.suffix}", content, _TYPES[path.suffix])
