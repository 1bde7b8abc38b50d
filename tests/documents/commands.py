"""The commands of the documents: blocks marked `sh`."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(text: str) -> list[str]:
    """Those of a document or a part of one."""
    return _BLOCK.findall(text)
