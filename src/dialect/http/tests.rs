use super::*;
use crate::model::ErrorCode;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n";

fn good(request: &str) -> HttpRequest {
    match parse(request.as_bytes()) {
        Ok(request) => request,
        Err(refusal) => panic!("{request:?}: {}", refusal.status().reason()),
    }
}

/// A GET with more headers.
fn get(fields: &str) -> HttpRequest {
    good(&format!("{GET}{fields}\r\n"))
}

#[track_caller]
fn refused(request: &str, status: StatusCode) {
    let refusal = parse(request.as_bytes()).expect_err("it is refused");
    assert_eq!(refusal.status(), status, "{request:?}");
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn bad_heads_are_bad_requests() {
    for bad in [
        "nonsense\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / FTP/1.1\r\nHost: a\r\n\r\n",
        "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno field\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: \0\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
    ] {
        refused(bad, StatusCode::BadRequest);
    }
    let latin1 = b"GET / HTTP/1.1\r\nHost: a\r\nOrigin: \xe9\r\n\r\n";
    assert!(parse(latin1).is_err());
}

#[test]
fn one_host_is_wanted() {
    refused("GET / HTTP/1.1\r\n\r\n", StatusCode::BadRequest);
    for fields in ["Host: a\r\nHost: a\r\n", "Host: a/b\r\n", "Host: a b\r\n"] {
        for version in ["1.0", "1.1"] {
            let request = format!("GET / HTTP/{version}\r\n{fields}\r\n");
            refused(&request, StatusCode::BadRequest);
        }
    }
    assert_eq!(good("GET / HTTP/1.0\r\n\r\n").host, "");
    for host in ["a", "a.example:8080", "127.0.0.1:1", "[::1]:8080"] {
        let request = format!("GET / HTTP/1.1\r\nhOST: {host}\r\n\r\n");
        assert_eq!(good(&request).host, host);
    }
}

#[test]
fn what_is_not_done_here_says_so() {
    refused(
        "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
        StatusCode::NotImplemented,
    );
    refused(
        "get / HTTP/1.1\r\nHost: a\r\n\r\n",
        StatusCode::NotImplemented,
    );
    let request = "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n";
    refused(request, StatusCode::NotImplemented);
    for coding in [
        "gzip",
        "gzip, chunked",
        "chunked, chunked",
        "xchunked",
        "chunked;a",
        "",
        "identity",
    ] {
        let coded = format!("{GET}Transfer-Encoding: {coding}\r\n\r\n");
        refused(&coded, StatusCode::NotImplemented);
    }
    let old = GET.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n";
    refused(&old, StatusCode::BadRequest);
    let both = format!("{GET}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    refused(&both, StatusCode::BadRequest);
    let both = format!("{GET}Content-Length: 1\r\nTransfer-Encoding: identity\r\n\r\n");
    refused(&both, StatusCode::NotImplemented);
    for version in ["2.0", "0.9", "1.2", "3"] {
        let request = format!("GET / HTTP/{version}\r\nHost: a\r\n\r\n");
        refused(&request, StatusCode::VersionNotSupported);
    }
    refused("PRI * HTTP/2.0\r\n\r\n", StatusCode::VersionNotSupported);
    for framing in ["Content-Length: 1", "Transfer-Encoding: chunked"] {
        for expected in ["200-ok", "100-continue, x", ""] {
            let expects = format!("{GET}{framing}\r\nExpect: {expected}\r\n\r\n");
            refused(&expects, StatusCode::ExpectationFailed);
        }
        let expects = format!("{GET}{framing}\r\nExpect: 100-Continue\r\n\r\na");
        assert_eq!(good(&expects).body, b"a");
    }
    let old = GET.replace("1.1", "1.0") + "Expect: x\r\n\r\n";
    assert!(parse(old.as_bytes()).is_ok());
    let many = "A: b\r\n".repeat(HTTP_HEADERS_MAX);
    refused(
        &format!("{GET}{many}\r\n"),
        StatusCode::HeaderFieldsTooLarge,
    );
    get(&"A: b\r\n".repeat(HTTP_HEADERS_MAX - 1));
}

#[test]
fn lengths() {
    for bad in [
        "",
        "x",
        "-1",
        "+1",
        "1,1",
        "1 1",
        "0x1",
        "1\r\nContent-Length: 2",
    ] {
        let request = format!("{GET}Content-Length: {bad}\r\n\r\n");
        refused(&request, StatusCode::BadRequest);
    }
    for great in ["16385", "18446744073709551615", "99999999999999999999999"] {
        let request = format!("{GET}Content-Length: {great}\r\n\r\n");
        refused(&request, StatusCode::ContentTooLarge);
    }
    let request = good(&format!(
        "{GET}Content-Length: 3\r\nContent-Length: 3\r\n\r\na\nb"
    ));
    assert_eq!(request.body, b"a\nb");
    let most = "x".repeat(HTTP_BODY_BYTES_MAX);
    let request = format!("{GET}Content-Length: {HTTP_BODY_BYTES_MAX}\r\n\r\n{most}");
    assert_eq!(good(&request).body, most.as_bytes());
}

#[test]
fn targets() {
    let target = |target: &str| {
        let request = good(&format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        (request.host, request.path, request.query)
    };
    let of = |host: &str, path: &str, query: Option<&str>| {
        (host.to_owned(), path.to_owned(), query.map(String::from))
    };
    assert_eq!(target("/"), of("h", "/", None));
    assert_eq!(target("/a%20b?c?d"), of("h", "/a%20b", Some("c?d")));
    assert_eq!(target("/?"), of("h", "/", Some("")));
    assert_eq!(target("//a"), of("h", "//a", None));
    assert_eq!(target("/a?b=http://c/"), of("h", "/a", Some("b=http://c/")));
    assert_eq!(target("http://g:1/a"), of("g:1", "/a", None));
    assert_eq!(target("HTTPS://g"), of("g", "/", None));
    assert_eq!(target("http://g?a"), of("g", "/", Some("a")));
    let options = good("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((&*options.path, options.method), ("*", Method::Options));
}

#[test]
fn fields() {
    let request = get("origin: http://a\r\nIf-None-Match: \"x\", W/\"y\"\r\n\
                       Authorization: bearer  word \r\n");
    assert_eq!(request.origin.as_deref(), Some("http://a"));
    assert_eq!(request.if_none_match.as_deref(), Some("\"x\", W/\"y\""));
    assert_eq!(request.bearer, Some(Secret::new("word")));
    for other in ["Basic word", "Bearer", "word"] {
        assert_eq!(get(&format!("Authorization: {other}\r\n")).bearer, None);
    }
    let twice = get("Origin: http://a\r\nOrigin: http://b\r\n");
    assert_eq!(twice.origin.as_deref(), Some("http://a, http://b"));
}

#[test]
fn a_connection_is_kept_or_closed_as_the_client_says() {
    let closes = |version: &str, connection: &str| {
        let connection = match connection {
            "" => String::new(),
            tokens => format!("Connection: {tokens}\r\n"),
        };
        let request = format!("GET / HTTP/{version}\r\nHost: a\r\n{connection}\r\n");
        good(&request).manner.closes()
    };
    assert!(!closes("1.1", ""));
    assert!(!closes("1.1", "keep-alive"));
    assert!(closes("1.1", "Close"));
    assert!(closes("1.1", "keep-alive, close"));
    assert!(closes("1.1", "x\r\nConnection: close"));
    assert!(closes("1.0", ""));
    assert!(closes("1.0", "close, keep-alive"));
    assert!(!closes("1.0", "Keep-Alive"));
}

#[test]
fn a_websocket_is_asked_for_by_get_in_1_1_with_both_tokens() {
    let asks = "Connection: keep-alive, Upgrade\r\nUpgrade: h2c, WebSocket\r\n\
        Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: ,c\r\n";
    let handshake = get(asks).handshake.expect("a handshake");
    assert_eq!(handshake.key.as_deref(), Some("k"));
    assert_eq!(handshake.version.as_deref(), Some("13"));
    assert_eq!(handshake.protocols, ["a", "b", "c"]);
    for (from, to) in [
        ("HTTP/1.1", "HTTP/1.0"),
        ("GET", "POST"),
        ("Upgrade\r\n", "Downgrade\r\n"),
        ("WebSocket\r\n", "socket\r\n"),
    ] {
        let request = format!("{GET}{asks}\r\n").replacen(from, to, 1);
        assert_eq!(good(&request).handshake, None, "{request:?}");
    }
}

#[test]
fn a_response_tells_its_length_and_what_becomes_of_the_connection() {
    let response = Response::text(StatusCode::Ok, "ok\n");
    let in_manner = |manner| written(|out| response.write(manner, Moment::default(), out));
    let kept = in_manner(get("").manner);
    assert!(kept.starts_with("HTTP/1.1 200 OK\r\n"), "{kept}");
    assert!(kept.ends_with("\r\n\r\nok\n"), "{kept}");
    for always in [
        "\r\nContent-Length: 3\r\n",
        "\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        "\r\nX-Content-Type-Options: nosniff\r\n",
        "\r\nContent-Security-Policy: default-src 'none'; ",
    ] {
        assert!(kept.contains(always), "{kept}");
    }
    assert!(!kept.contains("Connection:"), "{kept}");
    let closed = in_manner(get("").manner.closing());
    assert!(closed.contains("\r\nConnection: close\r\n"), "{closed}");
    let old = good("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let old = in_manner(old.manner);
    assert!(old.contains("\r\nConnection: keep-alive\r\n"), "{old}");
    let head = good("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = in_manner(head.manner);
    assert_eq!(head, kept.strip_suffix("ok\n").expect("a body"));
    let empty = written(|out| {
        Response::empty(StatusCode::NoContent).write(ResponseMode::CLOSING, Moment::default(), out)
    });
    assert!(!empty.contains("Content-Length"), "{empty}");
}

#[test]
fn a_refusal_has_the_form_that_its_request_can_read() {
    let answer = |request: &str| {
        let refusal = parse(request.as_bytes()).expect_err("it is refused");
        written(|out| refusal.write(Moment::default(), out))
    };
    let plain = answer("GET / HTTP/1.1\r\n\r\n");
    assert!(plain.ends_with("\r\n\r\nBad Request\n"), "{plain}");
    assert!(plain.contains("\r\nConnection: close\r\n"), "{plain}");
    let head = answer("HEAD / HTTP/1.1\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    let api = answer("POST /api/v1/rooms/a/messages HTTP/1.1\r\n\r\n");
    let (_, body) = api.split_once("\r\n\r\n").expect("a body");
    assert_eq!(body, "{\"type\":\"error\",\"message\":\"Bad Request\"}\n");
}

#[test]
fn events_that_refuse_are_responses_and_others_are_nothing() {
    for (code, head, more) in [
        (ErrorCode::JoinTimeout(10), "408 Request Timeout", ""),
        (ErrorCode::FrameTooLong(1), "431 Request Header Fields", ""),
        (ErrorCode::ServerFull, "503 Service", "\r\nRetry-After: "),
        (ErrorCode::AddressFull, "429 Too Many", "\r\nRetry-After: "),
        (ErrorCode::ConnectsTooFast, "429 ", "\r\nRetry-After: "),
        (ErrorCode::Flooding, "429 ", "\r\nRetry-After: "),
        (ErrorCode::AddressBanned(None), "403 Forbidden", ""),
        (ErrorCode::NotJson, "400 Bad Request", ""),
    ] {
        let sentence = code.to_string();
        let response = written(|out| render(&Event::Error(code), Moment::default(), out));
        let begin = format!("HTTP/1.1 {head}");
        assert!(response.starts_with(&begin), "{response}");
        assert!(response.contains("\r\nConnection: close\r\n"), "{response}");
        assert!(response.contains(more), "{response}");
        assert!(response.ends_with(&format!("\r\n\r\n{sentence}\n")));
    }
    assert_eq!(
        written(|out| render(&Event::Shutdown, Moment::default(), out)),
        ""
    );
}
