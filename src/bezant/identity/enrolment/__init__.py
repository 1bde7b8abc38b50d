"""Enrolment: users' own factors, from offer to removal."""

from bezant.identity.enrolment.devices import DeviceEndpoints
from bezant.identity.enrolment.holding import UserHolding
from bezant.identity.enrolment.service import FactorService

__all__ = ["DeviceEndpoints", "FactorService", "UserHolding"]
