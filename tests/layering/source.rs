//! The files below `src`, as a parser sees them: which module each is, whether it is part of the product, and what it
//! names of other modules.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item};

/// A file below `src`.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Names from the root of the crate to the module.
    pub(crate) module: Vec<String>,
    /// Whether the file is compiled for tests only.
    pub(crate) is_test: bool,
    /// What the product's code in it names: each path that begins with `crate`, `self` or `super`, as it is written.
    pub(crate) named: BTreeSet<Vec<String>>,
    /// The same of its test modules.
    pub(crate) named_by_tests: BTreeSet<Vec<String>>,
    /// What its `use` items bring in: the name here, and the path.
    pub(crate) used: Vec<(String, Vec<String>)>,
}

/// The folder of all of them.
pub(crate) fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Reads every file below `src` but the program's own, which only calls the library.
pub(crate) fn sources() -> Vec<Source> {
    let mut found = vec![];
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    let (mut sources, mut tests) = (vec![], BTreeSet::new());
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let module = module_of(&path);
        let (product, of_tests) = split(file.items, &module, &mut tests);
        let used = uses(&product);
        sources.push(Source {
            named: paths(&product),
            named_by_tests: paths(&of_tests),
            path,
            text,
            module,
            is_test: false,
            used,
        });
    }
    for source in &mut sources {
        let is_below = |tests: &Vec<String>| source.module.starts_with(tests);
        source.is_test = tests.iter().any(is_below);
        if source.is_test {
            let named = std::mem::take(&mut source.named);
            source.named_by_tests.extend(named);
        }
    }
    sources
}

fn module_of(path: &Path) -> Vec<String> {
    let inside = path.strip_prefix(src()).unwrap().with_extension("");
    let mut names: Vec<String> = inside.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.pop_if(|name| ["mod", "lib", "main"].contains(&name.as_str()));
    names
}

/// The items of the product, and those for tests. Files that are test modules are noted in `tests`.
fn split(
    items: Vec<Item>,
    module: &[String],
    tests: &mut BTreeSet<Vec<String>>,
) -> (TokenStream, TokenStream) {
    let (mut product, mut of_tests) = (TokenStream::new(), TokenStream::new());
    for mut item in items {
        if is_for_tests(attributes(&item)) {
            if let Item::Mod(inner) = &item
                && inner.content.is_none()
            {
                tests.insert(module.iter().cloned().chain([inner.ident.to_string()]).collect());
            }
            item.to_tokens(&mut of_tests);
            continue;
        }
        if let Item::Impl(implementation) = &mut item {
            implementation.items.retain(|item| {
                let attributes = match item {
                    syn::ImplItem::Fn(function) => &function.attrs,
                    syn::ImplItem::Const(constant) => &constant.attrs,
                    _ => return true,
                };
                let is_for_tests = is_for_tests(attributes);
                if is_for_tests {
                    item.to_tokens(&mut of_tests);
                }
                !is_for_tests
            });
        }
        item.to_tokens(&mut product);
    }
    (product, of_tests)
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        attribute.path().is_ident("cfg") && list.is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

/// What the `use` items bring in, by the names that they have here.
fn uses(product: &TokenStream) -> Vec<(String, Vec<String>)> {
    let file: syn::File = syn::parse2(product.clone()).unwrap();
    let mut found = vec![];
    for item in file.items {
        if let Item::Use(item) = item {
            use_tree(&item.tree, vec![], &mut found);
        }
    }
    found
}

fn use_tree(tree: &syn::UseTree, mut path: Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
    match tree {
        syn::UseTree::Path(step) => {
            path.push(step.ident.to_string());
            use_tree(&step.tree, path, found);
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            found.extend(path.last().cloned().map(|last| (last, path)))
        }
        syn::UseTree::Name(name) => {
            path.push(name.ident.to_string());
            found.push((name.ident.to_string(), path));
        }
        syn::UseTree::Rename(renamed) => {
            path.push(renamed.ident.to_string());
            found.push((renamed.rename.to_string(), path));
        }
        syn::UseTree::Glob(_) => {}
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|tree| use_tree(tree, path.clone(), found));
        }
    }
}

/// Every path that begins with `crate`, `self` or `super`, also inside of macros.
fn paths(tokens: &TokenStream) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    read_paths(tokens.clone(), &[], &mut found);
    found.retain(|path| path.len() > 1 && ["crate", "self", "super"].contains(&path[0].as_str()));
    found
}

/// Reads the paths of a stream; in the braces of a `use`, each of them goes on from `prefix`.
fn read_paths(tokens: TokenStream, prefix: &[String], found: &mut BTreeSet<Vec<String>>) {
    let mut path: Vec<String> = prefix.to_vec();
    // How many of the two colons in front of the next name have come.
    let mut colons = if prefix.is_empty() { 0 } else { 2 };
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                colons += 1;
                continue;
            }
            TokenTree::Ident(name) if colons == 2 || path.is_empty() => path.push(name.to_string()),
            TokenTree::Ident(name) => {
                found.insert(std::mem::replace(&mut path, vec![name.to_string()]));
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && colons == 2 => {
                read_paths(group.stream(), &path, found);
                path.clear();
            }
            TokenTree::Group(group) => {
                found.insert(std::mem::take(&mut path));
                read_paths(group.stream(), &[], found);
            }
            TokenTree::Punct(punct) => {
                found.insert(std::mem::take(&mut path));
                if punct.as_char() == ',' && !prefix.is_empty() {
                    path = prefix.to_vec();
                    colons = 2;
                    continue;
                }
            }
            TokenTree::Literal(_) => {
                found.insert(std::mem::take(&mut path));
            }
        }
        colons = 0;
    }
    found.insert(path);
}
