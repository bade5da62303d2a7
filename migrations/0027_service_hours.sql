-- When a room is open: JSON with a time zone and spans of the week (src/resources/service-hours.ts). Null: no plan.
ALTER TABLE rooms ADD COLUMN service_hours TEXT;
