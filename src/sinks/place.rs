//! Where the files of a run's output lie.

use std::path::{Path, PathBuf};

/// The folder of a run's output, and where its files lie.
#[derive(Debug, Clone)]
pub struct OutputPlace {
    /// Put in front of relative files.
    pub base: PathBuf,
    /// Name of the folder of this run.
    pub stamp: String,
    /// The file that lists failed jobs.
    pub failed: PathBuf,
}

impl OutputPlace {
    /// Where a file lies that a definition names: `<base>/<folder of file>/<stamp>/<name of file>`.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        let file = Path::new(file);
        let folder = file.parent().unwrap_or(Path::new(""));
        let name = file.file_name().map(Path::new).unwrap_or(file);
        self.base.join(folder).join(&self.stamp).join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_stands_between_folder_and_name() {
        let check = |base: &str, file: &str, path: &str| {
            let (stamp, failed) = ("2020Jan10-022030".to_owned(), PathBuf::new());
            let place = OutputPlace { base: base.into(), stamp, failed };
            assert_eq!(place.path(file), Path::new(path));
        };
        check("scoopi", "output/data.txt", "scoopi/output/2020Jan10-022030/data.txt");
        check("", "data.txt", "2020Jan10-022030/data.txt");
        check("x", "/abs/data.txt", "/abs/2020Jan10-022030/data.txt");
    }
}
