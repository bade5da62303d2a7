-- Rooms and teams that an organization offers to a partner. Nothing is shared until the partner accepts. Offers of teams are in the first database, those of rooms in the organization's.
CREATE TABLE share_offers (
  partner_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('room', 'team')),
  id TEXT NOT NULL, -- of the room or team
  organization_id TEXT NOT NULL, -- whose it is
  created_at INTEGER NOT NULL, -- ms
  PRIMARY KEY (partner_id, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX share_offers_by_owner ON share_offers (organization_id, kind, id, partner_id);
