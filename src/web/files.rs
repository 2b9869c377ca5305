//! Files over HTTP: what is sent and asked for, and the heads of the answers (RFC 9110 sections 13 and 14).

use std::ops::Range;

use crate::dialect::http::{
    ContentOf, HttpRequest, Method, Response, ResponseMode, StatusCode, write_head,
};
use crate::dialect::object::Object;
use crate::model::{ErrorCode, FileId, FileName, Message, Moment, RoomName, SharedFile};

use super::api::{bearer, check_page, percent_decoded, permitted, refused, room};
use super::{Poster, Reply, Site};

/// A file that is to be taken in. Its content follows in pieces.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UploadRequest {
    /// Where it is shared.
    pub(crate) room: RoomName,
    /// Who has the right to.
    pub(crate) by: Poster,
    /// What it is called.
    pub(crate) name: FileName,
    /// What it is said to be.
    pub(crate) mime: String,
    /// How long it is said to be, in bytes.
    pub(crate) len: Option<u64>,
}

/// A file that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DownloadRequest {
    /// Which.
    pub(crate) id: FileId,
    /// The token of its link.
    pub(crate) token: Option<String>,
    /// Who asks for it, where that has a token of its own.
    pub(crate) by: Option<Poster>,
    /// Which part of it, unless the client has it (Range, If-Range, If-None-Match).
    range: Option<String>,
    if_range: Option<String>,
    if_none_match: Option<String>,
}

/// Takes a file in, if it may be shared.
pub(super) fn upload(site: &Site, request: &HttpRequest, segment: &str) -> Reply {
    if site.file_bytes_max.is_none() {
        return Reply::Respond(none_here());
    }
    let upload = permitted(site, request).and_then(|by| {
        let room = room(segment).map_err(|code| refused(&code))?;
        let name = parameter(request, "name").and_then(|name| percent_decoded(&name));
        let upload = UploadRequest {
            room,
            by,
            name: FileName::nearest(&name.unwrap_or_default()),
            mime: request.of_file.content_type.clone().unwrap_or_default(),
            len: request.of_file.content_length,
        };
        check_length(site, upload.len)?;
        Ok(Reply::Upload(Box::new(upload)))
    });
    upload.unwrap_or_else(Reply::Respond)
}

/// Is a length announced that no file may have?
fn check_length(site: &Site, len: Option<u64>) -> Result<(), Response> {
    let most = site.file_bytes_max.unwrap_or(0);
    match len.is_some_and(|len| len > most) {
        true => Err(refused(&ErrorCode::FileTooLong(most))),
        false => Ok(()),
    }
}

/// What is asked of a file that is sent by ticket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TicketRequest {
    /// What lets one do so.
    pub(crate) secret: String,
    pub(crate) part: TicketPart,
    /// How long that part is, and the file, where that is told; in bytes.
    pub(crate) len: Option<u64>,
    pub(crate) total: Option<u64>,
    /// What the file is said to be.
    pub(crate) mime: String,
}

/// Which part of a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TicketPart {
    /// None: it is asked how much is here.
    Measured,
    /// All of it.
    Whole,
    /// What begins there, in bytes.
    From(u64),
}

/// Goes on with a file, as the core of tus 1.0 does (HEAD and PATCH with Upload-Offset) or PUT with
/// Content-Range; PUT or POST without one sends all of it.
pub(super) fn send_part(site: &Site, request: &HttpRequest, ticket: &str) -> Reply {
    if site.file_bytes_max.is_none() {
        return Reply::Respond(none_here());
    }
    if let Err(response) = check_page(site, request) {
        return Reply::Respond(response);
    }
    let fields = &request.of_file;
    let range = match fields.content_range.as_deref().map(content_range) {
        Some(None) => return Reply::Respond(no_part()),
        range => range.flatten(),
    };
    let offset = fields
        .upload_offset
        .as_deref()
        .map(|it| it.trim().parse().ok());
    let part = match (request.method, offset, range) {
        (Method::Head, ..) => TicketPart::Measured,
        (_, Some(None), _) | (Method::Patch, None, _) => return Reply::Respond(no_part()),
        (_, Some(Some(from)), _) | (_, None, Some((from, _))) => TicketPart::From(from),
        (_, None, None) => TicketPart::Whole,
    };
    let mime = fields.content_type.clone().unwrap_or_default();
    let is_part = mime.starts_with("application/offset+octet-stream");
    Reply::Part(Box::new(TicketRequest {
        secret: ticket.into(),
        part,
        len: fields.content_length,
        total: range.and_then(|(_, total)| total),
        mime: if is_part { String::new() } else { mime },
    }))
}

/// Where a part begins, and how long the whole is (RFC 9110 section 14.4).
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let first = range.split_once('-')?.0.trim().parse().ok()?;
    match total.trim() {
        "*" => Some((first, None)),
        total => Some((first, Some(total.parse().ok()?))),
    }
}

/// The path that a file is sent to by ticket.
pub(crate) fn ticket_path(room: &RoomName, secret: &str) -> String {
    let room = percent_encoded(room.as_str());
    format!("/api/v1/rooms/{room}/files/{secret}")
}

fn no_part() -> Response {
    let sentence = "A part of a file is sent with Upload-Offset or Content-Range.";
    Response::refusal(StatusCode::BadRequest, sentence, true)
}

/// The ticket was used up, has ended, or was never one.
pub(crate) fn no_ticket() -> Response {
    let sentence = "Nothing can be sent there any more.";
    Response::refusal(StatusCode::NotFound, sentence, true)
}

/// More is sent than was announced.
pub(crate) fn beyond() -> Response {
    let sentence = "That is more than was announced.";
    Response::refusal(StatusCode::BadRequest, sentence, true)
}

/// How much of a file is here.
pub(crate) fn measured(offset: u64, size: Option<u64>) -> Response {
    with_offset(Response::empty(StatusCode::Ok), offset, size)
}

/// Not from there on is the file to be gone on with.
pub(crate) fn conflict(offset: u64) -> Response {
    let sentence = "That is not where the file is to be gone on with.";
    let response = Response::refusal(StatusCode::Conflict, sentence, true);
    with_offset(response, offset, None)
}

/// The headers of tus 1.0 that say how much of a file is here.
pub(crate) fn with_offset(response: Response, offset: u64, size: Option<u64>) -> Response {
    let response = response
        .with("Tus-Resumable", "1.0.0")
        .with("Upload-Offset", offset.to_string());
    match size {
        Some(size) => response.with("Upload-Length", size.to_string()),
        None => response,
    }
}

/// Sends a file, if there is one.
pub(super) fn download(site: &Site, request: &HttpRequest, id: &str) -> Reply {
    let (Ok(id), Some(_)) = (id.parse(), site.file_bytes_max) else {
        return Reply::Respond(not_found());
    };
    let by = match request.bearer {
        Some(_) => check_page(site, request).and_then(|()| bearer(site, request)),
        None => return Reply::Download(Box::new(wanted(request, id, None))),
    };
    match by {
        Ok(by) => Reply::Download(Box::new(wanted(request, id, Some(by)))),
        Err(response) => Reply::Respond(response),
    }
}

fn wanted(request: &HttpRequest, id: FileId, by: Option<Poster>) -> DownloadRequest {
    DownloadRequest {
        id,
        token: parameter(request, "token"),
        by,
        range: request.of_file.range.clone(),
        if_range: request.of_file.if_range.clone(),
        if_none_match: request.if_none_match.clone(),
    }
}

/// The first value of a parameter, as it was sent.
fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let query = request.query.as_deref().unwrap_or_default();
    let mut parts = query.split('&').filter_map(|part| part.split_once('='));
    let found = parts.find(|(known, _)| *known == name);
    found.map(|(_, value)| value.replace('+', "%20"))
}

/// There is no such file, or none for who asks.
pub(crate) fn not_found() -> Response {
    Response::refusal(StatusCode::NotFound, "There is no such file.", false)
}

/// As many files are sent already as may be at once.
pub(crate) fn too_many() -> Response {
    refused(&ErrorCode::Busy)
}

fn none_here() -> Response {
    refused(&ErrorCode::NoFiles)
}

/// Less came of a file than was announced, or it was no body.
pub(crate) fn cut_off() -> Response {
    let sentence = "The file did not come whole.";
    Response::refusal(StatusCode::BadRequest, sentence, true)
}

/// The message that shares a file.
pub(crate) fn stored(room: &RoomName, message: &Message, file: &SharedFile) -> Response {
    let mut body = Vec::new();
    Object::new(&mut body, "file")
        .text("id", &file.id.to_string())
        .text("url", &file.path())
        .number("message_id", Some(message.id.0))
        .text("room", room.as_str())
        .text("username", message.nick.as_str())
        .text("name", file.name.as_str())
        .number("size", Some(file.size))
        .text("mime", file.mime.as_str())
        .timestamp(message.unix_ms)
        .close();
    Response::json(StatusCode::Created, body)
}

impl DownloadRequest {
    /// Appends the head of the answer that a file has. Returns the bytes of the file that are to follow.
    pub(crate) fn write_head(
        &self,
        file: &SharedFile,
        mode: ResponseMode,
        now: Moment,
        out: &mut Vec<u8>,
    ) -> Range<u64> {
        let etag = format!("\"{}\"", file.id);
        let mut headers = vec![("ETag", etag.clone()), ("Accept-Ranges", "bytes".into())];
        let (status, range) = match self.part_of(file.size, &etag) {
            SentPart::Known => (StatusCode::NotModified, 0..0),
            SentPart::All => (StatusCode::Ok, 0..file.size),
            SentPart::Some(range) => {
                let Range { start, end } = range;
                let part = format!("bytes {start}-{}/{}", end - 1, file.size);
                headers.push(("Content-Range", part));
                (StatusCode::PartialContent, range)
            }
            SentPart::Nothing => {
                headers.push(("Content-Range", format!("bytes */{}", file.size)));
                (StatusCode::RangeNotSatisfiable, 0..0)
            }
        };
        if matches!(status, StatusCode::Ok | StatusCode::PartialContent) {
            headers.push(("Content-Type", file.mime.as_str().into()));
            headers.push(("Content-Disposition", disposition(file)));
        }
        let headers = headers.iter().map(|(name, value)| (*name, &**value));
        let len = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let about = (status, ContentOf::User);
        write_head(about, headers, len, mode, now, out);
        match mode.is_head() {
            true => 0..0,
            false => range,
        }
    }

    fn part_of(&self, size: u64, etag: &str) -> SentPart {
        let known = self.if_none_match.as_deref().unwrap_or_default();
        let mut tags = known.split(',').map(str::trim);
        if tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag) {
            return SentPart::Known;
        }
        let is_of_this = self.if_range.as_ref().is_none_or(|tag| tag.trim() == etag);
        match self.range.as_deref().filter(|_| is_of_this) {
            Some(range) => part(range, size),
            None => SentPart::All,
        }
    }
}

/// What of a file is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
enum SentPart {
    /// None of it: the client has it.
    Known,
    All,
    Some(Range<u64>),
    /// None of it: it is shorter than what is wanted.
    Nothing,
}

/// The part that a range means, if it is one range of bytes; anything else is as good as none (RFC 9110 section
/// 14.2).
fn part(range: &str, size: u64) -> SentPart {
    let Some(set) = range.trim().strip_prefix("bytes=").map(str::trim) else {
        return SentPart::All;
    };
    let Some((first, last)) = set.split_once('-').filter(|_| !set.contains(',')) else {
        return SentPart::All;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    // What is no number here is beyond any file.
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    let range = match (first, last) {
        ("", last) if is_number(last) => size.saturating_sub(number(last))..size,
        (first, "") if is_number(first) => number(first)..size,
        (first, last) if is_number(first) && is_number(last) => {
            if number(first) > number(last) {
                return SentPart::All;
            }
            number(first)..number(last).saturating_add(1).min(size)
        }
        _ => return SentPart::All,
    };
    match range.start < range.end {
        true => SentPart::Some(range),
        false => SentPart::Nothing,
    }
}

/// What a browser is to do with a file: show it where it is a picture, else save it (RFC 6266).
fn disposition(file: &SharedFile) -> String {
    let kind = match file.mime.is_raster() {
        true => "inline",
        false => "attachment",
    };
    let name = percent_encoded(file.name.as_str());
    let plain = file.name.in_url();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{name}")
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => encoded.push(char::from(byte)),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_or_nothing() {
        let part = |range| part(range, 10);
        assert_eq!(part("bytes=0-"), SentPart::Some(0..10));
        assert_eq!(part("bytes=2-4"), SentPart::Some(2..5));
        assert_eq!(part("bytes=9-99999999999999999999"), SentPart::Some(9..10));
        assert_eq!(part("bytes=-3"), SentPart::Some(7..10));
        assert_eq!(part("bytes=-30"), SentPart::Some(0..10));
        for nothing in [
            "bytes=10-",
            "bytes=99999999999999999999-",
            "bytes=-0",
            "bytes=10-11",
        ] {
            assert_eq!(part(nothing), SentPart::Nothing, "{nothing}");
        }
        for all in [
            "bytes=",
            "bytes=-",
            "bytes=4-2",
            "bytes=0-1,3-4",
            "lines=0-1",
            "bytes=a-b",
        ] {
            assert_eq!(part(all), SentPart::All, "{all}");
        }
    }
}
