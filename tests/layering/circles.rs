//! Who calls whom inside a folder, and whether that goes round in a circle.
//!
//! What a module takes from its parent counts for the file that the parent has it from; what a parent takes from its
//! children, and they of its own, is no matter of order.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// Steps from one `use` to the next until the file is found that has a name.
const HOPS: usize = 8;

/// For each folder, by its path: which of its modules names which others.
pub(crate) type Folders = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Reads who names whom.
pub(crate) fn folders(sources: &[Source]) -> Folders {
    let files: BTreeMap<&[String], &Source> =
        sources.iter().map(|source| (source.module.as_slice(), source)).collect();
    let mut folders = Folders::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        for path in &source.named {
            let Some(target) = absolute(&source.module, path).and_then(|path| file_of(&files, path)) else {
                continue;
            };
            let shared = target.iter().zip(&source.module).take_while(|(one, other)| one == other).count();
            let (Some(from), Some(to)) = (source.module.get(shared), target.get(shared)) else { continue };
            if shared > 0 {
                let folder = folders.entry(source.module[..shared].join("/")).or_default();
                folder.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    folders
}

/// The path from the root of the crate.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let (mut base, mut rest) = (module.to_vec(), path);
    match rest.first()?.as_str() {
        "crate" => base.clear(),
        "super" => drop(base.pop()?),
        "self" => {}
        _ => return None,
    }
    rest = &rest[1..];
    while rest.first().is_some_and(|name| name == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// The module of the file that has what the path names.
fn file_of(files: &BTreeMap<&[String], &Source>, mut path: Vec<String>) -> Option<Vec<String>> {
    for _ in 0..HOPS {
        let length = (0..=path.len()).rev().find(|length| files.contains_key(&path[..*length]))?;
        let file = files[&path[..length]];
        let Some(name) = path.get(length) else { return Some(file.module.clone()) };
        let Some((_, used)) = file.used.iter().find(|(used, _)| used == name) else {
            return Some(file.module.clone());
        };
        let is_child = files.contains_key([&file.module[..], &used[..1]].concat().as_slice());
        let mut further =
            if is_child { [&file.module[..], used].concat() } else { absolute(&file.module, used)? };
        further.extend_from_slice(&path[length + 1..]);
        path = further;
    }
    None
}

/// The modules of a folder that name each other in a circle, each circle once.
pub(crate) fn circles(folder: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        folder.keys().map(|module| (module, reach(folder, module))).collect();
    let mut circles = BTreeSet::new();
    for (module, others) in &reached {
        let back =
            others.iter().filter(|other| reached.get(*other).is_some_and(|from| from.contains(module)));
        let circle: BTreeSet<String> = back.map(|other| (*other).clone()).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// All that can be reached from a module.
fn reach<'a>(folder: &'a BTreeMap<String, BTreeSet<String>>, from: &'a String) -> BTreeSet<&'a String> {
    let (mut found, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for other in folder.get(module).into_iter().flatten() {
            if found.insert(other) {
                next.push(other);
            }
        }
    }
    found
}
