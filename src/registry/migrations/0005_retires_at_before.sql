-- The end of a grace that an earlier rotation had given, which cancelling the one under way gives back.
ALTER TABLE secret ADD COLUMN retires_at_before INTEGER;
DROP TRIGGER secret_updated;
CREATE TRIGGER secret_updated AFTER UPDATE OF id, key_place, digest, created_at, expires_at, retires_at, retires_at_before,
    pending_grace_seconds, revoked_at, seal_algorithm, seal ON secret BEGIN
    INSERT INTO touched (key_place) VALUES (new.key_place);
END;
