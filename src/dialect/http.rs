//! The http dialect: a request of HTTP/1.x (RFC 9110, RFC 9112), and how a refusal looks. What is
//! answered to a good one is not said here.

mod coding;
mod fields;
mod response;
mod status;

use crate::limits::{HTTP_BODY_BYTES_MAX, HTTP_HEADERS_MAX};
use crate::model::{Event, Moment, Secret};

use fields::Fields;
pub(crate) use fields::FileFields;

pub(crate) use super::time::imf_date;
pub(crate) use response::{ContentOf, write_head};
pub(crate) use response::{Refusal, Response, ResponseMode, StatusCode};
pub(crate) use status::status_of;

/// What is asked to be done. Their names are told apart by case as well (RFC 9110 section 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Show.
    Get,
    /// Show the head only.
    Head,
    /// Take this in.
    Post,
    /// Take this in as that.
    Put,
    /// Take this in as more of that.
    Patch,
    /// Have this forgotten.
    Delete,
    /// Tell what can be asked.
    Options,
    /// Known, and never what is wanted here: TRACE.
    Other,
}

/// What a browser that wants a WebSocket says of it (RFC 6455 section 4.1), as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// Sec-WebSocket-Key.
    pub key: Option<String>,
    /// Sec-WebSocket-Version.
    pub version: Option<String>,
    /// The sub-protocols offered, the one liked best first.
    pub protocols: Vec<String>,
}

/// What proxies say of whom a request came from; anybody else may have written it as well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forwarding {
    /// Forwarded (RFC 7239).
    pub forwarded: Option<String>,
    /// X-Forwarded-For.
    pub x_for: Option<String>,
    /// X-Forwarded-Proto.
    pub x_proto: Option<String>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// What is asked to be done.
    pub method: Method,
    /// To what: as it was sent, percent-encoded; `*` is the server itself.
    pub path: String,
    /// What stands behind the `?`.
    pub query: Option<String>,
    /// The host and port that were asked for; empty where an HTTP/1.0 client did not say.
    pub host: String,
    /// The page that asks, where a browser does.
    pub origin: Option<String>,
    /// The entity tags that the client has (If-None-Match).
    pub if_none_match: Option<String>,
    /// It wants a body compressed with gzip, rather than as it is (Accept-Encoding).
    pub prefers_gzip: bool,
    /// The token of `Authorization: Bearer`.
    pub bearer: Option<Secret>,
    /// It asks to go on as a WebSocket.
    pub handshake: Option<Handshake>,
    /// What proxies say of whom it came from.
    pub forwarding: Forwarding,
    /// The body, at most [`HTTP_BODY_BYTES_MAX`] long; empty where it comes in pieces.
    pub body: Vec<u8>,
    /// What is said of a file, or of the part of one that is sent or wanted.
    pub of_file: FileFields,
    /// How the answer is to be sent.
    pub manner: ResponseMode,
}

/// Reads a request with its body.
///
/// # Errors
/// The status of the refusal, after which the connection closes.
pub(crate) fn parse(frame: &[u8]) -> Result<HttpRequest, Refusal> {
    read(frame, false).map_err(|status| Refusal::of(frame, status))
}

/// Reads the head of a request whose body comes in pieces.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_head(head: &[u8]) -> Result<HttpRequest, Refusal> {
    let mut request = read(head, true).map_err(|status| Refusal::of(head, status))?;
    // Where it is refused, its body is not read.
    request.manner.closes = true;
    Ok(request)
}

/// What tells a client that its body is wanted (RFC 9110 section 15.2.1).
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Refuses a request of which the body is none, or too long; `came` is what came of it.
pub(crate) fn refusal_of_body(came: &[u8], is_too_long: bool) -> Refusal {
    let status = match is_too_long {
        true => StatusCode::ContentTooLarge,
        false => StatusCode::BadRequest,
    };
    Refusal::of(came, status)
}

/// Appends what is refused as a response, after which the connection closes; nothing for any other event.
pub(super) fn render(event: &Event, now: Moment, out: &mut Vec<u8>) {
    if let Event::Error(code) = event {
        let response = Response::text(status_of(code), format!("{code}\n"));
        response.write(ResponseMode::CLOSING, now, out);
    }
}

fn read(frame: &[u8], is_head: bool) -> Result<HttpRequest, StatusCode> {
    let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let head_len = match head.parse(frame) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Err(StatusCode::BadRequest),
        Err(error) => return Err(status_of_bad_head(error, frame)),
    };
    let (Some(method), Some(target), Some(minor)) = (head.method, head.path, head.version) else {
        return Err(StatusCode::BadRequest);
    };
    let fields = Fields(head.headers);
    let is_1_1 = minor == 1;
    let body = match is_head {
        // The framing has looked at what is said of it.
        true => &[],
        false => body(&fields, &frame[head_len..], is_1_1)?,
    };
    let method = method_of(method)?;
    let host = host(&fields, is_1_1)?;
    let target = RequestTarget::parse(target, method)?;
    let connection = fields.list("connection")?;
    Ok(HttpRequest {
        method,
        path: target.path.into(),
        query: target.query.map(String::from),
        host: target.authority.map_or(host, String::from),
        origin: fields.text("origin")?,
        if_none_match: fields.text("if-none-match")?,
        prefers_gzip: coding::prefers_gzip(&fields.text("accept-encoding")?.unwrap_or_default()),
        bearer: bearer(&fields)?,
        handshake: match method == Method::Get && is_1_1 && has(&connection, "upgrade") {
            true => handshake(&fields)?,
            false => None,
        },
        forwarding: Forwarding {
            forwarded: fields.words("forwarded"),
            x_for: fields.words("x-forwarded-for"),
            x_proto: fields.words("x-forwarded-proto"),
        },
        body: body.into(),
        of_file: FileFields::of(&fields),
        manner: ResponseMode {
            is_head: method == Method::Head,
            closes: has(&connection, "close") || !(is_1_1 || has(&connection, "keep-alive")),
            is_1_1,
        },
    })
}

fn status_of_bad_head(error: httparse::Error, frame: &[u8]) -> StatusCode {
    match error {
        httparse::Error::TooManyHeaders => StatusCode::HeaderFieldsTooLarge,
        httparse::Error::Version if names_another_version(frame) => StatusCode::VersionNotSupported,
        _ => StatusCode::BadRequest,
    }
}

/// Does the request line end in the name of a version of HTTP that is not spoken here?
fn names_another_version(frame: &[u8]) -> bool {
    let line = frame.split(|&byte| byte == b'\n').next().unwrap_or(frame);
    let version = line.trim_ascii_end().rsplit(|&byte| byte == b' ').next();
    match version.and_then(|version| version.strip_prefix(b"HTTP/")) {
        Some(b"1.0" | b"1.1") => false,
        Some([major, b'.', minor]) => major.is_ascii_digit() && minor.is_ascii_digit(),
        Some([major]) => major.is_ascii_digit(),
        _ => false,
    }
}

/// What stands behind the head, which must be all that the head tells of (RFC 9112 section 6.3).
fn body<'a>(fields: &Fields<'_>, rest: &'a [u8], is_1_1: bool) -> Result<&'a [u8], StatusCode> {
    if fields.has("transfer-encoding") {
        return body_of_chunks(fields, rest, is_1_1);
    }
    let mut len = None;
    for value in fields.values("content-length") {
        let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let number = str::from_utf8(value).ok().filter(|_| is_number);
        // What is greater than any number here is too great as well.
        let this = number.map(|number| number.parse().unwrap_or(usize::MAX));
        let this = this.ok_or(StatusCode::BadRequest)?;
        if len.is_some_and(|len| len != this) {
            return Err(StatusCode::BadRequest);
        }
        len = Some(this);
    }
    match len.unwrap_or(0) {
        len if len > HTTP_BODY_BYTES_MAX => Err(StatusCode::ContentTooLarge),
        _ if is_1_1 && !fields.expects_little() => Err(StatusCode::ExpectationFailed),
        len if len != rest.len() => Err(StatusCode::BadRequest),
        _ => Ok(rest),
    }
}

/// A body that came in chunks, which are put together already. No other coding is known here.
/// Beside a length, or from a client that knows of none, two programs may see two different bodies (RFC 9112
/// section 6.1).
fn body_of_chunks<'a>(
    fields: &Fields<'_>,
    rest: &'a [u8],
    is_1_1: bool,
) -> Result<&'a [u8], StatusCode> {
    let mut codings = fields.values("transfer-encoding");
    let (first, second) = (codings.next(), codings.next());
    let is_chunked = first.is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
    match is_chunked && second.is_none() {
        false => Err(StatusCode::NotImplemented),
        true if fields.has("content-length") || !is_1_1 => Err(StatusCode::BadRequest),
        true if !fields.expects_little() => Err(StatusCode::ExpectationFailed),
        true => Ok(rest),
    }
}

fn method_of(name: &str) -> Result<Method, StatusCode> {
    match name {
        "GET" => Ok(Method::Get),
        "HEAD" => Ok(Method::Head),
        "POST" => Ok(Method::Post),
        "OPTIONS" => Ok(Method::Options),
        "DELETE" => Ok(Method::Delete),
        "PUT" => Ok(Method::Put),
        "PATCH" => Ok(Method::Patch),
        "TRACE" => Ok(Method::Other),
        _ => Err(StatusCode::NotImplemented),
    }
}

/// The one host that HTTP/1.1 asks for (RFC 9112 section 3.2).
fn host(fields: &Fields<'_>, is_1_1: bool) -> Result<String, StatusCode> {
    let mut values = fields.values("host");
    let host = match (values.next(), values.next()) {
        (None, _) if !is_1_1 => return Ok(String::new()),
        (Some(host), None) => str::from_utf8(host).ok(),
        _ => None,
    };
    let host = host.filter(|host| is_authority(host));
    host.map(String::from).ok_or(StatusCode::BadRequest)
}

/// A name or an address, and maybe a port; nobody's name and password.
fn is_authority(text: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%:[]".contains(&byte);
    text.bytes().all(is_good)
}

/// What a request line asks for (RFC 9112 section 3.2).
struct RequestTarget<'a> {
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> RequestTarget<'a> {
    fn parse(target: &'a str, method: Method) -> Result<RequestTarget<'a>, StatusCode> {
        let (authority, rest) = match target.split_once("://") {
            Some((scheme, rest)) if is_http(scheme) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                (Some(&rest[..end]), &rest[end..])
            }
            _ => (None, target),
        };
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let path = match (path, authority) {
            ("", Some(_)) => "/",
            _ => path,
        };
        let is_good = path.starts_with('/') || (path == "*" && method == Method::Options);
        let is_named = authority.is_none_or(|name| !name.is_empty() && is_authority(name));
        let target = RequestTarget {
            authority,
            path,
            query,
        };
        (is_good && is_named && !rest.contains('#'))
            .then_some(target)
            .ok_or(StatusCode::BadRequest)
    }
}

fn is_http(scheme: &str) -> bool {
    ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

/// The token of a request that carries one (RFC 6750 section 2.1).
fn bearer(fields: &Fields<'_>) -> Result<Option<Secret>, StatusCode> {
    let authorization = fields.text("authorization")?;
    let parts = authorization.as_deref().and_then(|it| it.split_once(' '));
    Ok(parts
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Secret::new(token.trim())))
}

/// What is said of a WebSocket, where one is wanted.
fn handshake(fields: &Fields<'_>) -> Result<Option<Handshake>, StatusCode> {
    if !has(&fields.list("upgrade")?, "websocket") {
        return Ok(None);
    }
    Ok(Some(Handshake {
        key: fields.text("sec-websocket-key")?,
        version: fields.text("sec-websocket-version")?,
        protocols: fields.list("sec-websocket-protocol")?,
    }))
}

fn has(tokens: &[String], token: &str) -> bool {
    tokens.iter().any(|it| it.eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests;
