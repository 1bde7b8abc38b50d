"""The code as an image: error correction level M, at most version 13."""

from io import BytesIO
from typing import Final

import segno

_VERSION_MAX: Final = 13


def svg(payload: bytes) -> str:
    """An SVG document of a payload, black on white, with the quiet zone around it."""
    # The bytes say themselves in which character set they are: no ECI header before them.
    code = segno.make(payload, error="m", boost_error=False, micro=False, mode="byte")
    assert int(code.version) <= _VERSION_MAX, "no payload is longer than fits"
    out = BytesIO()
    code.save(out, kind="svg", scale=4, light="white", xmldecl=False, nl=False)
    return out.getvalue().decode()
