"""SQL of authorization requests and codes."""

from typing import Final

INSERT_PUSHED: Final = """
    INSERT INTO pushed_request (tenant_id, uri_hash, client_id, request, pushed_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

# The first time that a browser comes gives its user the time to decide; later ones give no more.
BEGIN: Final = """
    UPDATE pushed_request
    SET begun = begun + 1, expires_at = CASE WHEN begun = 0 THEN $5 ELSE expires_at END
    WHERE tenant_id = $1 AND uri_hash = $2 AND client_id = $3 AND expires_at > $4 AND begun < $6
    RETURNING request, expires_at
"""

INSERT_INTERACTION: Final = """
    INSERT INTO interaction (tenant_id, interaction_id, browser_hash, uri_hash, begun_at,
                             expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

FIND_INTERACTION: Final = """
    SELECT p.request, i.begun_at, i.expires_at
    FROM interaction AS i
    JOIN pushed_request AS p ON p.tenant_id = i.tenant_id AND p.uri_hash = i.uri_hash
    WHERE i.tenant_id = $1 AND i.interaction_id = $2 AND i.browser_hash = $3 AND i.expires_at > $4
"""

TAKE_INTERACTION: Final = """
    DELETE FROM interaction
    WHERE tenant_id = $1 AND interaction_id = $2 AND browser_hash = $3 AND expires_at > $4
    RETURNING uri_hash
"""

# With it go all other interactions of the request: they find nothing any more.
TAKE_PUSHED: Final = """
    DELETE FROM pushed_request WHERE tenant_id = $1 AND uri_hash = $2 RETURNING client_id
"""

INSERT_CODE: Final = """
    INSERT INTO authorization_code (tenant_id, code_hash, client_id, grant_id, redirect_uri,
                                    challenge, confirmation, nonce, asked, issued_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

REDEEM: Final = """
    UPDATE authorization_code SET redeemed_at = $4
    WHERE tenant_id = $1 AND code_hash = $2 AND client_id = $3 AND redeemed_at IS NULL
          AND expires_at > $4
    RETURNING grant_id, redirect_uri, challenge, confirmation, nonce, asked
"""

FIND_REDEEMED: Final = """
    SELECT grant_id FROM authorization_code
    WHERE tenant_id = $1 AND code_hash = $2 AND client_id = $3 AND redeemed_at IS NOT NULL
"""

DELETE_PUSHED: Final = """
    DELETE FROM pushed_request
    WHERE tenant_id = $1 AND uri_hash IN (
        SELECT uri_hash FROM pushed_request WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3
    )
"""

DELETE_INTERACTIONS: Final = """
    DELETE FROM interaction
    WHERE tenant_id = $1 AND interaction_id IN (
        SELECT interaction_id FROM interaction WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3
    )
"""

DELETE_CODES: Final = """
    DELETE FROM authorization_code
    WHERE tenant_id = $1 AND code_hash IN (
        SELECT code_hash FROM authorization_code
        WHERE tenant_id = $1 AND expires_at < $2 LIMIT $3
    )
"""
