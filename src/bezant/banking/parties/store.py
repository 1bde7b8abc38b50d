"""SQL of parties."""

from typing import Final

INSERT: Final = """
    INSERT INTO party (tenant_id, party_id, kind, subject_id, verification, risk, status,
        row_version, created_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)
"""

# What was there stays: a value is rectified under its reference.
INSERT_VALUES: Final = """
    INSERT INTO party_value (tenant_id, party_id, slot, reference)
    SELECT $1, $2, new.slot, new.reference
    FROM unnest($3::text[], $4::uuid[]) AS new (slot, reference)
    ON CONFLICT (tenant_id, party_id, slot) DO NOTHING
"""

# A party and its values in one statement, so that they are of one instant.
FIND: Final = """
    SELECT p.party_id, p.kind, p.subject_id, p.user_id, p.verification, p.risk, p.status,
           p.row_version, p.created_at, p.changed_at,
           ARRAY(SELECT v.slot FROM party_value AS v
                 WHERE v.tenant_id = $1 AND v.party_id = p.party_id ORDER BY v.slot) AS slots,
           ARRAY(SELECT v.reference FROM party_value AS v
                 WHERE v.tenant_id = $1 AND v.party_id = p.party_id ORDER BY v.slot) AS refs
    FROM party AS p
    WHERE p.tenant_id = $1 AND p.party_id = ANY($2::uuid[])
    ORDER BY p.party_id
"""

# Identifiers increase with time, so their order is the order of creation.
LIST: Final = """
    SELECT party_id FROM party
    WHERE tenant_id = $1 AND party_id > $2 ORDER BY party_id LIMIT $3
"""

FIND_HELD: Final = """
    SELECT party_id, reference FROM party_value
    WHERE tenant_id = $1 AND reference = ANY($2::uuid[])
    ORDER BY party_id
"""

# Writes of one party come one after another: this row is locked until the commit.
CHANGE: Final = """
    UPDATE party SET row_version = row_version + 1, changed_at = $3
    WHERE tenant_id = $1 AND party_id = $2 AND status <> 'erased'
"""

ASSESS: Final = """
    UPDATE party SET verification = $3, risk = $4, status = $5, row_version = row_version + 1,
        changed_at = $6
    WHERE tenant_id = $1 AND party_id = $2 AND status <> 'erased'
"""

INSERT_ASSESSMENT: Final = """
    INSERT INTO party_assessment (tenant_id, party_id, row_version, verification, risk, status,
        assessed_at, assessed_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

LIST_ASSESSMENTS: Final = """
    SELECT row_version, verification, risk, status, assessed_at, assessed_by
    FROM party_assessment WHERE tenant_id = $1 AND party_id = $2
    ORDER BY row_version DESC LIMIT $3
"""

# After `CHANGE` in the same transaction. Of two parties that a user is to be at once, the unique
# index lets one be.
LINK: Final = """
    UPDATE party SET user_id = $3 WHERE tenant_id = $1 AND party_id = $2
"""

FIND_OF_USER: Final = """
    SELECT party_id FROM party WHERE tenant_id = $1 AND user_id = $2
"""

FIND_USERS_SUBJECT: Final = """
    SELECT subject_id FROM identity_user WHERE tenant_id = $1 AND user_id = $2
"""

# Of two who add the same relationship at once one does; the other finds that it is done.
INSERT_RELATIONSHIP: Final = """
    INSERT INTO party_relationship (tenant_id, relationship_id, party_id, related_party_id, kind,
        share, valid_from, added_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (tenant_id, party_id, related_party_id, kind) WHERE valid_until IS NULL DO NOTHING
"""

FIND_RELATIONSHIP: Final = """
    SELECT relationship_id, party_id, related_party_id, kind, share, valid_from, valid_until,
           added_by
    FROM party_relationship WHERE tenant_id = $1 AND party_id = $2 AND relationship_id = $3
"""

END_RELATIONSHIP: Final = """
    UPDATE party_relationship SET valid_until = $4
    WHERE tenant_id = $1 AND party_id = $2 AND relationship_id = $3 AND valid_until IS NULL
"""

LIST_RELATIONSHIPS: Final = """
    SELECT relationship_id, party_id, related_party_id, kind, share, valid_from, valid_until,
           added_by
    FROM party_relationship
    WHERE tenant_id = $1 AND party_id = $2 AND relationship_id > $3
    ORDER BY relationship_id LIMIT $4
"""

# What kinds of parties hold accounts, at the instant of a batch.
READ_HOLDER_KINDS: Final = """
    SELECT a.account_id AS key, array_agg(DISTINCT p.kind) AS kinds
    FROM account_party AS a
    JOIN party AS p ON p.tenant_id = $1 AND p.party_id = a.party_id
    WHERE a.tenant_id = $1 AND a.account_id = ANY($2::uuid[]) AND a.role = 'holder'
        AND a.valid_from <= $3 AND (a.valid_until IS NULL OR $3 < a.valid_until)
    GROUP BY a.account_id
"""

FIND_HOLDERS: Final = """
    SELECT p.party_id, p.kind,
        ARRAY(SELECT v.reference FROM party_value AS v
              WHERE v.tenant_id = $1 AND v.party_id = p.party_id
                AND v.slot IN ('legal_name', 'other_names') ORDER BY v.slot) AS refs,
        ARRAY(SELECT v.slot FROM party_value AS v
              WHERE v.tenant_id = $1 AND v.party_id = p.party_id
                AND v.slot IN ('legal_name', 'other_names') ORDER BY v.slot) AS slots
    FROM account_party AS a
    JOIN party AS p ON p.tenant_id = $1 AND p.party_id = a.party_id
    WHERE a.tenant_id = $1 AND a.account_id = $2 AND a.role = 'holder'
        AND a.valid_from <= $3 AND (a.valid_until IS NULL OR $3 < a.valid_until)
    ORDER BY p.party_id
"""

FIND_OF_SUBJECT: Final = """
    SELECT party_id, kind, verification, risk, status, created_at
    FROM party WHERE tenant_id = $1 AND subject_id = $2 ORDER BY party_id
"""

FIND_RELATIONSHIPS_OF: Final = """
    SELECT relationship_id, party_id, related_party_id, kind, share, valid_from, valid_until,
           added_by
    FROM party_relationship
    WHERE tenant_id = $1 AND (party_id = $2 OR related_party_id = $2)
    ORDER BY relationship_id
"""

# Relationships stay, between identifiers that tell nothing any more.
FORGET: Final = """
    UPDATE party SET status = 'erased', user_id = NULL, row_version = row_version + 1
    WHERE tenant_id = $1 AND subject_id = ANY($2::uuid[]) AND status <> 'erased'
"""

FIND_ROLES: Final = """
    SELECT a.account_id, a.role, a.valid_from, a.valid_until
    FROM account_party AS a
    JOIN party AS p ON p.tenant_id = $1 AND p.party_id = a.party_id
    WHERE a.tenant_id = $1 AND p.subject_id = $2
    ORDER BY a.account_id, a.role
"""

END_ROLES: Final = """
    UPDATE account_party SET valid_until = $3
    FROM party AS p
    WHERE account_party.tenant_id = $1 AND p.tenant_id = $1
        AND p.party_id = account_party.party_id AND p.subject_id = ANY($2::uuid[])
        AND (account_party.valid_until IS NULL OR account_party.valid_until > $3)
"""

# Of the accounts: those that somebody holds, or held, whose data are restricted.
FIND_RESTRICTED_ACCOUNTS: Final = """
    SELECT DISTINCT a.account_id
    FROM account_party AS a
    JOIN party AS p ON p.tenant_id = $1 AND p.party_id = a.party_id
    JOIN restricted_subject AS r ON r.tenant_id = $1 AND r.subject_id = p.subject_id
    WHERE a.tenant_id = $1 AND a.account_id = ANY($2::uuid[]) AND a.role = 'holder'
"""
