-- A version for sign-ins and SIP passwords, so that of two people who change one the second is told.
--
-- A sign-in begins with the moment at which it was made, and an account counts on when its SIP password is taken away: what
-- somebody saw before never looks like what was made anew.

ALTER TABLE sign_in ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE account ADD COLUMN sip_version BIGINT NOT NULL DEFAULT 0;
