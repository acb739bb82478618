-- Payments that are over are looked at again, and invoices say for whom they were issued.

-- When the processor is asked once more about a payment that is paid, or was given up without its word; NULL: not any more.
ALTER TABLE payment ADD COLUMN look_at BIGINT;
-- How often it was, since anything happened to it.
ALTER TABLE payment ADD COLUMN looks BIGINT NOT NULL DEFAULT 0;
CREATE INDEX payment_to_look_at ON payment (look_at) WHERE look_at IS NOT NULL;
-- Those of the last half year, of which word may have been lost until now: in the next thirty days, one after the other, so that
-- they stand in front of nothing. The last payment tells what time it is. (2592000000 ms are thirty days. What is multiplied by a
-- prime is spread over them also when all were paid in one night.)
UPDATE payment SET looks = 3,
    look_at = (SELECT MAX(paid_at) FROM payment) + (paid_at % 2592000000) * 1000003 % 2592000000
WHERE paid_at > (SELECT MAX(paid_at) FROM payment) - 15552000000;
-- What was given up without its processor's word keeps what it was for from being charged by itself.
CREATE INDEX payment_given_up ON payment (customer_id, invoice_id) WHERE failure_kind = 'given_up';

-- The customer's name as it was when the invoice was issued. Before, it was not kept: what it is now is all that is known.
ALTER TABLE invoice ADD COLUMN buyer TEXT NOT NULL DEFAULT '';
UPDATE invoice SET buyer = (SELECT c.name FROM customer c WHERE c.id = invoice.customer_id);
