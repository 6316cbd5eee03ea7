//! A table of cases: counted, and those that fail named all at once.

/// See the module docs. Says how many there were when it is dropped.
pub(crate) struct Cases {
    table: &'static str,
    count: usize,
    failed: Vec<String>,
}

impl Cases {
    /// An empty table.
    pub(crate) fn of(table: &'static str) -> Self {
        Self { table, count: 0, failed: vec![] }
    }

    /// Adds a case: its name, whether it went as it must, and what happened instead.
    pub(crate) fn check(&mut self, name: impl Into<String>, is_good: bool, instead: impl FnOnce() -> String) {
        self.count += 1;
        if !is_good {
            let instead: String = instead().chars().take(2_000).collect();
            self.failed.push(format!("{}: {}: {instead}", self.table, name.into()));
        }
    }
}

impl Drop for Cases {
    fn drop(&mut self) {
        println!("{}: {} cases", self.table, self.count);
        if !std::thread::panicking() {
            assert!(self.failed.is_empty(), "{} failed:\n{}", self.failed.len(), self.failed.join("\n"));
        }
    }
}
