-- Instants are whole seconds since 1970-01-01T00:00:00Z, spans are seconds, lists are words with spaces between
-- (tags: commas, which no tag contains). Beside every digest, kept copy and seal stands the name of its algorithm.

-- What this registry is: exactly one row.
CREATE TABLE registry (
    only_row        INTEGER PRIMARY KEY CHECK (only_row = 1),
    id              TEXT NOT NULL CHECK (length(id) = 12),
    brand           TEXT NOT NULL,
    vault_kind      TEXT NOT NULL CHECK (vault_kind IN ('keyring', 'file', 'keyfile')),
    check_algorithm TEXT NOT NULL CHECK (check_algorithm = 'hmac-sha256'),
    check_value     BLOB NOT NULL CHECK (length(check_value) = 32),
    created_at      INTEGER NOT NULL
) STRICT;

-- Owners and projects. Two that look alike cannot both be there.
CREATE TABLE party (
    kind           TEXT NOT NULL CHECK (kind IN ('owner', 'project')),
    name           TEXT NOT NULL CHECK (name <> ''),
    skeleton       TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    suspended_at   INTEGER,
    seal_algorithm TEXT,
    seal           BLOB,
    PRIMARY KEY (kind, name),
    UNIQUE (kind, skeleton)
) STRICT, WITHOUT ROWID;

-- place counts up and is never reused: the order of creation.
CREATE TABLE key (
    place                INTEGER PRIMARY KEY AUTOINCREMENT,
    id                   TEXT NOT NULL UNIQUE CHECK (length(id) = 16),
    name                 TEXT NOT NULL CHECK (name <> ''),
    skeleton             TEXT NOT NULL,
    kind                 TEXT NOT NULL CHECK (kind IN ('sk', 'pk', 'cs')),
    env                  TEXT NOT NULL CHECK (env IN ('live', 'test')),
    owner                TEXT NOT NULL,
    project              TEXT NOT NULL,
    scopes               TEXT NOT NULL,
    -- NULL is unrestricted; an empty list does not exist.
    allow_ips            TEXT CHECK (allow_ips <> ''),
    allow_origins        TEXT CHECK (allow_origins <> ''),
    lifetime_seconds     INTEGER CHECK (lifetime_seconds > 0),
    lifetime_until       INTEGER,
    not_before           INTEGER,
    rotate_every_seconds INTEGER CHECK (rotate_every_seconds > 0),
    tags                 TEXT NOT NULL,
    note                 TEXT,
    created_at           INTEGER NOT NULL,
    disabled_at          INTEGER,
    revoked_at           INTEGER,
    revoke_reason        TEXT,
    revision             INTEGER NOT NULL CHECK (revision > 0),
    seal_algorithm       TEXT,
    seal                 BLOB,
    -- Every key has an owner and a project that are there.
    owner_kind           TEXT NOT NULL GENERATED ALWAYS AS ('owner') VIRTUAL,
    project_kind         TEXT NOT NULL GENERATED ALWAYS AS ('project') VIRTUAL,
    FOREIGN KEY (owner_kind, owner) REFERENCES party (kind, name),
    FOREIGN KEY (project_kind, project) REFERENCES party (kind, name),
    CHECK (lifetime_seconds IS NULL OR lifetime_until IS NULL),
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
) STRICT;

-- A name is unique among a project's keys that are not revoked, and so are names that look alike.
CREATE UNIQUE INDEX key_live_name ON key (project, skeleton) WHERE revoked_at IS NULL;
CREATE INDEX key_name ON key (name);
CREATE INDEX key_owner ON key (owner);
CREATE INDEX key_project ON key (project);

-- Stored by key, so that a listing reads it in one pass; found by id through the index that UNIQUE makes.
CREATE TABLE secret (
    key_place             INTEGER NOT NULL REFERENCES key (place) ON DELETE CASCADE,
    number                INTEGER NOT NULL,
    id                    TEXT NOT NULL UNIQUE CHECK (length(id) = 12),
    digest_algorithm      TEXT NOT NULL CHECK (digest_algorithm = 'hmac-sha256'),
    digest                BLOB NOT NULL CHECK (length(digest) = 32),
    created_at            INTEGER NOT NULL,
    expires_at            INTEGER,
    retires_at            INTEGER,
    pending_grace_seconds INTEGER CHECK (pending_grace_seconds >= 0),
    revoked_at            INTEGER,
    last_used_at          INTEGER,
    last_used_ip          TEXT,
    kept_algorithm        TEXT CHECK (kept_algorithm IN ('xchacha20-poly1305', 'clear')),
    kept                  BLOB,
    seal_algorithm        TEXT,
    seal                  BLOB,
    -- A revoked secret keeps no sealed copy.
    CHECK (revoked_at IS NULL OR kept_algorithm IS NULL OR kept_algorithm = 'clear'),
    CHECK ((kept IS NULL) = (kept_algorithm IS NULL)),
    PRIMARY KEY (key_place, number)
) STRICT, WITHOUT ROWID;

-- Finds the sealed copies to erase when their secrets have ended.
CREATE INDEX secret_kept_expires ON secret (expires_at) WHERE kept_algorithm = 'xchacha20-poly1305';
CREATE INDEX secret_kept_retires ON secret (retires_at) WHERE kept_algorithm = 'xchacha20-poly1305' AND retires_at IS NOT NULL;

-- The ids of keys and secrets that were removed: no id is ever given twice.
CREATE TABLE spent (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TRIGGER key_id_is_spent AFTER DELETE ON key BEGIN INSERT OR IGNORE INTO spent VALUES (old.id); END;
CREATE TRIGGER secret_id_is_spent AFTER DELETE ON secret BEGIN INSERT OR IGNORE INTO spent VALUES (old.id); END;

-- The log: numbers without gaps, each hash over its event and the hash before it.
CREATE TABLE event (
    number         INTEGER PRIMARY KEY CHECK (number > 0),
    at             INTEGER NOT NULL,
    action         TEXT NOT NULL,
    user           TEXT NOT NULL,
    host           TEXT NOT NULL,
    ci_run         TEXT,
    key            TEXT,
    subject        TEXT NOT NULL,
    changes        TEXT NOT NULL,
    hash           BLOB NOT NULL CHECK (length(hash) = 32),
    seal_algorithm TEXT,
    seal           BLOB
) STRICT;

CREATE INDEX event_key ON event (key) WHERE key IS NOT NULL;

-- The log is only ever written at its end.
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;

-- The scope catalogue: empty means that any scope may be given.
CREATE TABLE defined_scope (
    scope       TEXT PRIMARY KEY,
    description TEXT
) STRICT, WITHOUT ROWID;

-- What repeatable requests (--request-id) did.
CREATE TABLE request (
    id          TEXT PRIMARY KEY,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    key         TEXT NOT NULL,
    secret      TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Remembered endpoints of test calls; never a secret.
CREATE TABLE target (
    key_place INTEGER PRIMARY KEY REFERENCES key (place) ON DELETE CASCADE,
    target    TEXT NOT NULL
) STRICT;
