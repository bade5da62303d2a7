-- Rooms that are no longer shared with an organization, until the watchdog has ended its silent memberships in the room's open chats.
CREATE TABLE ended_shares (
  room_id TEXT NOT NULL,
  organization_id TEXT NOT NULL, -- the former partner
  ended_at INTEGER NOT NULL, -- ms
  after_chat TEXT NOT NULL, -- the id of the last chat that was looked at; '' at first
  PRIMARY KEY (room_id, organization_id)
) STRICT, WITHOUT ROWID;
