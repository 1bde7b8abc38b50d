"""The substituting proxy: requests that leave with values in the place of tokens."""

from bezant.vault.proxy.api import operations
from bezant.vault.proxy.holding import ForwardHolding
from bezant.vault.proxy.sending import Outbound
from bezant.vault.proxy.service import ProxyService

__all__ = ["ForwardHolding", "Outbound", "ProxyService", "operations"]
