-- +goose Up
-- 0015: what rules that were added since have to look up.

-- How many codes a till had sent of late.
CREATE INDEX confirmations_till ON confirmations (till_id, made_at);

-- Who has had a welcome bonus.
CREATE INDEX lots_welcome ON lots (customer_id) WHERE cause = 'welcome';
