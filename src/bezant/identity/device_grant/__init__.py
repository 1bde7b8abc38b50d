"""Devices without a browser: a code that their user types in elsewhere (RFC 8628)."""

from bezant.identity.device_grant.api import part
from bezant.identity.device_grant.asking import DeviceAuthorizationEndpoint
from bezant.identity.device_grant.deciding import DeviceInteractions
from bezant.identity.device_grant.domain import VALID
from bezant.identity.device_grant.entering import CodeEntry
from bezant.identity.device_grant.errors import UserCodeUnknown
from bezant.identity.device_grant.guesses import Guesses
from bezant.identity.device_grant.polling import DeviceCodes
from bezant.identity.device_grant.sweeping import DeviceSweep
from bezant.identity.device_grant.user_codes import UserCodes, read_user_code, write_user_code

__all__ = [
    "VALID",
    "CodeEntry",
    "DeviceAuthorizationEndpoint",
    "DeviceCodes",
    "DeviceInteractions",
    "DeviceSweep",
    "Guesses",
    "UserCodeUnknown",
    "UserCodes",
    "part",
    "read_user_code",
    "write_user_code",
]
