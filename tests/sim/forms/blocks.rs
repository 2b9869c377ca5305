//! Dialects whose clients take what one read of 1,024 bytes brings for one message.

use serde_json::{Map, Value};

use crate::told::{Heard, Told, Where, roster, sentence};

use super::shown;

const READ: usize = 1024;
/// How much a block may end short of it for what must not be cut, a character or a colour.
const LONGEST_CUT: usize = 8;

/// Takes whole reads.
pub(super) fn read(
    bytes: &mut Vec<u8>,
    told: &mut Vec<Told>,
    block: impl Fn(&str, &mut Vec<Told>) -> Result<(), String>,
) -> Result<(), String> {
    let whole = bytes.len() / READ * READ;
    for frame in bytes[..whole].chunks(READ) {
        let text = std::str::from_utf8(frame)
            .map_err(|_| format!("half a character: {}", shown(frame)))?;
        block(text, told)?;
    }
    bytes.drain(..whole);
    Ok(())
}

/// One object in ASCII, filled up with blanks.
pub(super) fn pynet(block: &str, told: &mut Vec<Told>) -> Result<(), String> {
    let wrong = |why: &str| format!("{why}: {}", shown(block.as_bytes()));
    let object = block.trim_end_matches(' ');
    if !object.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(wrong("not printable ASCII"));
    }
    let object: Map<String, Value> =
        serde_json::from_str(object).map_err(|_| wrong("no object"))?;
    let text = |field: &str| object.get(field).and_then(Value::as_str).map(String::from);
    let data = text("data").ok_or_else(|| wrong("without data"))?;
    told.push(match text("type").as_deref() {
        Some("message") => Told::Heard(Heard {
            place: Where::Room("lobby".into()),
            by: Some(text("from").ok_or_else(|| wrong("from nobody"))?),
            id: None,
            is_live: None,
            text: data,
        }),
        Some("server_message") => pynet_sentence(&data),
        _ => return Err(wrong("of no known type")),
    });
    Ok(())
}

fn pynet_sentence(data: &str) -> Told {
    if let Some(names) = data.strip_prefix("Here: ") {
        return roster(None, names);
    }
    // What somebody does is of the lobby, where no room stands.
    match super::lines::message(super::lines::without_number(data), None) {
        Some(Told::Heard(heard)) if heard.place == Where::Here => {
            let place = Where::Room("lobby".into());
            Told::Heard(Heard { place, ..heard })
        }
        Some(told) => told,
        None => sentence(data),
    }
}

/// Text with colours, filled up with NUL.
pub(super) fn colon(block: &str, told: &mut Vec<Told>) -> Result<(), String> {
    let wrong = |why: &str| format!("{why}: {}", shown(block.as_bytes()));
    let text = block.trim_end_matches('\0');
    if text.is_empty() || text.contains('\0') {
        return Err(wrong("NUL within"));
    }
    let is_trap = text.contains("SERVER:")
        && text.contains("shutting down")
        && text.matches('\x1b').count() > 2;
    if is_trap {
        return Err(wrong("the client hangs up"));
    }
    for line in text.split_inclusive('\n') {
        // What fills a block may go on in the next, and end there as what was said before ends.
        let (line, is_live) = match line.strip_suffix('\n') {
            Some(line) => (line, Some(false)),
            None => (line, (text.len() < READ - LONGEST_CUT).then_some(true)),
        };
        told.push(colon_line(line, is_live).ok_or_else(|| wrong("no line of colon"))?);
    }
    Ok(())
}

/// A line with one colour, or the rest of one, or the end of a colour.
fn colon_line(line: &str, is_live: Option<bool>) -> Option<Told> {
    const RESET: &str = "\x1b[0m";
    let bare = line.strip_prefix(RESET).unwrap_or(line);
    let bare = super::lines::without_number(bare);
    let Some(coloured) = bare.strip_prefix("\x1b[9") else {
        // It goes on from the block before.
        let rest = bare.strip_suffix(RESET).unwrap_or(bare);
        let (before, behind) = rest.split_once(RESET).unwrap_or((rest, ""));
        super::check_clean(before)
            .and_then(|()| super::check_clean(behind))
            .ok()?;
        return Some(Told::Other(rest.into()));
    };
    let (colour, rest) = (coloured.chars().next()?, coloured.get(2..)?);
    let is_colour = "123456".contains(colour) && coloured[1..].starts_with('m');
    let (head, text) = rest.split_once(RESET).unwrap_or((rest, ""));
    super::check_clean(head)
        .and_then(|()| super::check_clean(text))
        .ok()?;
    is_colour.then(|| meaning(head, text, is_live))
}

/// What is told of groups.
fn group(head: &str, text: &str) -> Option<Told> {
    if let Some(room) = head
        .strip_prefix("Members of '")
        .and_then(|rest| rest.strip_suffix("':"))
    {
        let names = text
            .strip_prefix("- ")
            .map(|name| vec![name.into()])
            .unwrap_or_default();
        // The other names come in lines of their own.
        return Some(Told::Roster {
            room: Some(room.into()),
            names,
            is_cut: true,
        });
    }
    let named = |start: &str| head.strip_prefix(start).filter(|room| !room.contains(' '));
    if let Some(room) = head
        .strip_prefix("Group ")
        .and_then(|rest| rest.strip_suffix(" created"))
    {
        return Some(Told::Entered(room.into()));
    }
    if let Some(room) = named("Joined group ") {
        return Some(Told::Entered(room.into()));
    }
    if let Some(room) = named("Left group ") {
        return Some(Told::Left {
            room: room.into(),
            now_in: None,
        });
    }
    None
}

fn meaning(head: &str, text: &str, is_live: Option<bool>) -> Told {
    let heard = |place, by: Option<&str>, text: &str| {
        let by = by.map(String::from);
        Told::Heard(Heard {
            place,
            by,
            id: None,
            is_live,
            text: text.into(),
        })
    };
    if let Some(told) = group(head, text) {
        return told;
    }
    if head.starts_with("You have been kicked by server.") {
        return Told::Farewell("kicked");
    }
    let Some(said) = head
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
        .map(|(_, said)| said)
    else {
        return sentence(head);
    };
    if said == "SERVER: Server shutting down..." {
        return Told::Farewell("shutdown");
    }
    let (place, said) = match said
        .strip_prefix("GROUP(")
        .and_then(|rest| rest.split_once(") "))
    {
        Some((room, said)) => (Where::Room(room.into()), said),
        None => (Where::Room("lobby".into()), said),
    };
    if let Some(nick) = said.strip_prefix("* ") {
        return heard(place, Some(nick), text.strip_prefix(' ').unwrap_or(text));
    }
    match said.strip_suffix(" >> ").map(|who| who.split_once(" PM")) {
        Some(Some((nick, ""))) => heard(Where::ToMe, Some(nick), text),
        Some(Some((nick, to))) => heard(Where::ByMe(to.trim_start().into()), Some(nick), text),
        Some(None) => heard(place, said.strip_suffix(" >> "), text),
        None => Told::Other(said.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(text: &str, with: char) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(READ, with as u8);
        bytes
    }

    fn colon_told(text: &str) -> Result<Vec<Told>, String> {
        let mut told = Vec::new();
        read(&mut padded(text, '\0'), &mut told, colon).map(|()| told)
    }

    #[test]
    fn lines_of_colon() {
        let said = |room: &str, is_live| {
            vec![Told::Heard(Heard {
                place: Where::Room(room.into()),
                by: Some("al".into()),
                id: None,
                is_live: Some(is_live),
                text: "hi".into(),
            })]
        };
        let text = "\x1b[93m[23:48:31] al >> \x1b[0mhi";
        assert_eq!(colon_told(text), Ok(said("lobby", true)));
        assert_eq!(colon_told(&format!("{text}\n")), Ok(said("lobby", false)));
        let text = "\x1b[94m[23:48:31] GROUP(g) al >> \x1b[0mhi";
        assert_eq!(colon_told(text), Ok(said("g", true)));
        let text = "\x1b[92mGroup g created\x1b[0m";
        assert_eq!(colon_told(text), Ok(vec![Told::Entered("g".into())]));
        for text in ["", "\x1b[93ma\0b", "\x1b[31mred", "a\x07b"] {
            assert!(colon_told(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn objects_of_pynet() {
        let told = |text: &str| {
            let mut told = Vec::new();
            read(&mut padded(text, ' '), &mut told, pynet).map(|()| told)
        };
        assert!(told(r#"{"type":"message","from":"al","data":"hi"}"#).is_ok());
        let told_of_group = told(r##"{"type":"server_message","data":"[#den al] hi"}"##);
        assert!(
            matches!(&told_of_group.expect("an object")[0], Told::Heard(heard) if heard.place == Where::Room("den".into()))
        );
        for text in [
            r#"{"type":"message","data":"hi"}"#,
            "{}",
            "",
            r#"{"type":"server_message","data":"a"}x"#,
        ] {
            assert!(told(text).is_err(), "{text}");
        }
    }
}
