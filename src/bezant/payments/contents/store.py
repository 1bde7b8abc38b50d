"""SQL of contents, as the vault's role.

Of an account there is nothing to keep any more once it was closed long enough ago: `$3` is that
instant. What a payment says concerns the customers of both sides, so that it is due when both
accounts are; a legal hold on any of their holders keeps it.
"""

from typing import Final

FIND_RULE: Final = """
    SELECT keep_days, reason FROM vault_retention WHERE tenant_id = $1 AND field = $2
"""

# Of the accounts that a person holds or held, those with payments, or what was to become some.
FIND_RELATIONSHIP: Final = """
    SELECT count(*) FILTER (WHERE b.closed_at IS NULL) AS open, max(b.closed_at) AS closed_at
    FROM bank_account AS b
    WHERE b.tenant_id = $1
        AND b.account_id IN (
            SELECT h.account_id FROM account_party AS h
            JOIN party AS p ON p.tenant_id = $1 AND p.party_id = h.party_id
            WHERE h.tenant_id = $1 AND h.role = 'holder' AND p.subject_id = $2
        )
        AND (
            EXISTS (SELECT 1 FROM payment_order AS o
                    WHERE o.tenant_id = $1 AND o.debtor_account = b.account_id)
            OR EXISTS (SELECT 1 FROM payment_order AS o
                       WHERE o.tenant_id = $1 AND o.creditor_account = b.account_id)
            OR EXISTS (SELECT 1 FROM direct_debit AS d
                       WHERE d.tenant_id = $1 AND d.debtor_account = b.account_id)
            OR EXISTS (SELECT 1 FROM direct_debit AS d
                       WHERE d.tenant_id = $1 AND d.creditor_account = b.account_id)
            OR EXISTS (SELECT 1 FROM direct_debit_mandate AS m
                       WHERE m.tenant_id = $1 AND m.debtor_account = b.account_id)
            OR EXISTS (SELECT 1 FROM direct_debit_mandate AS m
                       WHERE m.tenant_id = $1 AND m.creditor_account = b.account_id)
            OR EXISTS (SELECT 1 FROM bulk_item AS i
                       WHERE i.tenant_id = $1 AND i.debtor_account = b.account_id)
            OR EXISTS (SELECT 1 FROM bulk_debit_item AS i
                       WHERE i.tenant_id = $1 AND i.creditor_account = b.account_id)
            OR EXISTS (SELECT 1 FROM payee_verification AS v
                       WHERE v.tenant_id = $1 AND v.debtor_account = b.account_id)
        )
"""

FIND_ACCOUNTS: Final = """
    SELECT DISTINCT h.account_id FROM account_party AS h
    JOIN party AS p ON p.tenant_id = $1 AND p.party_id = h.party_id
    WHERE h.tenant_id = $1 AND h.role = 'holder' AND p.subject_id = ANY($2::uuid[])
"""

FIND_CLOSED: Final = """
    SELECT account_id FROM bank_account
    WHERE tenant_id = $1 AND closed_at <= $2 AND account_id > $3
    ORDER BY account_id LIMIT $4
"""

# Of the accounts `$2`: those that nothing has to be kept of. `$4` is now, which holds are told by.
FIND_DUE: Final = """
    SELECT b.account_id FROM bank_account AS b
    WHERE b.tenant_id = $1 AND b.account_id = ANY($2::uuid[]) AND b.closed_at <= $3
        AND NOT EXISTS (
            SELECT 1 FROM account_party AS h
            JOIN party AS p ON p.tenant_id = $1 AND p.party_id = h.party_id
            JOIN vault_hold AS v ON v.tenant_id = $1 AND v.subject_id = p.subject_id
            WHERE h.tenant_id = $1 AND h.account_id = b.account_id AND h.role = 'holder'
                AND v.released_at IS NULL AND (v.until IS NULL OR v.until > $4)
        )
"""

FIND_ORDERS: Final = """
    SELECT o.order_id, o.debtor_account AS payer, o.creditor_account AS payee
    FROM payment_order AS o
    WHERE o.tenant_id = $1
        AND (o.debtor_account = ANY($2::uuid[]) OR o.creditor_account = ANY($2::uuid[]))
        AND EXISTS (SELECT 1 FROM payment_content AS c
                    WHERE c.tenant_id = $1 AND c.order_id = o.order_id)
    ORDER BY o.order_id
"""

FIND_DEBITS: Final = """
    SELECT d.debit_id, d.debtor_account AS payer, d.creditor_account AS payee
    FROM direct_debit AS d
    JOIN direct_debit_content AS c ON c.tenant_id = $1 AND c.debit_id = d.debit_id
    WHERE d.tenant_id = $1
        AND (d.debtor_account = ANY($2::uuid[]) OR d.creditor_account = ANY($2::uuid[]))
    ORDER BY d.debit_id
"""

DELETE_ORDERS: Final = """
    DELETE FROM payment_content WHERE tenant_id = $1 AND order_id = ANY($2::uuid[])
"""

DELETE_DEBITS: Final = """
    DELETE FROM direct_debit_content WHERE tenant_id = $1 AND debit_id = ANY($2::uuid[])
"""

DELETE_DEBIT_MESSAGES: Final = """
    DELETE FROM direct_debit_message WHERE tenant_id = $1 AND debit_id = ANY($2::uuid[])
"""

FIND_MANDATES: Final = """
    SELECT m.mandate_id, m.debtor_account AS payer, m.creditor_account AS payee
    FROM direct_debit_mandate AS m
    WHERE m.tenant_id = $1 AND m.sealed <> ''
        AND (m.debtor_account = ANY($2::uuid[]) OR m.creditor_account = ANY($2::uuid[]))
    ORDER BY m.mandate_id
"""

CLEAR_MANDATES: Final = """
    UPDATE direct_debit_mandate SET sealed = ''
    WHERE tenant_id = $1 AND mandate_id = ANY($2::uuid[])
"""

CLEAR_DEBIT_ITEMS: Final = """
    UPDATE bulk_debit_item SET sealed = '' WHERE tenant_id = $1 AND debit_id = ANY($2::uuid[])
    RETURNING bulk_id
"""

# What was refused is its sender's alone: nobody was paid.
CLEAR_REFUSED_DEBIT_ITEMS: Final = """
    UPDATE bulk_debit_item SET sealed = ''
    WHERE tenant_id = $1 AND creditor_account = ANY($2::uuid[]) AND outcome = 'refused'
        AND sealed <> ''
    RETURNING bulk_id
"""

CLEAR_UNOWNED_DEBIT_ITEMS: Final = """
    UPDATE bulk_debit_item AS i SET sealed = ''
    FROM (
        SELECT bulk_id, item_no FROM bulk_debit_item
        WHERE tenant_id = $1 AND outcome = 'refused' AND creditor_account IS NULL
            AND sealed <> '' AND recorded_at <= $2
        ORDER BY recorded_at LIMIT $3
    ) AS old
    WHERE i.tenant_id = $1 AND i.bulk_id = old.bulk_id AND i.item_no = old.item_no
    RETURNING i.bulk_id
"""

# Of files that nothing is left of: their name, and what it was recognized by. `$3` stands for it.
CLEAR_DEBIT_FILES: Final = """
    UPDATE bulk_debit AS b SET sealed = '', initiator = '', message = old.message
    FROM unnest($2::uuid[], $3::bytea[]) AS old (bulk_id, message)
    WHERE b.tenant_id = $1 AND b.bulk_id = old.bulk_id
        AND NOT EXISTS (SELECT 1 FROM bulk_debit_item AS i
                        WHERE i.tenant_id = $1 AND i.bulk_id = b.bulk_id AND i.sealed <> '')
"""

DELETE_VERIFICATIONS: Final = """
    DELETE FROM payee_verification_content
    WHERE tenant_id = $1 AND verification_id IN (
        SELECT verification_id FROM payee_verification
        WHERE tenant_id = $1 AND debtor_account = ANY($2::uuid[])
    )
"""

# By which a repeated payment of a file was recognized.
DELETE_REFERENCES: Final = """
    DELETE FROM bulk_reference AS r USING bulk_item AS i
    WHERE r.tenant_id = $1 AND i.tenant_id = $1 AND i.bulk_id = r.bulk_id
        AND i.item_no = r.item_no AND i.order_id = ANY($2::uuid[])
"""

CLEAR_ITEMS: Final = """
    UPDATE bulk_item SET sealed = '' WHERE tenant_id = $1 AND order_id = ANY($2::uuid[])
    RETURNING bulk_id
"""

CLEAR_REFUSED_ITEMS: Final = """
    UPDATE bulk_item SET sealed = ''
    WHERE tenant_id = $1 AND debtor_account = ANY($2::uuid[]) AND outcome = 'refused'
        AND sealed <> ''
    RETURNING bulk_id
"""

CLEAR_UNOWNED_ITEMS: Final = """
    UPDATE bulk_item AS i SET sealed = ''
    FROM (
        SELECT bulk_id, item_no FROM bulk_item
        WHERE tenant_id = $1 AND outcome = 'refused' AND debtor_account IS NULL
            AND sealed <> '' AND recorded_at <= $2
        ORDER BY recorded_at LIMIT $3
    ) AS old
    WHERE i.tenant_id = $1 AND i.bulk_id = old.bulk_id AND i.item_no = old.item_no
    RETURNING i.bulk_id
"""

CLEAR_FILES: Final = """
    UPDATE bulk_payment AS b SET sealed = '', initiator = '', message = old.message
    FROM unnest($2::uuid[], $3::bytea[]) AS old (bulk_id, message)
    WHERE b.tenant_id = $1 AND b.bulk_id = old.bulk_id
        AND NOT EXISTS (SELECT 1 FROM bulk_item AS i
                        WHERE i.tenant_id = $1 AND i.bulk_id = b.bulk_id AND i.sealed <> '')
"""

CLEAR_STANDING: Final = """
    UPDATE standing_order SET sealed = ''
    WHERE tenant_id = $1 AND debtor_account = ANY($2::uuid[]) AND status <> 'active'
"""

# For a person's export: the newest first.
EXPORT_ORDERS: Final = """
    SELECT o.order_id, o.direction, o.asset, o.amount, o.created_at, c.sealed
    FROM payment_order AS o
    JOIN payment_content AS c ON c.tenant_id = $1 AND c.order_id = o.order_id AND c.kind = 'order'
    WHERE o.tenant_id = $1
        AND (o.debtor_account = ANY($2::uuid[]) OR o.creditor_account = ANY($2::uuid[]))
    ORDER BY o.created_at DESC LIMIT $3
"""

EXPORT_DEBITS: Final = """
    SELECT d.debit_id, d.asset, d.amount, d.due_on, c.sealed
    FROM direct_debit AS d
    JOIN direct_debit_content AS c ON c.tenant_id = $1 AND c.debit_id = d.debit_id
    WHERE d.tenant_id = $1
        AND (d.debtor_account = ANY($2::uuid[]) OR d.creditor_account = ANY($2::uuid[]))
    ORDER BY d.due_on DESC LIMIT $3
"""

EXPORT_VERIFICATIONS: Final = """
    SELECT v.verification_id, v.verdict, v.asked_at, c.sealed
    FROM payee_verification AS v
    JOIN payee_verification_content AS c
        ON c.tenant_id = $1 AND c.verification_id = v.verification_id
    WHERE v.tenant_id = $1 AND v.debtor_account = ANY($2::uuid[])
    ORDER BY v.asked_at DESC LIMIT $3
"""

EXPORT_MANDATES: Final = """
    SELECT mandate_id, scheme, signed_on, sealed FROM direct_debit_mandate
    WHERE tenant_id = $1 AND sealed <> ''
        AND (debtor_account = ANY($2::uuid[]) OR creditor_account = ANY($2::uuid[]))
    ORDER BY created_at DESC LIMIT $3
"""

EXPORT_REFUSED_ITEMS: Final = """
    SELECT bulk_id, item_no, code, recorded_at, sealed FROM bulk_item
    WHERE tenant_id = $1 AND debtor_account = ANY($2::uuid[]) AND outcome = 'refused'
        AND sealed <> ''
    ORDER BY recorded_at DESC LIMIT $3
"""
