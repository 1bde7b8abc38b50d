"""Which of two authenticators a credential is for: what it looks like says so."""

from bezant.kernel.api_keys.token import PREFIX
from bezant.kernel.calls import Principal
from bezant.kernel.http import BEARER, Authenticator, Credentials


class KeysOrTokens:
    """API keys are told from access tokens by scheme and prefix, before anything is looked up.

    Args:
        keys: authenticates API keys.
        tokens: authenticates access tokens, whatever their scheme: it refuses those that nothing
            binds to their sender.
    """

    def __init__(self, keys: Authenticator, tokens: Authenticator) -> None:
        self._keys = keys
        self._tokens = tokens

    async def authenticate(self, credentials: Credentials) -> Principal:
        """The caller, as the one who knows such credentials says.

        Raises:
            Unauthenticated: unknown, expired or revoked, or not the sender's own.
            Unavailable: that cannot be known now.
        """
        is_key = credentials.scheme == BEARER and credentials.token.startswith(PREFIX)
        return await (self._keys if is_key else self._tokens).authenticate(credentials)
