-- What a repeated request shows again is a secret: whose is sealed, so that no other is shown for it.
ALTER TABLE request ADD COLUMN seal BLOB CHECK (length(seal) = 32);

-- What an event left of its key, owner or project, hashed: a row that was set back to an earlier state of its own, which its
-- seal still fits, is not what the log last says of it.
ALTER TABLE event ADD COLUMN state BLOB CHECK (length(state) = 32);
