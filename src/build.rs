//! Makes of each file of the page what is served: the same without comments and indentation, and that
//! compressed with gzip.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

const PAGE: &str = "src/web/page";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={PAGE}");
    println!("cargo::rerun-if-changed=src/build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    for entry in fs::read_dir(PAGE)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("a name that a URL can have");
        let served = stripped(&path, &fs::read_to_string(&path)?);
        fs::write(out.join(name), &served)?;
        let compressed = fs::File::create(out.join(format!("{name}.gz")))?;
        let mut encoder = GzEncoder::new(compressed, Compression::best());
        encoder.write_all(served.as_bytes())?;
        encoder.finish()?;
    }
    Ok(())
}

/// Without blanks at either end of a line, and without empty lines and those that are comments. The others
/// stay lines, so that nothing depends on where a statement ends.
///
/// # Panics
/// Where that could change a text or take half of a comment: a template or a comment of several lines.
fn stripped(path: &Path, text: &str) -> String {
    let mut served = String::with_capacity(text.len());
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let place = || format!("{}:{}", path.display(), at + 1);
        assert!(
            line.matches('`').count() % 2 == 0,
            "{}: a template stands in one line",
            place()
        );
        if line.starts_with("/*") {
            assert!(
                line.find("*/") == Some(line.len() - 2),
                "{}: a comment that begins a line ends with it",
                place()
            );
        } else if !line.is_empty() && !line.starts_with("//") {
            served += line;
            served.push('\n');
        }
    }
    served
}
