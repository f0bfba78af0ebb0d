//! Rows that are not well: how many, and the first of them by name.

/// The most rows that are named.
const NAMED: usize = 10;

/// What was found so far.
#[derive(Default)]
pub(super) struct Named {
    found: usize,
    first: Vec<String>,
}

impl Named {
    pub(super) fn add(&mut self, what: String) {
        self.found += 1;
        if self.first.len() < NAMED {
            self.first.push(what);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found == 0
    }

    /// The first by name, and how many there are besides.
    pub(super) fn list(&self) -> String {
        let named = self.first.join(", ");
        match self.found - self.first.len() {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}
