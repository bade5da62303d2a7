-- Whether users may change their own names; with the scope `users` anybody's names may be changed in any case.
ALTER TABLE organizations ADD COLUMN is_renaming_allowed INTEGER NOT NULL DEFAULT 1;
