-- What the operator has set of an organization's quotas: JSON of numbers by name. What is missing has its default.
ALTER TABLE organizations ADD COLUMN quotas TEXT NOT NULL DEFAULT '{}';
