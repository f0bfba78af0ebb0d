//! What every backend does, as one suite.
