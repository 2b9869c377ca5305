//! Responses: a status, headers and a body, and how they are written.

use std::borrow::Cow;
use std::io::Write as _;

use crate::model::Moment;

use super::super::object::Object;
use super::super::time::imf_date;

/// What a browser is held to with everything that comes from here: it loads from here only, runs no
/// script of a page's text, guesses no type, shows nothing inside of other pages, tells nobody where it
/// came from, and asks again before it uses what it has kept.
const POLICY: &str = "\
    Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'";

/// The rest of that, behind where else pages may connect to.
const POLICY_REST: &str = "; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Referrer-Policy: no-referrer\r\n\
    Cache-Control: no-cache\r\n";

/// What a browser is held to with a file that somebody shared: nothing of it is run or loads anything, whatever it
/// is, and it is nobody else's.
const USERS_POLICY: &str = "\
    Content-Security-Policy: sandbox; default-src 'none'\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Referrer-Policy: no-referrer\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Cache-Control: private\r\n";

/// Whose content a response has, which decides what a browser may do with it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ContentOf<'a> {
    /// The server's own: the page, and what the API answers.
    Server {
        /// Where else the page may connect to, as sources of a policy, each behind a space.
        sources: &'a str,
    },
    /// A file that somebody shared.
    User,
}

/// How long to wait before trying again, where the server or an address is full.
const RETRY_AFTER_S: &str = "10";

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseMode {
    pub(super) is_head: bool,
    pub(super) closes: bool,
    pub(super) is_1_1: bool,
}

impl ResponseMode {
    /// With its body, and the connection closes.
    pub const CLOSING: ResponseMode = ResponseMode {
        is_head: false,
        closes: true,
        is_1_1: true,
    };

    /// Does the connection close with the answer?
    pub fn closes(self) -> bool {
        self.closes
    }

    /// The same, and the connection closes.
    #[cfg(test)]
    pub fn closing(self) -> ResponseMode {
        ResponseMode {
            closes: true,
            ..self
        }
    }

    /// Is only the head wanted?
    pub fn is_head(self) -> bool {
        self.is_head
    }
}

macro_rules! statuses {
    ($($name:ident = $code:literal $reason:literal,)*) => {
        /// A status that is answered here (RFC 9110 section 15).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum StatusCode { $(#[doc = $reason] $name,)* }

        impl StatusCode {
            /// Its number.
            pub fn code(self) -> u16 {
                match self { $(StatusCode::$name => $code,)* }
            }

            /// Its phrase.
            pub fn reason(self) -> &'static str {
                match self { $(StatusCode::$name => $reason,)* }
            }
        }
    };
}

statuses! {
    Ok = 200 "OK",
    Created = 201 "Created",
    NoContent = 204 "No Content",
    PartialContent = 206 "Partial Content",
    NotModified = 304 "Not Modified",
    BadRequest = 400 "Bad Request",
    Unauthorized = 401 "Unauthorized",
    Forbidden = 403 "Forbidden",
    NotFound = 404 "Not Found",
    MethodNotAllowed = 405 "Method Not Allowed",
    RequestTimeout = 408 "Request Timeout",
    Conflict = 409 "Conflict",
    ContentTooLarge = 413 "Content Too Large",
    RangeNotSatisfiable = 416 "Range Not Satisfiable",
    ExpectationFailed = 417 "Expectation Failed",
    UpgradeRequired = 426 "Upgrade Required",
    TooManyRequests = 429 "Too Many Requests",
    HeaderFieldsTooLarge = 431 "Request Header Fields Too Large",
    NotImplemented = 501 "Not Implemented",
    ServiceUnavailable = 503 "Service Unavailable",
    VersionNotSupported = 505 "HTTP Version Not Supported",
    InsufficientStorage = 507 "Insufficient Storage",
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    status: StatusCode,
    /// Invariant: no value has a line end.
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Cow<'static, [u8]>,
    /// Where else a page may connect to ([`ContentOf::Server`]).
    sources: String,
}

impl Response {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Response {
        Response {
            status,
            headers: Vec::new(),
            body: Cow::Borrowed(&[]),
            sources: String::new(),
        }
    }

    /// An answer whose body is of a type.
    pub fn new(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Cow<'static, [u8]>>,
    ) -> Response {
        let mut response = Response::empty(status).with("Content-Type", content_type);
        response.body = body.into();
        match status {
            StatusCode::TooManyRequests | StatusCode::ServiceUnavailable => {
                response.with("Retry-After", RETRY_AFTER_S)
            }
            _ => response,
        }
    }

    /// Plain text, its last line ended.
    pub fn text(status: StatusCode, text: impl Into<String>) -> Response {
        let text: String = text.into();
        Response::new(status, "text/plain; charset=utf-8", text.into_bytes())
    }

    /// A JSON object, ended as a line.
    pub fn json(status: StatusCode, mut object: Vec<u8>) -> Response {
        object.push(b'\n');
        Response::new(status, "application/json", object)
    }

    /// Why something is refused, in one sentence: the json dialect's object for programs, else text.
    pub fn refusal(status: StatusCode, sentence: &str, is_api: bool) -> Response {
        if !is_api {
            return Response::text(status, format!("{sentence}\n"));
        }
        let mut object = Vec::new();
        Object::new(&mut object, "error")
            .text("message", sentence)
            .close();
        Response::json(status, object)
    }

    /// The same with one more header, whose value has no line end.
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Response {
        let value = value.into();
        debug_assert!(!value.contains(['\r', '\n']), "{name} ends its line");
        self.headers.push((name, value));
        self
    }

    /// The same, of a page that may connect to these sources, too.
    pub(crate) fn connecting_to(self, sources: String) -> Response {
        Response { sources, ..self }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Appends it as it goes over the wire.
    pub fn write(&self, manner: ResponseMode, now: Moment, out: &mut Vec<u8>) {
        let headers = self.headers.iter().map(|(name, value)| (*name, &**value));
        let sources = &*self.sources;
        let about = (self.status, ContentOf::Server { sources });
        write_head(about, headers, self.body.len(), manner, now, out);
        if !manner.is_head {
            out.extend_from_slice(&self.body);
        }
    }
}

/// Appends the head of a response with a body of `body_len` bytes.
pub(crate) fn write_head<'a>(
    (status, of): (StatusCode, ContentOf<'_>),
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body_len: usize,
    manner: ResponseMode,
    now: Moment,
    out: &mut Vec<u8>,
) {
    // Writing to a Vec cannot fail.
    let (code, reason, date) = (status.code(), status.reason(), imf_date(now));
    let _ = write!(out, "HTTP/1.1 {code} {reason}\r\nDate: {date}\r\n");
    for (name, value) in headers {
        let _ = write!(out, "{name}: {value}\r\n");
    }
    // These have no body whatever their length says (RFC 9110 section 8.6).
    if !matches!(status, StatusCode::NoContent | StatusCode::NotModified) {
        let _ = write!(out, "Content-Length: {body_len}\r\n");
    }
    if manner.closes {
        out.extend_from_slice(b"Connection: close\r\n");
    } else if !manner.is_1_1 {
        out.extend_from_slice(b"Connection: keep-alive\r\n");
    }
    let policy = match of {
        ContentOf::Server { sources } => [POLICY, sources, POLICY_REST],
        ContentOf::User => [USERS_POLICY, "", ""],
    };
    policy
        .iter()
        .for_each(|it| out.extend_from_slice(it.as_bytes()));
    out.extend_from_slice(b"\r\n");
}

/// A request refused before it was known what it asks: after the answer the connection closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    is_head: bool,
    is_api: bool,
}

impl Refusal {
    /// Of a request that is not known at all.
    pub fn new(status: StatusCode) -> Refusal {
        Refusal {
            status,
            is_head: false,
            is_api: false,
        }
    }

    /// Of a request as far as it can be read.
    pub(super) fn of(frame: &[u8], status: StatusCode) -> Refusal {
        let target = frame.split(|&byte| byte == b' ').nth(1);
        Refusal {
            status,
            is_head: frame.starts_with(b"HEAD "),
            is_api: target.is_some_and(|target| target.starts_with(b"/api/")),
        }
    }

    /// Why.
    #[cfg(test)]
    pub fn status(self) -> StatusCode {
        self.status
    }

    /// Appends the answer.
    pub fn write(self, now: Moment, out: &mut Vec<u8>) {
        let manner = ResponseMode {
            is_head: self.is_head,
            ..ResponseMode::CLOSING
        };
        Response::refusal(self.status, self.status.reason(), self.is_api).write(manner, now, out);
    }
}
