"""Backchannel authentication (CIBA): clients ask users who are elsewhere, on their own devices."""

from bezant.identity.backchannel.api import part
from bezant.identity.backchannel.asking import BackchannelEndpoint
from bezant.identity.backchannel.hints import Hints
from bezant.identity.backchannel.pings import Pinger, PingJobs
from bezant.identity.backchannel.polling import BackchannelPoller
from bezant.identity.backchannel.reading import Reader
from bezant.identity.backchannel.signed import SignedRequests
from bezant.identity.backchannel.sweeping import BackchannelSweep

__all__ = [
    "BackchannelEndpoint",
    "BackchannelPoller",
    "BackchannelSweep",
    "Hints",
    "PingJobs",
    "Pinger",
    "Reader",
    "SignedRequests",
    "part",
]
