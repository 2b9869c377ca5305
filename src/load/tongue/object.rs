//! JSON objects as servers write them: with or without blanks between their parts, in any order, one
//! behind the other. What a server of another hand writes is only looked through, never built.

use memchr::{memchr, memchr2};

/// How many bytes the first object of `bytes` takes, with what stands before it and the blanks that are
/// behind it; `None` where more are needed. What is no object is a line, or what came.
pub(super) fn len(bytes: &[u8]) -> Option<usize> {
    let start = blanks(bytes);
    if bytes[start..].first().is_some_and(|&byte| byte != b'{') {
        return Some(memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1));
    }
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match *bytes.get(at)? {
            b'"' => at = string_end(bytes, at)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at + blanks(&bytes[at..]));
        }
    }
}

/// The text of an object's member: what stands between its quotes, escapes as they are.
pub(super) fn text<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut at = blanks(object);
    if object.get(at) != Some(&b'{') {
        return None;
    }
    at += 1;
    loop {
        at += blanks(&object[at..]);
        let end = string_end(object, at)?;
        let key = &object[at + 1..end];
        at = end + 1 + blanks(&object[end + 1..]);
        if object.get(at) != Some(&b':') {
            return None;
        }
        at += 1 + blanks(&object[at + 1..]);
        let is_text = object.get(at) == Some(&b'"');
        if is_text && key == name.as_bytes() {
            return Some(&object[at + 1..string_end(object, at)?]);
        }
        at = match is_text {
            true => string_end(object, at)? + 1,
            false => value_end(object, at)?,
        };
        at += blanks(&object[at..]);
        if object.get(at) != Some(&b',') {
            return None;
        }
        at += 1;
    }
}

/// How many bytes at the beginning are nothing: blanks, line ends, and the NUL that some pad with.
fn blanks(bytes: &[u8]) -> usize {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0);
    let end = bytes.iter().position(|byte| !is_blank(byte));
    end.unwrap_or(bytes.len())
}

/// Where the string that begins at `start` has its other quote.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Where a value that is no string ends: before the comma or the bracket that is not its own.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match *bytes.get(at)? {
            b'"' => at = string_end(bytes, at)?,
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_ends_with_its_bracket_and_the_blanks_behind() {
        for (bytes, expected) in [
            (&br#"{"a":"}"}{"b":1}"#[..], Some(9)),
            (br#"{"a": {"b": [1, "]\"}"]}}  {"#, Some(27)),
            (b"{}\r\n{}", Some(4)),
            (b" \n{}", Some(4)),
            (br#"{"a":"b""#, None),
            (br#"{"a":"\"#, None),
            (b"", None),
            (b"  ", None),
            (b"hello", Some(5)),
            (b"hello\n{}", Some(6)),
            (b"}{", Some(2)),
        ] {
            assert_eq!(len(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_member_is_found_wherever_it_stands() {
        for object in [
            r#"{"type":"chat","message":"a\"b"}"#,
            r#"{"message": "a\"b", "type": "chat"}"#,
            r#"{ "users" : ["message", {"message":"no"}], "n" : -1.5e3 , "message" : "a\"b" }"#,
            "{\r\n  \"ok\": true,\n  \"message\": \"a\\\"b\"\n}",
        ] {
            assert_eq!(
                text(object.as_bytes(), "message"),
                Some(&br#"a\"b"#[..]),
                "{object}"
            );
            assert_eq!(text(object.as_bytes(), "else"), None);
        }
        for object in [
            "",
            "{",
            "{}",
            "[]",
            r#"{"message"}"#,
            r#"{"message":1}"#,
            r#"{"message":"a"#,
            r#"{"a":[1,"message":"b"}"#,
            "x",
        ] {
            assert_eq!(text(object.as_bytes(), "message"), None, "{object}");
        }
    }
}
