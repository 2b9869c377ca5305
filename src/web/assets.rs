//! The page's files, which are part of the program.

use std::fmt::Write as _;
use std::sync::LazyLock;

use ring::digest::{SHA256, digest};

use crate::dialect::http::{
    ContentOf, HttpRequest, Response, ResponseMode, StatusCode, write_head,
};
use crate::model::Moment;

use super::{Reply, Site};

/// A file of the page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Where it is found.
    pub path: &'static str,
    /// As it is.
    pub plain: Representation,
    /// Compressed with gzip (RFC 1952).
    pub gzip: Representation,
}

/// A file in one coding (RFC 9110 section 3.2).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Representation {
    /// What the file is.
    pub content_type: &'static str,
    /// How it is coded: a Content-Encoding, or nothing.
    pub coding: Option<&'static str>,
    /// Its content.
    pub bytes: &'static [u8],
    /// A strong entity tag: other bytes have another one (RFC 9110 section 8.8.3).
    etag: String,
}

const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const MANIFEST: &str = "application/manifest+json";

/// A file as the build left it, and that compressed.
macro_rules! built {
    ($name:literal) => {
        [
            seldom_read!(concat!(env!("OUT_DIR"), "/", $name)),
            seldom_read!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
        ]
    };
}

/// Every file, one a line.
const FILES: [(&str, &str, [&[u8]; 2]); 23] = [
    ("/", HTML, built!("index.html")),
    ("/app.js", JAVASCRIPT, built!("app.js")),
    ("/commands.js", JAVASCRIPT, built!("commands.js")),
    ("/composer.js", JAVASCRIPT, built!("composer.js")),
    ("/dialogs.js", JAVASCRIPT, built!("dialogs.js")),
    ("/dom.js", JAVASCRIPT, built!("dom.js")),
    ("/door.js", JAVASCRIPT, built!("door.js")),
    ("/emoji.js", JAVASCRIPT, built!("emoji.js")),
    ("/events.js", JAVASCRIPT, built!("events.js")),
    ("/files.js", JAVASCRIPT, built!("files.js")),
    ("/icon.svg", SVG, built!("icon.svg")),
    ("/links.js", JAVASCRIPT, built!("links.js")),
    ("/log.js", JAVASCRIPT, built!("log.js")),
    (
        "/manifest.webmanifest",
        MANIFEST,
        built!("manifest.webmanifest"),
    ),
    ("/markup.js", JAVASCRIPT, built!("markup.js")),
    ("/message.js", JAVASCRIPT, built!("message.js")),
    ("/session.js", JAVASCRIPT, built!("session.js")),
    ("/settings.js", JAVASCRIPT, built!("settings.js")),
    ("/socket.js", JAVASCRIPT, built!("socket.js")),
    ("/state.js", JAVASCRIPT, built!("state.js")),
    ("/style.css", CSS, built!("style.css")),
    ("/view.js", JAVASCRIPT, built!("view.js")),
    ("/favicon.ico", SVG, built!("icon.svg")),
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    FILES
        .map(|(path, content_type, [plain, gzip])| Asset {
            path,
            plain: Representation::new(content_type, None, plain),
            gzip: Representation::new(content_type, Some("gzip"), gzip),
        })
        .into()
});

/// Every file of the page.
pub(super) fn assets() -> &'static [Asset] {
    &ASSETS
}

pub(super) fn find(path: &str) -> Option<&'static Asset> {
    assets().iter().find(|asset| asset.path == path)
}

impl Asset {
    /// The file as a client wants it, or no more than what is wanted of it.
    pub(super) fn answer(&'static self, request: &HttpRequest, site: &Site) -> Reply {
        let chosen = match request.prefers_gzip {
            true => &self.gzip,
            false => &self.plain,
        };
        if chosen.is_known_to(request) {
            let response = Response::empty(StatusCode::NotModified);
            let response = response.with("ETag", &*chosen.etag);
            let response = response.connecting_to(site.sources());
            return Reply::Respond(response.with("Vary", VARY));
        }
        Reply::Asset(chosen, site.sources())
    }
}

/// What else a cache must compare before it hands on what it has.
const VARY: &str = "Accept-Encoding";

impl Representation {
    fn new(
        content_type: &'static str,
        coding: Option<&'static str>,
        bytes: &'static [u8],
    ) -> Representation {
        Representation {
            content_type,
            coding,
            bytes,
            etag: etag(bytes),
        }
    }

    /// Appends the head of the response that has all of [`Representation::bytes`] as its body.
    /// The page may connect to `sources`, too.
    pub(crate) fn write_head(
        &self,
        sources: &str,
        manner: ResponseMode,
        now: Moment,
        out: &mut Vec<u8>,
    ) {
        let headers = [
            ("Content-Type", self.content_type),
            ("ETag", &self.etag),
            ("Vary", VARY),
        ];
        let coding = self.coding.map(|coding| ("Content-Encoding", coding));
        let headers = headers.into_iter().chain(coding);
        let about = (StatusCode::Ok, ContentOf::Server { sources });
        write_head(about, headers, self.bytes.len(), manner, now, out);
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
    use std::io::Read as _;

    use super::*;

    #[test]
    fn every_file_has_a_path_and_each_coding_of_it_a_tag() {
        for (at, asset) in assets().iter().enumerate() {
            let (plain, gzip) = (&asset.plain, &asset.gzip);
            assert!(asset.path.starts_with('/') && !plain.bytes.is_empty());
            assert_eq!(plain.etag.len(), 18, "{}", plain.etag);
            assert_ne!(plain.etag, gzip.etag);
            for other in &assets()[..at] {
                assert_ne!(asset.path, other.path);
                let is_same = plain.bytes == other.plain.bytes;
                assert_eq!(plain.etag == other.plain.etag, is_same);
                assert_eq!(gzip.etag == other.gzip.etag, is_same);
            }
        }
    }

    #[test]
    fn what_is_compressed_is_the_same_file_and_smaller() {
        for Asset { path, plain, gzip } in assets() {
            let mut bytes = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(gzip.bytes);
            decoder.read_to_end(&mut bytes).expect("gzip");
            assert_eq!(bytes, plain.bytes, "{path}");
            assert!(gzip.bytes.len() < bytes.len(), "{path}");
        }
    }

    #[test]
    fn the_page_is_served_whole_and_is_small() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/page");
        let in_folder = std::fs::read_dir(folder).expect("a folder").count();
        // The icon has two paths.
        assert_eq!(in_folder, assets().len() - 1, "a file is not in the table");
        let files = || assets().iter().filter(|asset| asset.path != "/favicon.ico");
        let sizes = |of: fn(&Asset) -> usize| files().map(of).sum::<usize>();
        let size = sizes(|asset| asset.plain.bytes.len());
        assert!(size < 100 * 1024, "{size} bytes");
        let compressed = sizes(|asset| asset.gzip.bytes.len());
        assert!(compressed < 43_000, "{compressed} bytes compressed");
    }
}
