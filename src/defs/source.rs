//! Definition files on the disk, as texts.
//!
//! Knows folders and files, not what is in them. Files are found in all sub folders and sorted by path, so
//! that merging does not depend on the order in which a disk lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::durable;

use super::{Place, Problem, Problems};

/// Largest definition file: 8 MiB.
const MAX_FILE: u64 = 8 << 20;

/// Most bytes of all files together: 64 MiB.
const MAX_TOTAL: usize = 64 << 20;

/// Most definition files.
const MAX_FILES: usize = 10_000;

/// Most files and folders to look at: a folder with more is the wrong one.
const MAX_VISITED: usize = 100_000;

/// A definition file: its name and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The name for messages, which also decides the order of merging: a path relative to the folder.
    pub name: String,
    /// YAML.
    pub text: String,
}

impl SourceFile {
    /// A definition file, wherever its text comes from.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// Reads all files with the extension `yml` or `yaml` in `dir` and its sub folders, sorted by path.
///
/// Links are followed, but no folder is entered twice. At most 10,000 files of 8 MiB each, 64 MiB together.
///
/// # Errors
/// No such file, a file or folder that cannot be read, text that is not UTF-8, too many or too large files:
/// all of them, each with its name.
pub fn read_folder(dir: &Path) -> Result<Vec<SourceFile>, Problems> {
    let mut walk =
        Walk { dir, found: BTreeMap::new(), entered: BTreeSet::new(), problems: Problems::default() };
    walk.find();
    let Walk { found, mut problems, .. } = walk;
    if found.is_empty() && problems.is_empty() {
        let help = "definition files have names that end in .yml or .yaml";
        problems.push(about_folder(dir, "no definitions file found in", help));
    }
    let mut files = vec![];
    let mut total = 0;
    for (name, path) in found {
        match read(&path) {
            Ok(text) => {
                total += text.len();
                files.push(SourceFile { name, text });
            }
            Err((message, help)) => problems.push(Problem::error(&whole_file(&name), message, help)),
        }
        if total > MAX_TOTAL {
            problems.push(about_folder(dir, "more than 64 MiB of definition files in", ""));
            break;
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok(files) }
}

/// The search for definition files.
struct Walk<'a> {
    dir: &'a Path,
    /// Path by name; sorted by name.
    found: BTreeMap<String, PathBuf>,
    /// Real paths of the folders that were entered: links may lead in circles.
    entered: BTreeSet<PathBuf>,
    problems: Problems,
}

impl Walk<'_> {
    fn find(&mut self) {
        let mut folders = vec![self.dir.to_owned()];
        let mut visited = 0;
        while let Some(folder) = folders.pop() {
            let entries = match self.enter(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    let message = "unable to read the definitions folder";
                    let help = format!("{error}: `--defs DIR` or the setting `defs.dir` names the folder");
                    self.problems.push(about_folder(&folder, message, &help));
                    continue;
                }
            };
            visited += entries.len();
            if visited > MAX_VISITED || self.found.len() > MAX_FILES {
                let help =
                    "at most 10,000 definition files and 100,000 files in all: is it the right folder?";
                self.problems.push(about_folder(self.dir, "too many files in", help));
                return;
            }
            for path in entries {
                self.sort_in(path, &mut folders);
            }
        }
    }

    /// What is in `folder`; nothing when it was entered before.
    fn enter(&mut self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        if !self.entered.insert(fs::canonicalize(folder)?) {
            return Ok(vec![]);
        }
        let entries = fs::read_dir(folder)?.take(MAX_VISITED + 1);
        let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
        // A mounted volume of Kubernetes holds every file twice, the second time in folders with such names.
        let is_shadow =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".."));
        Ok(paths?.into_iter().filter(|path| !is_shadow(path)).collect())
    }

    fn sort_in(&mut self, path: PathBuf, folders: &mut Vec<PathBuf>) {
        let relative = path.strip_prefix(self.dir).unwrap_or(&path);
        let name = relative.to_string_lossy().replace('\\', "/");
        let is_definition = matches!(name.rsplit_once('.'), Some((_, "yml" | "yaml")));
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => folders.push(path),
            // A pipe or a device could make us wait for ever.
            Ok(about) if about.is_file() && is_definition => {
                self.found.insert(name, path);
            }
            Err(error) if is_definition => {
                let place = whole_file(&name);
                self.problems.push(Problem::error(&place, format!("unable to read the file: {error}"), ""));
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// The text of a file, or what is wrong with it and what to do.
fn read(path: &Path) -> Result<String, (String, &'static str)> {
    let mut bytes = vec![];
    durable::read(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| (format!("unable to read the file: {error}"), ""))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(("the file has more than 8 MiB".to_owned(), "split it into several files"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
        (format!("the text is not UTF-8, in line {line}"), "save the file with the encoding UTF-8")
    })
}

fn about_folder(dir: &Path, message: &str, help: &str) -> Problem {
    Problem::error(&Place::nowhere(""), format!("{message} {}", dir.display()), help)
}

fn whole_file(name: &str) -> Place {
    Place { file: name.into(), line: 0, column: 0, path: "".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &[u8])], expected: Result<&[&str], &str>) {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let found = read_folder(dir.path())
            .map(|files| files.into_iter().map(|file| file.name).collect::<Vec<_>>())
            .map_err(|problems| problems.to_string().replace(&*dir.path().to_string_lossy(), "DIR"));
        let expected = expected
            .map(|names| names.iter().map(ToString::to_string).collect())
            .map_err(ToString::to_string);
        assert_eq!(found, expected);
    }

    #[test]
    fn files_of_all_folders_come_sorted_by_path() {
        check(
            &[
                ("b.yml", b""),
                ("a/z.yaml", b""),
                ("a.yml", b""),
                ("x.YML", b""),
                ("y.ymlx", b""),
                ("expected.txt", b""),
            ],
            Ok(&["a.yml", "a/z.yaml", "b.yml"]),
        );
    }

    #[test]
    fn an_empty_folder_is_named() {
        check(
            &[("readme.md", b"")],
            Err(
                "error: no definitions file found in DIR\n    help: definition files have names that end in .yml or .yaml",
            ),
        );
    }

    #[test]
    fn every_bad_file_is_named() {
        check(
            &[("a.yml", b"ok\n\xff"), ("b.yml", &vec![b' '; (8 << 20) + 1]), ("c.yml", b"")],
            Err(
                "error: a.yml: the text is not UTF-8, in line 2\n    help: save the file with the encoding UTF-8\n\
                 error: b.yml: the file has more than 8 MiB\n    help: split it into several files",
            ),
        );
    }

    #[test]
    fn a_missing_folder_is_named() {
        let problems = read_folder(Path::new("/no/such/folder")).unwrap_err().to_string();
        assert!(
            problems.starts_with("error: unable to read the definitions folder /no/such/folder"),
            "{problems}"
        );
    }

    #[test]
    fn links_in_circles_come_to_an_end() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("sub/a.yml"), "").unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("sub/up")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("sub/gone.yml")).unwrap();
        let problems = read_folder(dir.path()).unwrap_err().to_string();
        assert!(problems.starts_with("error: sub/gone.yml: unable to read the file: "), "{problems}");
        fs::remove_file(dir.path().join("sub/gone.yml")).unwrap();
        assert_eq!(read_folder(dir.path()).unwrap(), [SourceFile::new("sub/a.yml", "")]);
    }
}
