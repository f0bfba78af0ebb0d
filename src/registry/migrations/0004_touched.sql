-- Which keys changed, by whatever hand and in order: a running verifier reads what is new of it. Place 0 stands for owners
-- and projects. A last use is no change. Only ever appended to, and no number is given twice; `nonce` tells one history
-- from another that has as many changes.
DROP TRIGGER IF EXISTS key_inserted;
DROP TRIGGER IF EXISTS key_updated;
DROP TRIGGER IF EXISTS key_deleted;
DROP TRIGGER IF EXISTS secret_updated;
DROP TRIGGER IF EXISTS secret_deleted;
DROP TRIGGER IF EXISTS party_inserted;
DROP TRIGGER IF EXISTS party_updated;
DROP TRIGGER IF EXISTS party_deleted;
DROP TRIGGER IF EXISTS key_limits_deleted;
DROP TABLE touched;

CREATE TABLE touched (
    number    INTEGER PRIMARY KEY AUTOINCREMENT CHECK (number > 0),
    key_place INTEGER NOT NULL,
    nonce     INTEGER NOT NULL DEFAULT (random())
) STRICT;
CREATE TRIGGER touched_is_never_changed BEFORE UPDATE ON touched BEGIN SELECT RAISE(ABORT, 'only ever appended to'); END;
CREATE TRIGGER touched_is_never_removed BEFORE DELETE ON touched BEGIN SELECT RAISE(ABORT, 'only ever appended to'); END;

CREATE TRIGGER key_inserted AFTER INSERT ON key BEGIN INSERT INTO touched (key_place) VALUES (new.place); END;
CREATE TRIGGER key_updated AFTER UPDATE ON key BEGIN INSERT INTO touched (key_place) VALUES (new.place); END;
CREATE TRIGGER key_moved AFTER UPDATE OF place ON key BEGIN INSERT INTO touched (key_place) VALUES (old.place); END;
-- What a removed key had used goes with it.
CREATE TRIGGER key_deleted AFTER DELETE ON key BEGIN
    INSERT INTO touched (key_place) VALUES (old.place);
    DELETE FROM rate_state WHERE subject = old.id;
    DELETE FROM quota_used WHERE subject = old.id;
END;
CREATE TRIGGER secret_inserted AFTER INSERT ON secret BEGIN INSERT INTO touched (key_place) VALUES (new.key_place); END;
CREATE TRIGGER secret_updated AFTER UPDATE OF id, key_place, digest, created_at, expires_at, retires_at, pending_grace_seconds, revoked_at,
    seal_algorithm, seal ON secret BEGIN
    INSERT INTO touched (key_place) VALUES (new.key_place);
END;
CREATE TRIGGER secret_moved AFTER UPDATE OF key_place ON secret BEGIN INSERT INTO touched (key_place) VALUES (old.key_place); END;
CREATE TRIGGER secret_deleted AFTER DELETE ON secret BEGIN INSERT INTO touched (key_place) VALUES (old.key_place); END;
CREATE TRIGGER party_inserted AFTER INSERT ON party BEGIN INSERT INTO touched (key_place) VALUES (0); END;
CREATE TRIGGER party_updated AFTER UPDATE ON party BEGIN INSERT INTO touched (key_place) VALUES (0); END;
CREATE TRIGGER party_deleted AFTER DELETE ON party BEGIN INSERT INTO touched (key_place) VALUES (0); END;
