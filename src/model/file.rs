//! Files that are shared in rooms: what a message says of one, and the links that lead to it.

use std::cell::OnceCell;
use std::fmt;
use std::str::FromStr;

use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::limits::{FILE_LINK_S, FILE_LINK_STEP_S, FILE_NAME_BYTES_MAX, FILE_URL_NAME_BYTES_MAX};

use super::{HashSeed, Manner, Message, RoomName, SaidBy, is_unseen};

/// What a file is stored and asked for under: random, and never a peer's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub [u8; 16]);

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for FileId {
    type Err = ();

    fn from_str(text: &str) -> Result<FileId, ()> {
        let is_good = |byte: u8| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase();
        if text.len() != 32 || !text.bytes().all(is_good) {
            return Err(());
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| ())?;
        Ok(FileId(number.to_be_bytes()))
    }
}

/// What a file is called: one line of visible text that is no path, and does not begin with a dot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileName(String);

impl FileName {
    /// The name that is nearest to what somebody calls a file.
    pub fn nearest(text: &str) -> FileName {
        let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let shown = last.chars().filter(|&c| !c.is_control() && !is_unseen(c));
        let shown: String = shown
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .collect();
        let trimmed = shown.trim().trim_start_matches(['.', ' ']);
        match shortened(trimmed.trim_end_matches(['.', ' ']), FILE_NAME_BYTES_MAX) {
            name if name.is_empty() => FileName("file".into()),
            name => FileName(name),
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands in links: letters, digits, `.`, `-` and `_` of ASCII, so that no shell and no program
    /// finds anything in it, and what curl saves it under can be read.
    pub fn in_url(&self) -> String {
        let mut name = String::new();
        for c in self.0.chars() {
            match c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                true => name.push(c),
                false if name.ends_with('_') => {}
                false => name.push('_'),
            }
        }
        shortened(&name, FILE_URL_NAME_BYTES_MAX)
    }
}

/// At most `most` bytes of a name: its beginning, and what stands behind its last dot.
fn shortened(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.into();
    }
    let ending = name.rfind('.').map_or("", |at| &name[at..]);
    let ending = if ending.len() <= most / 4 { ending } else { "" };
    let mut end = most - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

/// The type of a file's content, in lower case and without parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MimeType(String);

/// Pictures that browsers show without running anything of them.
const RASTERS: [&str; 5] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
];

/// What browsers would run, or load more for: it is handed out as bytes.
const ACTIVE: [&str; 6] = ["html", "xml", "svg", "javascript", "ecmascript", "mathml"];

/// The longest type that is repeated, in bytes: those that are registered are shorter.
const MIME_BYTES_MAX: usize = 80;

/// Bytes.
const OCTETS: &str = "application/octet-stream";

/// How many of a file's first bytes tell whether it is a picture.
pub(crate) const MAGIC_BYTES: usize = 16;

impl MimeType {
    /// What a file that begins with `first` is, where somebody says that it is `claimed`: a picture only where
    /// it begins as one.
    pub fn of(claimed: &str, first: &[u8]) -> MimeType {
        if let Some(raster) = raster(first) {
            return MimeType(raster.into());
        }
        let claimed = claimed.split(';').next().unwrap_or_default().trim();
        let claimed = claimed.to_ascii_lowercase();
        let is_active = ACTIVE.iter().any(|active| claimed.contains(active));
        let is_picture = claimed.starts_with("image/");
        match is_type(&claimed) && !is_active && !is_picture {
            true => MimeType(claimed),
            false => MimeType(OCTETS.into()),
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is it a picture that browsers show?
    pub fn is_raster(&self) -> bool {
        RASTERS.contains(&self.as_str())
    }
}

fn is_type(text: &str) -> bool {
    let is_token = |part: &str| {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !part.is_empty() && part.bytes().all(is_good)
    };
    let parts = text.split_once('/');
    text.len() <= MIME_BYTES_MAX && parts.is_some_and(|(a, b)| is_token(a) && is_token(b))
}

/// Which picture begins like that, if one does.
fn raster(first: &[u8]) -> Option<&'static str> {
    let has = |at: usize, magic: &[u8]| first.get(at..).is_some_and(|it| it.starts_with(magic));
    let [png, jpeg, gif, webp, avif] = RASTERS;
    match () {
        () if has(0, b"\x89PNG\r\n\x1a\n") => Some(png),
        () if has(0, b"\xff\xd8\xff") => Some(jpeg),
        () if has(0, b"GIF87a") || has(0, b"GIF89a") => Some(gif),
        () if has(0, b"RIFF") && has(8, b"WEBP") => Some(webp),
        () if has(4, b"ftypavif") || has(4, b"ftypavis") => Some(avif),
        () => None,
    }
}

/// A file that was shared. A message that shares one ([`Manner::File`]) has this as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFile {
    /// What it is asked for under.
    pub id: FileId,
    /// In bytes.
    pub size: u64,
    /// What it is.
    pub mime: MimeType,
    /// What it is called.
    pub name: FileName,
}

impl SharedFile {
    /// The file of a message, where it shares one.
    pub fn of(message: &Message) -> Option<SharedFile> {
        match message.manner {
            Manner::File => SharedFile::parse(&message.text),
            Manner::Said | Manner::Acted | Manner::Noticed | Manner::Happened(_) => None,
        }
    }

    /// Reads the text of a message.
    pub(crate) fn parse(text: &str) -> Option<SharedFile> {
        let mut parts = text.splitn(4, ' ');
        Some(SharedFile {
            id: parts.next()?.parse().ok()?,
            size: parts.next()?.parse().ok()?,
            mime: MimeType(parts.next()?.into()),
            name: FileName(parts.next()?.into()),
        })
    }

    /// The text of a message that shares it.
    pub fn to_text(&self) -> String {
        let SharedFile {
            id,
            size,
            mime,
            name,
        } = self;
        format!("{id} {size} {} {}", mime.0, name.0)
    }

    /// Where it is asked for, without what proves that one may.
    pub fn path(&self) -> String {
        format!("/files/{}/{}", self.id, self.name.in_url())
    }
}

/// What people are told of it in a line.
impl fmt::Display for SharedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, mime) = (ShownSize(self.size), self.mime.as_str());
        write!(f, "{} ({size}, {mime})", self.name.0)
    }
}

/// A number of bytes as people read it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShownSize(pub u64);

impl fmt::Display for ShownSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tenths = self.0.saturating_mul(10);
        let mut unit = 0;
        while tenths >= 10_240 && unit < 4 {
            tenths /= 1024;
            unit += 1;
        }
        let name = ["B", "KiB", "MiB", "GiB", "TiB"][unit];
        match tenths % 10 {
            _ if unit == 0 || tenths >= 1000 => write!(f, "{} {name}", tenths / 10),
            0 => write!(f, "{} {name}", tenths / 10),
            tenth => write!(f, "{}.{tenth} {name}", tenths / 10),
        }
    }
}

/// What the tokens of links are made with, and known by.
#[derive(Debug, Clone)]
pub struct LinkKey {
    seed: HashSeed,
    /// Made with the first token: a server where no file is shared pays nothing for it.
    key: OnceCell<hmac::Key>,
}

/// Who a link is made for, and how its host is called there.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    /// What makes tokens.
    pub key: &'a LinkKey,
    /// What stands before the path of a link: scheme, host and port.
    pub base: &'a str,
    /// Which reader it is made for.
    pub reader: u32,
    /// When it is made, in milliseconds since 1970.
    pub now_ms: u64,
}

/// Bytes of the mark that a token ends with.
const MARK_BYTES: usize = 12;

/// Of the whole token: until when it holds, whose it is, and the mark, in digits.
const TOKEN_BYTES: usize = 16 + 2 * MARK_BYTES;

impl LinkKey {
    /// As secret as `seed`.
    pub fn of(seed: HashSeed) -> LinkKey {
        LinkKey {
            seed,
            key: OnceCell::new(),
        }
    }

    fn key(&self) -> &hmac::Key {
        self.key.get_or_init(|| {
            let mut key = b"links to files: ".to_vec();
            key.extend_from_slice(&self.seed.0.to_be_bytes());
            key.extend_from_slice(&self.seed.1.to_be_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, &key)
        })
    }

    fn mark(&self, file: FileId, reader: u32, until_s: u32) -> [u8; MARK_BYTES] {
        let mut said = file.0.to_vec();
        said.extend_from_slice(&reader.to_be_bytes());
        said.extend_from_slice(&until_s.to_be_bytes());
        let tag = hmac::sign(self.key(), &said);
        let mut mark = [0; MARK_BYTES];
        mark.copy_from_slice(&tag.as_ref()[..MARK_BYTES]);
        mark
    }

    /// A token for a file that a reader may have from now on for a day, in hexadecimal digits.
    fn token(&self, file: FileId, reader: u32, now_ms: u64) -> [u8; TOKEN_BYTES] {
        // The same for an hour, so that a browser that is told of a picture again has it already.
        let step = now_ms / 1000 / FILE_LINK_STEP_S;
        let until_s = (step + 1) * FILE_LINK_STEP_S + FILE_LINK_S;
        let until_s = u32::try_from(until_s).unwrap_or(u32::MAX);
        let told = [until_s.to_be_bytes(), reader.to_be_bytes()];
        let mark = self.mark(file, reader, until_s);
        let mut token = [0; TOKEN_BYTES];
        for (digits, byte) in token
            .chunks_exact_mut(2)
            .zip(told.iter().flatten().chain(&mark))
        {
            let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
            digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        token
    }

    /// Was that token made for that file, and does it still hold? How long that takes tells nothing of how much
    /// of it is right.
    pub(crate) fn admits(&self, file: FileId, token: &str, now_ms: u64) -> bool {
        let is_hex = token.bytes().all(|byte| byte.is_ascii_hexdigit());
        if token.len() != TOKEN_BYTES || !is_hex {
            return false;
        }
        let number = |at: usize| u32::from_str_radix(&token[at..at + 8], 16).unwrap_or(0);
        let (until_s, reader) = (number(0), number(8));
        let right = self.mark(file, reader, until_s);
        let told = (0..MARK_BYTES).map(|at| {
            let at = 16 + 2 * at;
            u8::from_str_radix(&token[at..at + 2], 16).unwrap_or(0)
        });
        let differing = right.iter().zip(told).fold(0, |all, (a, b)| all | (a ^ b));
        differing == 0 && now_ms / 1000 < u64::from(until_s)
    }
}

impl Links<'_> {
    /// The path of a file with the token that lets this reader have it.
    pub fn path(&self, file: &SharedFile) -> String {
        let token = String::from_utf8_lossy(&self.token(file.id)).into_owned();
        format!("{}?token={token}", file.path())
    }

    /// What lets this reader have a file.
    pub(crate) fn token(&self, file: FileId) -> [u8; TOKEN_BYTES] {
        self.key.token(file, self.reader, self.now_ms)
    }

    /// The whole link.
    pub fn url(&self, file: &SharedFile) -> String {
        format!("{}{}", self.base, self.path(file))
    }
}

/// What is known of a file that somebody begins to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileClaim {
    /// The room that it is for.
    pub room: RoomName,
    /// Whose it is.
    pub owner: SaidBy,
    /// What it is called.
    pub name: FileName,
    /// What it is said to be.
    pub mime: String,
    /// How long it is said to be, in bytes.
    pub len: Option<u64>,
}

/// A file that a session wants to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketClaim {
    /// The room that it is for; left out, the one that is spoken in.
    pub room: Option<RoomName>,
    /// What it is called by who sends it, a path perhaps.
    pub name: String,
    /// How long it is, in bytes, and what, where that is told.
    pub size: Option<u64>,
    /// What it is said to be.
    pub mime: Option<String>,
}

/// Where a session may send a file to, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTicket {
    /// The room that it is for.
    pub room: RoomName,
    /// What it is called by who sends it.
    pub file: String,
    /// The path that it is sent to.
    pub path: String,
    /// The whole address.
    pub url: String,
    /// How long that holds, in seconds.
    pub seconds: u64,
}

#[cfg(test)]
mod tests;
