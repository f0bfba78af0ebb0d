-- Limits of keys, owners and projects: sealed with their rows. Absent is no limit.
ALTER TABLE key ADD COLUMN rate_count INTEGER CHECK (rate_count > 0);
ALTER TABLE key ADD COLUMN rate_seconds INTEGER CHECK (rate_seconds > 0);
ALTER TABLE key ADD COLUMN rate_burst INTEGER CHECK (rate_burst > 0);
ALTER TABLE key ADD COLUMN quota_count INTEGER CHECK (quota_count > 0);
ALTER TABLE key ADD COLUMN quota_period TEXT CHECK (quota_period IN ('day', 'month'));
ALTER TABLE party ADD COLUMN rate_count INTEGER CHECK (rate_count > 0);
ALTER TABLE party ADD COLUMN rate_seconds INTEGER CHECK (rate_seconds > 0);
ALTER TABLE party ADD COLUMN rate_burst INTEGER CHECK (rate_burst > 0);
ALTER TABLE party ADD COLUMN quota_count INTEGER CHECK (quota_count > 0);
ALTER TABLE party ADD COLUMN quota_period TEXT CHECK (quota_period IN ('day', 'month'));

-- What was used of a rate: the theoretical arrival time, in nanoseconds since the epoch. subject is `key_…`,
-- `owner:NAME` or `project:NAME`.
CREATE TABLE rate_state (
    subject TEXT PRIMARY KEY,
    arrival INTEGER NOT NULL CHECK (arrival >= 0)
) STRICT, WITHOUT ROWID;

-- What was used of a quota, by calendar window (`2026-11-23`, `2026-11`): a clock set back finds its old count.
CREATE TABLE quota_used (
    subject      TEXT NOT NULL,
    quota_window TEXT NOT NULL,
    used         INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (subject, quota_window)
) STRICT, WITHOUT ROWID;

-- Requests by key, hour (seconds since the epoch of its start), outcome and the scopes asked for.
CREATE TABLE usage (
    key_place INTEGER NOT NULL REFERENCES key (place) ON DELETE CASCADE,
    hour      INTEGER NOT NULL,
    outcome   TEXT NOT NULL,
    scopes    TEXT NOT NULL,
    requests  INTEGER NOT NULL CHECK (requests > 0),
    PRIMARY KEY (key_place, hour, outcome, scopes)
) STRICT, WITHOUT ROWID;

-- What a busy server counted in a second, written in one piece and folded into `usage` and `secret` later.
CREATE TABLE usage_batch (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    body   BLOB NOT NULL
) STRICT;

-- Which keys changed, by whatever hand: a running verifier reads what is new of it. Place 0 stands for owners and
-- projects. A last use is no change.
CREATE TABLE touched (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    key_place INTEGER NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER key_inserted AFTER INSERT ON key BEGIN
    DELETE FROM touched WHERE key_place = new.place;
    INSERT INTO touched (key_place) VALUES (new.place);
END;
CREATE TRIGGER key_updated AFTER UPDATE ON key BEGIN
    DELETE FROM touched WHERE key_place = new.place;
    INSERT INTO touched (key_place) VALUES (new.place);
END;
CREATE TRIGGER key_deleted AFTER DELETE ON key BEGIN
    DELETE FROM touched WHERE key_place = old.place;
    INSERT INTO touched (key_place) VALUES (old.place);
END;
CREATE TRIGGER secret_updated AFTER UPDATE OF id, key_place, digest, created_at, expires_at, retires_at, pending_grace_seconds, revoked_at,
    seal_algorithm, seal ON secret BEGIN
    DELETE FROM touched WHERE key_place = new.key_place;
    INSERT INTO touched (key_place) VALUES (new.key_place);
END;
CREATE TRIGGER secret_deleted AFTER DELETE ON secret BEGIN
    DELETE FROM touched WHERE key_place = old.key_place;
    INSERT INTO touched (key_place) VALUES (old.key_place);
END;
CREATE TRIGGER party_inserted AFTER INSERT ON party BEGIN
    DELETE FROM touched WHERE key_place = 0;
    INSERT INTO touched (key_place) VALUES (0);
END;
CREATE TRIGGER party_updated AFTER UPDATE ON party BEGIN
    DELETE FROM touched WHERE key_place = 0;
    INSERT INTO touched (key_place) VALUES (0);
END;
CREATE TRIGGER party_deleted AFTER DELETE ON party BEGIN
    DELETE FROM touched WHERE key_place = 0;
    INSERT INTO touched (key_place) VALUES (0);
END;

-- What a removed key had used goes with it.
CREATE TRIGGER key_limits_deleted AFTER DELETE ON key BEGIN
    DELETE FROM rate_state WHERE subject = old.id;
    DELETE FROM quota_used WHERE subject = old.id;
END;
