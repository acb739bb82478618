-- How dates and numbers are shown to the provider's staff: each person's own choice, as customers have theirs.

ALTER TABLE administrator ADD COLUMN locale TEXT NOT NULL DEFAULT 'en-GB';
ALTER TABLE administrator ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'Europe/Brussels';
