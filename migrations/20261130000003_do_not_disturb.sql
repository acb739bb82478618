-- Whether an account's phone in the browser lets no calls through: it outlives the browser, and the server.

ALTER TABLE account ADD COLUMN do_not_disturb BOOLEAN NOT NULL DEFAULT FALSE;
