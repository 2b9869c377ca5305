//! The source files, read and parsed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, Meta};

/// A file of the product below src/.
pub(super) struct Source {
    /// As in `hub/room.rs`.
    pub(super) name: String,
    pub(super) text: String,
    /// Without what only tests have.
    pub(super) items: Vec<Item>,
    /// Is all of it for tests alone?
    pub(super) is_test: bool,
    /// Files that are for tests alone, by their modules.
    test_modules: Vec<Vec<String>>,
}

impl Source {
    /// Its lines with their numbers, without comments.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()))
    }

    /// As in `["hub", "room"]`; the crate's own is empty.
    pub(super) fn module(&self) -> Vec<String> {
        let name = self.name.trim_end_matches(".rs");
        let parts = name.split('/').map(str::to_owned);
        let mut parts: Vec<String> = parts.collect();
        if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] {
            parts.pop();
        }
        parts
    }

    /// The folder of the crate that it is of: `hub`.
    pub(super) fn room(&self) -> String {
        self.module().into_iter().next().unwrap_or_default()
    }
}

/// Every file below src/ of the program and the library.
pub(super) fn sources() -> Vec<Source> {
    let root = root().join("src");
    let mut sources: Vec<Source> = files(&root)
        .into_iter()
        .filter(|path| !path.ends_with("src/build.rs"))
        .map(|path| read(&root, &path))
        .collect();
    assert!(sources.len() > 20, "the source tree is there");
    let tests: HashSet<Vec<String>> = sources
        .iter()
        .flat_map(|source| source.test_modules.iter().cloned())
        .collect();
    for source in &mut sources {
        let module = source.module();
        source.is_test = (1..=module.len()).any(|len| tests.contains(&module[..len]));
    }
    sources
}

/// Those that a build has.
pub(super) fn product() -> Vec<Source> {
    let mut sources = sources();
    sources.retain(|source| !source.is_test);
    sources
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of Rust below a directory, in the order of their names.
pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(root: &Path, path: &Path) -> Source {
    let name = path.strip_prefix(root).expect("below src/");
    let text = std::fs::read_to_string(path).expect("UTF-8");
    let file = syn::parse_file(&text).expect("Rust");
    let mut source = Source {
        name: name.to_string_lossy().into(),
        text,
        items: Vec::new(),
        is_test: false,
        test_modules: Vec::new(),
    };
    for item in file.items {
        match (is_for_tests(attributes(&item)), &item) {
            (true, Item::Mod(module)) if module.content.is_none() => {
                let mut path = source.module();
                path.push(module.ident.to_string());
                source.test_modules.push(path);
            }
            (true, _) => {}
            (false, _) => source.items.push(item),
        }
    }
    source
}

/// Is there a `cfg` that names `test` or the feature of tests?
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.tokens.to_string().contains("test") && !list.tokens.to_string().contains("not")
        }
        _ => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// How many lines something takes.
pub(super) fn lines_of(of: &impl syn::spanned::Spanned) -> usize {
    let span = of.span();
    span.end().line - span.start().line + 1
}

/// The line that something begins in.
pub(super) fn line_of(of: &impl syn::spanned::Spanned) -> usize {
    of.span().start().line
}
