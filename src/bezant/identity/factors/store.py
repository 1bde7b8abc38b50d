"""SQL of factors."""

from typing import Final

# Everything that a user can prove, without secrets.
FIND_ALL: Final = """
    SELECT 'password' AS method, user_id AS factor_id, changed_at AS created_at,
        NULL::timestamptz AS last_used_at, NULL::bigint AS count, NULL::timestamptz AS flagged_at
    FROM identity_password WHERE tenant_id = $1 AND user_id = $2
    UNION ALL
    SELECT 'totp', factor_id, created_at, last_used_at, NULL, NULL
    FROM identity_totp WHERE tenant_id = $1 AND user_id = $2
    UNION ALL
    SELECT CASE WHEN is_backup_eligible THEN 'synced-passkey' ELSE 'passkey' END, passkey_id,
        created_at, last_used_at, NULL, flagged_at
    FROM identity_passkey WHERE tenant_id = $1 AND user_id = $2
    UNION ALL
    SELECT 'device', device_id, created_at, last_used_at, NULL, NULL
    FROM identity_device WHERE tenant_id = $1 AND user_id = $2
    UNION ALL
    SELECT 'recovery-code', set_id, created_at, NULL, count(*), NULL
    FROM identity_recovery_code WHERE tenant_id = $1 AND user_id = $2
    GROUP BY set_id, created_at
    ORDER BY 3, 2
"""

FIND_HASH: Final = """
    SELECT hash FROM identity_password WHERE tenant_id = $1 AND user_id = $2
"""

SET_HASH: Final = """
    INSERT INTO identity_password (tenant_id, user_id, hash, changed_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
    SET hash = excluded.hash, changed_at = excluded.changed_at
"""

# The same password under another cost, unless it was changed meanwhile.
REPLACE_HASH: Final = """
    UPDATE identity_password SET hash = $4 WHERE tenant_id = $1 AND user_id = $2 AND hash = $3
"""

FIND_TOTP: Final = """
    SELECT sealed, last_step FROM identity_totp WHERE tenant_id = $1 AND user_id = $2
"""

SET_TOTP: Final = """
    INSERT INTO identity_totp
        (tenant_id, user_id, factor_id, sealed, last_step, created_at, last_used_at)
    VALUES ($1, $2, $3, $4, $5, $6, NULL)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
    SET factor_id = excluded.factor_id, sealed = excluded.sealed, last_step = excluded.last_step,
        created_at = excluded.created_at, last_used_at = NULL
"""

# Comparing and using up are one: a step is taken once, and after it no older one.
TAKE_STEP: Final = """
    UPDATE identity_totp SET last_step = $3, last_used_at = $4
    WHERE tenant_id = $1 AND user_id = $2 AND last_step < $3
    RETURNING factor_id
"""

TAKE_RECOVERY_CODE: Final = """
    DELETE FROM identity_recovery_code WHERE tenant_id = $1 AND user_id = $2 AND code_hash = $3
    RETURNING set_id
"""

DELETE_RECOVERY_CODES: Final = """
    DELETE FROM identity_recovery_code WHERE tenant_id = $1 AND user_id = $2
"""

INSERT_RECOVERY_CODES: Final = """
    INSERT INTO identity_recovery_code (tenant_id, user_id, code_hash, set_id, created_at)
    SELECT $1, $2, code_hash, $4, $5 FROM unnest($3::bytea[]) AS new (code_hash)
"""

FIND_PASSKEY: Final = """
    SELECT passkey_id, user_id, public_key, sign_count, is_backup_eligible, is_backed_up, flagged_at
    FROM identity_passkey WHERE tenant_id = $1 AND credential_id = $2
"""

FIND_CREDENTIALS: Final = """
    SELECT credential_id FROM identity_passkey
    WHERE tenant_id = $1 AND user_id = $2 ORDER BY credential_id
"""

INSERT_PASSKEY: Final = """
    INSERT INTO identity_passkey (tenant_id, passkey_id, user_id, credential_id, public_key,
        sign_count, is_backup_eligible, is_backed_up, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (tenant_id, credential_id) DO NOTHING
    RETURNING passkey_id
"""

USE_PASSKEY: Final = """
    UPDATE identity_passkey SET sign_count = $3, is_backed_up = $4, last_used_at = $5
    WHERE tenant_id = $1 AND passkey_id = $2
"""

FLAG_PASSKEY: Final = """
    UPDATE identity_passkey SET flagged_at = $3 WHERE tenant_id = $1 AND passkey_id = $2
"""

REMOVE_TOTP: Final = """
    DELETE FROM identity_totp WHERE tenant_id = $1 AND user_id = $2 AND factor_id = $3
    RETURNING factor_id
"""

REMOVE_PASSKEY: Final = """
    DELETE FROM identity_passkey WHERE tenant_id = $1 AND user_id = $2 AND passkey_id = $3
    RETURNING passkey_id
"""

REMOVE_DEVICE: Final = """
    DELETE FROM identity_device WHERE tenant_id = $1 AND user_id = $2 AND device_id = $3
    RETURNING device_id
"""

REMOVE_RECOVERY_CODES: Final = """
    DELETE FROM identity_recovery_code WHERE tenant_id = $1 AND user_id = $2 AND set_id = $3
    RETURNING set_id
"""
