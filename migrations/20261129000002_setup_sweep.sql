-- When the processor is asked about the saving of a card; NULL: not (any more).
--
-- Whose customer passed the bank's check and did not come back, while the word of it was lost, is saved by that.

ALTER TABLE payment_setup ADD COLUMN sweep_at BIGINT;
UPDATE payment_setup SET sweep_at = created_at WHERE state = 'open' AND reference IS NOT NULL;
CREATE INDEX payment_setup_to_sweep ON payment_setup (sweep_at) WHERE sweep_at IS NOT NULL;
