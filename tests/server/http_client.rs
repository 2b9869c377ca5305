//! A client of HTTP/1.1 (RFC 9112) that writes its requests by hand and holds answers to the letter.

use serde_json::Value;

use crate::util::*;

/// What a request was answered with.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The value of a header that comes once at most.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} once: {self:?}");
        value
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("Content-Type"), Some("application/json"));
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Everything holds that must of what a browser is sent.
    #[track_caller]
    pub(crate) fn assert_safe(&self) {
        let policy = self.header("Content-Security-Policy").expect("a policy");
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(self.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(self.header("Referrer-Policy"), Some("no-referrer"));
    }

    /// Does the server close behind it?
    pub(crate) fn closes(&self) -> bool {
        self.header("Connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// A whole request without a body: `what` is as in `GET /`, `headers` are whole lines.
pub(crate) fn request(what: &str, headers: &str) -> String {
    format!("{what} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n")
}

impl Server {
    /// A request on a connection of its own, at a door that was told on standard output.
    #[track_caller]
    pub(crate) fn request(&self, door: &str, what: &str, headers: &str, body: &str) -> Response {
        let mut peer = Peer::connect(door, Http);
        let length = match body {
            "" => String::new(),
            body => format!("Content-Length: {}\r\n", body.len()),
        };
        peer.send(request(what, &format!("Connection: close\r\n{length}{headers}")) + body);
        let response = peer.response_to(what);
        assert!(response.closes(), "{response:?}");
        peer.expect_eof();
        response
    }

    /// What `GET path` is answered with at the first door.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        self.request(&self.doors()[0], &format!("GET {path}"), "", "")
    }
}

impl Peer {
    /// The next answer, to a request that begins like `what`.
    #[track_caller]
    pub(crate) fn response_to(&mut self, what: &str) -> Response {
        let mut response = self.response_head();
        let has_body =
            !what.starts_with("HEAD ") && !matches!(response.status, 100..=199 | 204 | 304);
        if has_body {
            let length = response.header("Content-Length").map(str::parse);
            let Some(Ok(length)) = length else {
                panic!("a body of a known length: {response:?}");
            };
            response.body = self.take(length);
        }
        response
    }

    /// The next answer to a GET.
    #[track_caller]
    pub(crate) fn response(&mut self) -> Response {
        self.response_to("GET ")
    }

    #[track_caller]
    fn response_head(&mut self) -> Response {
        let head = String::from_utf8(self.expect_until("\r\n\r\n")).expect("ASCII");
        let (status_line, headers) = head.split_once("\r\n").expect("a line");
        let status = status_line.strip_prefix("HTTP/1.1 ").expect(status_line);
        let (status, reason) = status.split_once(' ').expect(status_line);
        assert!(!reason.is_empty() && status.len() == 3, "{status_line}");
        let headers = headers
            .split_terminator("\r\n")
            .filter(|line| !line.is_empty());
        let headers = headers.map(|line| {
            let (name, value) = line.split_once(": ").expect(line);
            let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let is_good = name.chars().all(is_token) && value == value.trim();
            assert!(is_good && !value.contains(['\r', '\n']), "{head}");
            (name.to_owned(), value.to_owned())
        });
        let response = Response {
            status: status.parse().expect(status_line),
            headers: headers.collect(),
            body: Vec::new(),
        };
        let date = response.header("Date").unwrap_or_default();
        let is_dated = date.len() == 29 && date.ends_with(" GMT") && date.contains(", ");
        assert!(is_dated || response.status == 100, "{head}");
        response
    }
}
