"""SQL of clients."""

from typing import Final

INSERT: Final = """
    INSERT INTO oauth_client
        (tenant_id, client_id, name, profile, authentication, binding, redirect_uris, grant_types,
         scopes, jwks, jwks_uri, tls_subject_member, tls_subject, created_at, changed_at,
         exchange_audiences, exchange_impersonates, backchannel, post_logout_redirect_uris,
         backchannel_logout_uri, backchannel_logout_session_required)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16, $17, $18,
            $19, $20)
"""

FIND: Final = """
    SELECT client_id, name, profile, authentication, binding, redirect_uris, grant_types, scopes,
           jwks, jwks_uri, tls_subject_member, tls_subject, created_at, changed_at, disabled_at,
           exchange_audiences, exchange_impersonates, backchannel, post_logout_redirect_uris,
           backchannel_logout_uri, backchannel_logout_session_required
    FROM oauth_client WHERE tenant_id = $1 AND client_id = $2
"""

# Identifiers increase with time, so their order is the order of creation.
LIST: Final = """
    SELECT client_id, name, profile, authentication, binding, redirect_uris, grant_types, scopes,
           jwks, jwks_uri, tls_subject_member, tls_subject, created_at, changed_at, disabled_at,
           exchange_audiences, exchange_impersonates, backchannel, post_logout_redirect_uris,
           backchannel_logout_uri, backchannel_logout_session_required
    FROM oauth_client WHERE tenant_id = $1 AND client_id > $2
    ORDER BY client_id LIMIT $3
"""

CHANGE_KEYS: Final = """
    UPDATE oauth_client
    SET jwks = $3, jwks_uri = $4, tls_subject_member = $5, tls_subject = $6, changed_at = $7
    WHERE tenant_id = $1 AND client_id = $2
"""

DISABLE: Final = """
    UPDATE oauth_client SET disabled_at = $3, changed_at = $3
    WHERE tenant_id = $1 AND client_id = $2
"""

# Not if somebody else changed or disabled it since it was looked at.
REPLACE: Final = """
    UPDATE oauth_client
    SET name = $3, redirect_uris = $4, grant_types = $5, scopes = $6, jwks = $7, jwks_uri = $8,
        tls_subject_member = $9, tls_subject = $10, changed_at = $11
    WHERE tenant_id = $1 AND client_id = $2 AND changed_at = $12 AND disabled_at IS NULL
    RETURNING client_id
"""
