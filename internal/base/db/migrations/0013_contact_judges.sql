-- +goose Up
-- 0013: who judged a contact, beside who registered it; what the log tells of levels,
-- by customer.

ALTER TABLE contacts ADD COLUMN judged_by BIGINT; -- NULL: nobody, or before this column: then staff_id may be who did

-- Read when a person asks for their data.
CREATE INDEX events_levels ON events (customer_id) WHERE kind IN ('tier.changed', 'tier.granted', 'tier.reached');
