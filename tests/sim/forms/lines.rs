//! Dialects of lines: text, anon, the console; and json, whose objects are lines.

use crate::told::{Heard, Told, Where, roster, sentence};

use super::{check_clean, shown};

/// No line end, so that the name stands behind it.
pub(super) const PROMPT: &[u8] = b"Enter your name: ";
const READ: usize = 1024;
/// What telnet is answered that waits for a mark: IAC WON'T TIMING-MARK (RFC 860).
const NO_TIMING_MARK: &[u8] = b"\xff\xfc\x06";

/// Takes whole lines.
pub(super) fn read(
    bytes: &mut Vec<u8>,
    told: &mut Vec<Told>,
    line: impl Fn(&str) -> Result<Told, String>,
) -> Result<(), String> {
    let mut start = 0;
    while let Some(len) = bytes[start..].iter().position(|&byte| byte == b'\n') {
        let frame = std::str::from_utf8(&bytes[start..start + len]);
        let frame = frame.map_err(|_| format!("not UTF-8: {}", shown(&bytes[start..])))?;
        told.push(line(frame)?);
        start += len + 1;
    }
    bytes.drain(..start);
    Ok(())
}

/// Takes whole lines, each of which fills whole reads.
pub(super) fn read_padded(
    bytes: &mut Vec<u8>,
    told: &mut Vec<Told>,
    line: impl Fn(&str) -> Result<Told, String>,
) -> Result<(), String> {
    read(bytes, told, |frame| match frame.len() + 1 {
        len if len.is_multiple_of(READ) => line(frame.trim_end_matches(' ')),
        len => Err(format!("a line of {len} bytes at a padded door")),
    })
}

/// Takes whole lines of the text dialect, and prompts, which have no line end.
pub(super) fn read_text(bytes: &mut Vec<u8>, told: &mut Vec<Told>) -> Result<(), String> {
    loop {
        if bytes.starts_with(NO_TIMING_MARK) {
            bytes.drain(..NO_TIMING_MARK.len());
        }
        let line_end = bytes.iter().position(|&byte| byte == b'\n');
        let line_len = line_end.unwrap_or(bytes.len());
        let prompt = bytes[..line_len]
            .windows(PROMPT.len())
            .position(|it| it == PROMPT);
        let prompt = prompt.filter(|&at| at == 0 || bytes.starts_with(b"[Server] "));
        let (len, consumed) = match (prompt, line_end) {
            (Some(at), _) => (at, at + PROMPT.len()),
            (None, Some(end)) => (end, end + 1),
            (None, None) => return Ok(()),
        };
        let frame = std::str::from_utf8(&bytes[..len]);
        let frame = frame.map_err(|_| format!("not UTF-8: {}", shown(bytes)))?;
        if len > 0 || prompt.is_none() {
            let is_asked = prompt.is_some();
            told.push(text(if is_asked { frame.trim_end() } else { frame })?);
        }
        bytes.drain(..consumed);
    }
}

/// A line of the text dialect.
pub(super) fn text(line: &str) -> Result<Told, String> {
    check_clean(line)?;
    if let Some(names) = line.strip_prefix("Current clients: ") {
        return Ok(roster(None, names));
    }
    if let Some(said) = line.strip_prefix("[Server] ") {
        return Ok(sentence(said));
    }
    if let Some(said) = line.strip_prefix("[Server → you] ") {
        return Ok(Told::Other(said.into()));
    }
    let (line, is_past) = match clock(line) {
        Some(rest) => (without_number(rest), true),
        None => (line, false),
    };
    message(line, Some(!is_past)).ok_or_else(|| format!("no line of text: {line:?}"))
}

/// What stands behind a message's number, where those are shown.
pub(super) fn without_number(line: &str) -> &str {
    let numbered = line
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "));
    match numbered {
        Some((number, rest)) if number.parse::<u64>().is_ok() => rest,
        _ => line,
    }
}

/// What stands behind `[HH:MM] `.
fn clock(line: &str) -> Option<&str> {
    let (time, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (hours, minutes) = time.split_once(':')?;
    let is_number = |digits: &str| digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    (is_number(hours) && is_number(minutes)).then_some(rest)
}

/// A message in one of the forms of lines.
pub(super) fn message(line: &str, is_live: Option<bool>) -> Option<Told> {
    let heard = |place, by: Option<&str>, text: &str| {
        let (by, text) = (by.map(Into::into), text.into());
        let id = None;
        Some(Told::Heard(Heard {
            place,
            by,
            id,
            is_live,
            text,
        }))
    };
    if let Some((nick, text)) = line.strip_prefix("* ").and_then(|did| did.split_once(' ')) {
        return heard(Where::Here, Some(nick), text);
    }
    let (label, text) = line.strip_prefix('[')?.split_once("] ")?;
    if let Some(nick) = label.strip_suffix(" → you") {
        return heard(Where::ToMe, Some(nick), text);
    }
    if let Some(nick) = label.strip_prefix("you → ") {
        return heard(Where::ByMe(nick.into()), None, text);
    }
    let Some(room) = label.strip_prefix('#') else {
        let is_name = !label.is_empty() && !label.contains(' ');
        return heard(Where::Here, Some(label), text).filter(|_| is_name);
    };
    match room.split_once(' ') {
        Some((room, nick)) => heard(Where::Room(room.into()), Some(nick), text),
        None => {
            let (nick, text) = text.strip_prefix("* ")?.split_once(' ')?;
            heard(Where::Room(room.into()), Some(nick), text)
        }
    }
}

/// A line of the anon dialect: an address as Python shows it, or what text has for the rest.
pub(super) fn anon(line: &str) -> Result<Told, String> {
    check_clean(line)?;
    let said = line
        .strip_prefix("('")
        .and_then(|rest| rest.split_once(") dice: "));
    let Some((address, text)) = said else {
        return text(line);
    };
    let is_address = address.split_once("', ").is_some_and(|(_, numbers)| {
        let mut numbers = numbers.split(", ");
        numbers.all(|number| number.parse::<u32>().is_ok())
    });
    if !is_address {
        return Err(format!("no address: {line:?}"));
    }
    let text = text.strip_prefix("* ").unwrap_or(text);
    Ok(Told::Heard(Heard {
        place: Where::Room("lobby".into()),
        by: None,
        id: None,
        is_live: Some(true),
        text: text.into(),
    }))
}

/// A line of the operator's console.
pub(super) fn console(line: &str) -> Result<Told, String> {
    check_clean(line)?;
    Ok(match line {
        "The server is shutting down." => Told::Farewell("shutdown"),
        _ => Told::Other(line.into()),
    })
}

/// A line of the console at a terminal: some of it is coloured.
pub(super) fn terminal(line: &str) -> Result<Told, String> {
    let mut plain = String::new();
    let mut parts = line.split("\x1b[");
    plain.extend(parts.next());
    for part in parts {
        let (colour, text) = part.split_once('m').unwrap_or((part, ""));
        let is_colour = match colour.as_bytes() {
            b"0" => true,
            [b'3' | b'9', digit] => (b'1'..=b'7').contains(digit),
            _ => false,
        };
        if !is_colour {
            return Err(format!("no colour: {line:?}"));
        }
        plain.push_str(text);
    }
    console(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(line: &str) -> (Where, Option<String>, Option<bool>, String) {
        match text(line) {
            Ok(Told::Heard(heard)) => (heard.place, heard.by, heard.is_live, heard.text),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn lines_of_text() {
        let room = || Where::Room("den".into());
        for (line, place, by, is_live, text) in [
            ("[Al] hi there", Where::Here, Some("Al"), true, "hi there"),
            ("[14:05] [Al] hi", Where::Here, Some("Al"), false, "hi"),
            ("[#den Al] hi", room(), Some("Al"), true, "hi"),
            ("[#den] * Al waves", room(), Some("Al"), true, "waves"),
            ("* Al waves", Where::Here, Some("Al"), true, "waves"),
            ("[Al → you] hi", Where::ToMe, Some("Al"), true, "hi"),
            ("[you → Bo] hi", Where::ByMe("Bo".into()), None, true, "hi"),
        ] {
            let by = by.map(String::from);
            assert_eq!(
                heard(line),
                (place, by, Some(is_live), text.into()),
                "{line}"
            );
        }
        for line in [
            "",
            "hi",
            "[two words] hi",
            "[Al]hi",
            "[Al] a\x1b[1m",
            "[Al] a\rb",
        ] {
            assert!(text(line).is_err(), "{line}");
        }
        let mut bytes = b"Enter your name: [Server] That name is taken. Enter your name: [Server] Al joined the chat!\n".to_vec();
        let mut told = Vec::new();
        assert_eq!(read_text(&mut bytes, &mut told), Ok(()));
        let refused = Told::Refused(crate::told::NAME_REFUSED.into());
        assert_eq!(told, [refused, Told::Joined("Al".into())]);
        assert!(bytes.is_empty());
    }

    #[test]
    fn lines_of_anon() {
        for line in [
            "('127.0.0.1', 4) dice: hi",
            "('::1', 4, 0, 0) dice: hi",
            "('unix', 3) dice: * hi",
        ] {
            assert!(
                matches!(anon(line), Ok(Told::Heard(heard)) if heard.text == "hi"),
                "{line}"
            );
        }
        assert!(anon("('127.0.0.1', x) dice: hi").is_err());
    }

    #[test]
    fn padded_lines_fill_reads() {
        let told = |len: usize| {
            let mut bytes = vec![b' '; len - 1];
            bytes.push(b'\n');
            let mut told = Vec::new();
            read_padded(&mut bytes, &mut told, |line| Ok(Told::Other(line.into())))
                .map(|()| told.len())
        };
        assert_eq!((told(1024), told(2048)), (Ok(1), Ok(1)));
        assert!(told(1023).is_err() && told(1025).is_err());
    }
}
