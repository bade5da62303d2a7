-- The bytes of rows that an organization's threads have sent to D1 on a day (days since 1970, UTC). Counted in portions.
ALTER TABLE organizations ADD COLUMN stored_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
