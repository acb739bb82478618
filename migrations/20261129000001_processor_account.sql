-- Whose account at the processor a payment system's credentials are of.
--
-- Keys come and go; payments, customers and cards stay in the account that they were made in. NULL: it is not known (yet).

ALTER TABLE payment_system ADD COLUMN account TEXT;
