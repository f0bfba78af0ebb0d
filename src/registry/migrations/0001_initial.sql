-- Schema 1. Never edited once released: what comes later is a new file beside this one.
--
-- Instants are whole seconds since 1970, spans are seconds. The number of a row is the order in which it came to be.
-- Lists are one text: scopes, networks and origins with spaces between, tags with commas, none of which they contain.
-- Beside every digest, seal and kept copy stands the name of its algorithm.

PRAGMA application_id = 0x61706b79; -- 'apky'

CREATE TABLE registry (
    one              INTEGER PRIMARY KEY CHECK (one = 1), -- a file is one registry
    id               TEXT NOT NULL CHECK (length(id) = 12),
    brand            TEXT NOT NULL,
    vault_kind       TEXT NOT NULL,
    check_algorithm  TEXT NOT NULL,
    check_value      BLOB NOT NULL CHECK (length(check_value) = 32),
    created_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE party (
    number           INTEGER PRIMARY KEY,
    kind             TEXT NOT NULL CHECK (kind IN ('owner', 'project')),
    name             TEXT NOT NULL CHECK (name <> ''),
    skeleton         TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    suspended_at     INTEGER,
    seal_algorithm   TEXT,
    seal             BLOB CHECK (length(seal) = 32),
    CHECK ((seal IS NULL) = (seal_algorithm IS NULL))
) STRICT;

-- A name stands for one owner, and for one project.
CREATE UNIQUE INDEX party_name ON party (kind, name);
-- Two owners, or two projects, that a person cannot tell apart do not both exist.
CREATE UNIQUE INDEX party_skeleton ON party (kind, skeleton);

CREATE TABLE key (
    number                INTEGER PRIMARY KEY AUTOINCREMENT, -- newest first is number descending, purged ones included
    id                    TEXT NOT NULL CHECK (length(id) = 12),
    name                  TEXT NOT NULL CHECK (name <> ''),
    skeleton              TEXT NOT NULL,
    kind                  TEXT NOT NULL CHECK (kind IN ('sk', 'pk', 'cs')),
    env                   TEXT NOT NULL CHECK (env IN ('live', 'test')),
    owner                 INTEGER NOT NULL REFERENCES party (number),
    project               INTEGER NOT NULL REFERENCES party (number),
    scopes                TEXT NOT NULL,                     -- empty grants nothing
    networks              TEXT CHECK (networks <> ''),       -- null is any; there is no empty list that could mean it
    origins               TEXT CHECK (origins <> ''),
    lifetime_seconds      INTEGER CHECK (lifetime_seconds > 0),
    lifetime_until        INTEGER,
    not_before            INTEGER,
    rotate_every_seconds  INTEGER CHECK (rotate_every_seconds > 0),
    tags                  TEXT CHECK (tags <> ''),
    note                  TEXT CHECK (note <> ''),
    created_at            INTEGER NOT NULL,
    disabled_at           INTEGER,
    revoked_at            INTEGER,
    revoke_reason         TEXT CHECK (revoke_reason IN ('leaked', 'superseded', 'offboarded', 'unused', 'other')),
    revision              INTEGER NOT NULL CHECK (revision >= 1),
    seal_algorithm        TEXT,
    seal                  BLOB CHECK (length(seal) = 32),
    CHECK (lifetime_seconds IS NULL OR lifetime_until IS NULL),
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL)),
    CHECK ((seal IS NULL) = (seal_algorithm IS NULL))
) STRICT;

-- An id finds one key.
CREATE UNIQUE INDEX key_id ON key (id);
-- A name, and all that looks like it, is one key among a project's live ones, and is free again after revocation.
CREATE UNIQUE INDEX key_live_name ON key (project, skeleton) WHERE revoked_at IS NULL;
-- Listings by name, owner and project read only what they show.
CREATE INDEX key_name ON key (name);
CREATE INDEX key_owner ON key (owner);
CREATE INDEX key_project ON key (project);

-- Kept in the order of its keys, so that a listing reads both tables from end to end.
CREATE TABLE secret (
    key                    INTEGER NOT NULL REFERENCES key (number) ON DELETE CASCADE,
    number                 INTEGER NOT NULL,                 -- oldest first within its key
    id                     TEXT NOT NULL CHECK (length(id) = 12),
    digest_algorithm       TEXT NOT NULL,
    digest                 BLOB NOT NULL CHECK (length(digest) = 32),
    created_at             INTEGER NOT NULL,
    expires_at             INTEGER,
    retires_at             INTEGER,
    pending_grace_seconds  INTEGER CHECK (pending_grace_seconds >= 0),
    revoked_at             INTEGER,
    last_used_at           INTEGER,
    last_used_ip           TEXT,
    kept_algorithm         TEXT,
    kept                   BLOB,
    seal_algorithm         TEXT,
    seal                   BLOB CHECK (length(seal) = 32),
    PRIMARY KEY (key, number),
    CHECK (last_used_at IS NOT NULL OR last_used_ip IS NULL),
    CHECK ((kept IS NULL) = (kept_algorithm IS NULL)),
    CHECK ((seal IS NULL) = (seal_algorithm IS NULL))
) STRICT, WITHOUT ROWID;

-- An id finds one secret: the look-up of every verification.
CREATE UNIQUE INDEX secret_id ON secret (id);
-- Sealed copies are found by their end, to be erased; 9999999999999 is after every instant there is.
CREATE INDEX secret_kept ON secret (min(ifnull(expires_at, 9999999999999), ifnull(retires_at, 9999999999999)))
    WHERE kept_algorithm = 'xchacha20-poly1305';

-- Ids of keys and secrets that were removed: no id is ever given twice.
CREATE TABLE spent (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TRIGGER key_is_spent AFTER DELETE ON key BEGIN INSERT OR IGNORE INTO spent VALUES (old.id); END;
CREATE TRIGGER secret_is_spent AFTER DELETE ON secret BEGIN INSERT OR IGNORE INTO spent VALUES (old.id); END;
CREATE TRIGGER key_is_fresh BEFORE INSERT ON key WHEN EXISTS (SELECT 1 FROM spent WHERE id = new.id)
    BEGIN SELECT raise(ABORT, 'this id was given before'); END;
CREATE TRIGGER secret_is_fresh BEFORE INSERT ON secret WHEN EXISTS (SELECT 1 FROM spent WHERE id = new.id)
    BEGIN SELECT raise(ABORT, 'this id was given before'); END;
-- What a key or a secret is does not change.
CREATE TRIGGER key_stays BEFORE UPDATE OF number, id, kind, created_at ON key
    BEGIN SELECT raise(ABORT, 'what a key is does not change'); END;
CREATE TRIGGER secret_stays BEFORE UPDATE OF key, number, id, digest_algorithm, digest, created_at ON secret
    BEGIN SELECT raise(ABORT, 'what a secret is does not change'); END;

CREATE TABLE event (
    number          INTEGER PRIMARY KEY CHECK (number >= 1), -- without gaps
    at              INTEGER NOT NULL,
    action          TEXT NOT NULL,
    user            TEXT NOT NULL,
    host            TEXT NOT NULL,
    ci_run          TEXT,
    key             TEXT,                                    -- its id, which outlives it
    subject         TEXT NOT NULL,
    changes         TEXT NOT NULL,                           -- JSON: [[field, before, after], …]
    hash_algorithm  TEXT NOT NULL,
    hash            BLOB NOT NULL CHECK (length(hash) = 32),
    seal_algorithm  TEXT,
    seal            BLOB CHECK (length(seal) = 32),
    CHECK ((seal IS NULL) = (seal_algorithm IS NULL))
) STRICT;

CREATE INDEX event_key ON event (key) WHERE key IS NOT NULL;
-- The log is only ever added to.
CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT raise(ABORT, 'the log is only added to'); END;
CREATE TRIGGER event_remains BEFORE DELETE ON event BEGIN SELECT raise(ABORT, 'the log is only added to'); END;

-- The catalogue; while it is empty any scope may be given.
CREATE TABLE scope (
    scope        TEXT PRIMARY KEY,
    description  TEXT
) STRICT, WITHOUT ROWID;

-- One request id is one result, even after its key was removed.
CREATE TABLE request (
    id                     TEXT PRIMARY KEY,
    fingerprint_algorithm  TEXT NOT NULL,
    fingerprint            BLOB NOT NULL CHECK (length(fingerprint) = 32),
    key                    TEXT NOT NULL,
    secret                 TEXT NOT NULL,
    at                     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where a key is tried out: one endpoint each, without a secret.
CREATE TABLE target (
    key   INTEGER PRIMARY KEY REFERENCES key (number) ON DELETE CASCADE,
    json  TEXT NOT NULL
) STRICT;
