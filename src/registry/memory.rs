//! A registry in memory, for tests.
