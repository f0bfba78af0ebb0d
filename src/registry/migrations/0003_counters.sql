-- How far running verifiers may have used up rates without writing it down. They count in memory that they share, which
-- is gone when the machine is; then every rate counts as used up at that instant. Instants are nanoseconds since the
-- epoch; boot is the run of the machine they count in, absent when all is written down.
CREATE TABLE counting (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    boot     TEXT,
    until    INTEGER NOT NULL DEFAULT 0 CHECK (until >= 0),
    used_up  INTEGER NOT NULL DEFAULT 0 CHECK (used_up >= 0)
) STRICT;
INSERT INTO counting (only_row) VALUES (1);
