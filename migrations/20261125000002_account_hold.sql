-- Whether an account's block is the provider's: then the company leaves it as it is.

ALTER TABLE account ADD COLUMN held BOOLEAN NOT NULL DEFAULT FALSE;

UPDATE account SET held = TRUE WHERE status = 'blocked' AND EXISTS (
    SELECT 1 FROM status_change s
    WHERE s.account_id = account.id AND s.by_staff
    AND s.id = (SELECT MAX(l.id) FROM status_change l WHERE l.account_id = account.id)
);
