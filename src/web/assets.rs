//! The page's files, which are part of the program.

use std::fmt::Write as _;
use std::sync::LazyLock;

use ring::digest::{SHA256, digest};

use crate::dialect::http::{HttpRequest, Manner, Response, Status, write_head};

use super::Answer;

/// A file of the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    /// Where it is found.
    pub path: &'static str,
    /// What it is.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
    /// A strong entity tag: another content has another one (RFC 9110 section 8.8.3).
    etag: String,
}

const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Every file, one a line.
const FILES: [(&str, &str, &[u8]); 8] = [
    ("/", HTML, include_bytes!("page/index.html")),
    ("/app.js", JAVASCRIPT, include_bytes!("page/app.js")),
    ("/session.js", JAVASCRIPT, include_bytes!("page/session.js")),
    ("/state.js", JAVASCRIPT, include_bytes!("page/state.js")),
    ("/view.js", JAVASCRIPT, include_bytes!("page/view.js")),
    ("/style.css", CSS, include_bytes!("page/style.css")),
    ("/icon.svg", SVG, include_bytes!("page/icon.svg")),
    ("/favicon.ico", SVG, include_bytes!("page/icon.svg")),
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    FILES
        .map(|(path, content_type, bytes)| Asset {
            path,
            content_type,
            bytes,
            etag: etag(bytes),
        })
        .into()
});

/// Every file of the page.
pub fn assets() -> &'static [Asset] {
    &ASSETS
}

pub(super) fn find(path: &str) -> Option<&'static Asset> {
    assets().iter().find(|asset| asset.path == path)
}

impl Asset {
    /// Appends the head of the response that has all of [`Asset::bytes`] as its body.
    pub fn write_head(&self, manner: Manner, out: &mut Vec<u8>) {
        let headers = [("Content-Type", self.content_type), ("ETag", &self.etag)];
        write_head(
            Status::Ok,
            headers.into_iter(),
            self.bytes.len(),
            manner,
            out,
        );
    }

    /// The file, or no more than what is wanted of it.
    pub(super) fn answer(&'static self, request: &HttpRequest) -> Answer {
        if self.is_known_to(request) {
            let response = Response::empty(Status::NotModified);
            return Answer::Respond(response.with("ETag", &*self.etag));
        }
        if request.manner.is_head() {
            let response = Response::new(Status::Ok, self.content_type, self.bytes);
            return Answer::Respond(response.with("ETag", &*self.etag));
        }
        Answer::Asset(self)
    }

    /// Does the client have it already (RFC 9110 section 13.1.2)?
    fn is_known_to(&self, request: &HttpRequest) -> bool {
        let known = request.if_none_match.as_deref().unwrap_or_default();
        let mut tags = known.split(',').map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
    }
}

fn etag(bytes: &[u8]) -> String {
    let mut tag = String::from('"');
    for byte in &digest(&SHA256, bytes).as_ref()[..8] {
        // Writing to a String cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_path_and_a_tag_of_its_own() {
        for (at, asset) in assets().iter().enumerate() {
            assert!(asset.path.starts_with('/') && !asset.bytes.is_empty());
            assert_eq!(asset.etag.len(), 18, "{}", asset.etag);
            for other in &assets()[..at] {
                assert_ne!(asset.path, other.path);
                assert_eq!(asset.etag == other.etag, asset.bytes == other.bytes);
            }
        }
    }

    #[test]
    fn the_page_is_served_whole_and_is_small() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/page");
        let mut size = 0;
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("a file");
            let is_served = assets().iter().any(|asset| asset.bytes == bytes);
            assert!(is_served, "{} is not in the table", path.display());
            size += bytes.len();
        }
        assert!(size < 60_000, "{size} bytes");
    }
}
