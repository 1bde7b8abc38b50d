"""Messages of ISO 20022 between banks and from customers: pure reading and writing."""

from bezant.formats.iso20022.errors import InvalidMessage, NotInProfile, SumsDisagree
from bezant.formats.iso20022.messages import (
    camt029,
    camt056,
    mandates,
    pacs002,
    pacs003,
    pacs004,
    pacs007,
    pacs008,
    pacs028,
    pain001,
    pain002,
    pain008,
)
from bezant.formats.iso20022.nodes import MESSAGE_BYTES_MAX, version_of
from bezant.formats.iso20022.trees import Tree
from bezant.formats.iso20022.whole import read_whole, write_whole

__all__ = [
    "MESSAGE_BYTES_MAX",
    "InvalidMessage",
    "NotInProfile",
    "SumsDisagree",
    "Tree",
    "camt029",
    "camt056",
    "mandates",
    "pacs002",
    "pacs003",
    "pacs004",
    "pacs007",
    "pacs008",
    "pacs028",
    "pain001",
    "pain002",
    "pain008",
    "read_whole",
    "version_of",
    "write_whole",
]
