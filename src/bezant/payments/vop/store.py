"""SQL of verifications of payees.

Riders read within their batch by the verification's identifier; a batch's tenant is all that reads
of riders are given.
"""

from typing import Final

READ_VERIFICATIONS: Final = """
    SELECT v.verification_id AS key, v.debtor_account, v.iban, v.name, v.verdict, v.expires_at,
        COALESCE(u.order_id, s.standing_id) AS order_id
    FROM payee_verification AS v
    LEFT JOIN payee_verification_use AS u ON u.tenant_id = $1
        AND u.verification_id = v.verification_id
    LEFT JOIN standing_payee AS s ON s.tenant_id = $1
        AND s.verification_id = v.verification_id
    WHERE v.tenant_id = $1 AND v.verification_id = ANY($2::uuid[])
"""

# Its key lets one order use a verification: of two, one is decided again.
INSERT_USES: Final = """
    INSERT INTO payee_verification_use (tenant_id, verification_id, order_id, confirmed, used_at,
        used_by)
    SELECT $1, verification_id, order_id, confirmed, used_at, used_by
    FROM unnest($2::uuid[], $3::uuid[], $4::boolean[], $5::timestamptz[], $6::text[])
        AS new (verification_id, order_id, confirmed, used_at, used_by)
"""

# As INSERT_USES, of a standing order.
INSERT_STANDING_USES: Final = """
    INSERT INTO standing_payee (tenant_id, verification_id, standing_id, confirmed, used_at,
        used_by)
    SELECT $1, verification_id, standing_id, confirmed, used_at, used_by
    FROM unnest($2::uuid[], $3::uuid[], $4::boolean[], $5::timestamptz[], $6::text[])
        AS new (verification_id, standing_id, confirmed, used_at, used_by)
"""

# Those of a file's payments have their identifiers beforehand: who asks again finds them asked.
INSERT_VERIFICATIONS: Final = """
    INSERT INTO payee_verification (tenant_id, verification_id, debtor_account, iban, name, verdict,
        asked_at, asked_by, expires_at)
    SELECT $1, verification_id, debtor_account, iban, name, verdict, asked_at, asked_by, expires_at
    FROM unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[], $6::text[], $7::timestamptz[],
                $8::text[], $9::timestamptz[])
        AS new (verification_id, debtor_account, iban, name, verdict, asked_at, asked_by,
                expires_at)
    ON CONFLICT (tenant_id, verification_id) DO NOTHING
"""

INSERT_CONTENTS: Final = """
    INSERT INTO payee_verification_content (tenant_id, verification_id, sealed)
    SELECT $1, verification_id, sealed
    FROM unnest($2::uuid[], $3::bytea[]) AS new (verification_id, sealed)
    ON CONFLICT (tenant_id, verification_id) DO NOTHING
"""

FIND_CONTENTS: Final = """
    SELECT verification_id, sealed FROM payee_verification_content
    WHERE tenant_id = $1 AND verification_id = ANY($2::uuid[])
"""

FIND: Final = """
    SELECT v.verification_id, v.debtor_account, v.verdict, v.asked_at, v.expires_at, u.order_id,
        u.confirmed
    FROM payee_verification AS v
    LEFT JOIN payee_verification_use AS u ON u.tenant_id = $1
        AND u.verification_id = v.verification_id
    WHERE v.tenant_id = $1 AND v.verification_id = $2
"""

COUNT_GUESSES: Final = """
    SELECT count(*) AS guesses FROM payee_answer
    WHERE tenant_id = $1 AND iban = $2 AND asked_by = $3 AND answered_at > $4
        AND verdict <> 'match'
"""

INSERT_ANSWER: Final = """
    INSERT INTO payee_answer (tenant_id, answer_id, request_id, asked_by, iban, verdict,
        answered_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
