-- With which the chats of an organization that start are encrypted (SPKI, PEM). Null: they are not.
ALTER TABLE organizations ADD COLUMN encryption_public_key TEXT;
-- Days after the end of an encrypted chat until its key is forgotten. Null: never.
ALTER TABLE rooms ADD COLUMN chat_key_ttl_days INTEGER;
