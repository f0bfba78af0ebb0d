//! Why a configuration is refused.

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML, or a setting that does not exist; where, and what.
    #[error("{0}")]
    Syntax(String),
    /// A value that cannot be.
    #[error("`{setting}`: `{value}` is {why}")]
    Value {
        /// Which setting.
        setting: &'static str,
        /// What it says.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A route that cannot be, or would not do what it says.
    #[error("route {number}, `{path}`: {why}")]
    Route {
        /// Which `[[route]]`, counted from one.
        number: usize,
        /// What it is for.
        path: String,
        /// What is wrong with it, and what to write instead.
        why: String,
    },
}
