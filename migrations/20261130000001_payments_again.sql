-- Payments that are over are looked at again, and invoices say for whom they were issued.

-- When the processor is asked once more about a payment that is paid, or was given up without its word; NULL: not any more.
ALTER TABLE payment ADD COLUMN look_at BIGINT;
-- How often it was, since anything happened to it.
ALTER TABLE payment ADD COLUMN looks BIGINT NOT NULL DEFAULT 0;
CREATE INDEX payment_to_look_at ON payment (look_at) WHERE look_at IS NOT NULL;
-- Those of the last half year, of which word may have been lost until now.
UPDATE payment SET look_at = paid_at + 3600000
WHERE paid_at > (SELECT MAX(paid_at) FROM payment) - 15552000000;

-- The customer's name as it was when the invoice was issued. Before, it was not kept: what it is now is all that is known.
ALTER TABLE invoice ADD COLUMN buyer TEXT NOT NULL DEFAULT '';
UPDATE invoice SET buyer = (SELECT c.name FROM customer c WHERE c.id = invoice.customer_id);
