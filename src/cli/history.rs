//! The arguments of `hubbub history`.

use std::path::PathBuf;

use clap::Args;

use crate::dialect;
use crate::limits::PRINTED_MAX;
use crate::model::{
    Manner, Marks, Message, Moment, RoomName, SearchWords, SharedFile, shown_lines, terms,
};
use crate::reactor;

/// Prints what was said in rooms and is kept.
///
/// It works beside a running server, and on what a server left that is gone.
#[derive(Debug, Args)]
#[command(override_usage = "hubbub history [OPTIONS] --data DIR")]
pub(super) struct HistoryArguments {
    /// The directory that the server was given
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Only this room
    #[arg(long, value_name = "ROOM", value_parser = room)]
    room: Option<RoomName>,

    /// Only what was said since: a time ago (2h, 7d), a time of today (14:05), a day (2026-11-21) or
    /// a time of it (2026-11-21T14:00) by local clocks, or seconds since 1970
    #[arg(long, value_name = "T", value_parser = |text: &str| since(text, reactor::now()))]
    since: Option<u64>,

    /// Only what has all of these words: `word*` is the beginning of one, `"two words"` a phrase, in a room or in all
    #[arg(long, value_name = "WORDS", value_parser = search)]
    search: Option<SearchWords>,

    /// Only the last N of it
    #[arg(long, value_name = "N", value_parser = limit)]
    limit: Option<usize>,

    /// A JSON object a line
    #[arg(long)]
    json: bool,
}

/// What of history is to be printed, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HistoryCommand {
    /// Where it is kept.
    pub(super) dir: PathBuf,
    /// Only this room.
    pub(super) room: Option<RoomName>,
    /// Only what was said since, in milliseconds since 1970.
    pub(super) since_ms: u64,
    /// Only what has these words.
    search: Option<SearchWords>,
    /// Only the last of it; at least one.
    pub(super) limit: Option<usize>,
    /// As JSON lines?
    pub(super) is_json: bool,
}

pub(super) fn history(arguments: HistoryArguments) -> HistoryCommand {
    HistoryCommand {
        dir: arguments.data,
        room: arguments.room,
        since_ms: arguments.since.unwrap_or(0),
        search: arguments.search,
        limit: arguments.limit,
        is_json: arguments.json,
    }
}

impl HistoryCommand {
    /// Is it among what is asked for?
    pub(super) fn wants(&self, message: &Message) -> bool {
        let has = |words: &SearchWords| words.are_in(&terms(&message.text));
        self.search.as_ref().is_none_or(has)
    }
}

/// As `/search` has them.
fn search(text: &str) -> Result<SearchWords, String> {
    let words = SearchWords::parse(text);
    match words.is_empty() {
        true => Err("there is no word in it".into()),
        false => Ok(words),
    }
}

fn limit(text: &str) -> Result<usize, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| (1..=PRINTED_MAX).contains(number));
    number.ok_or(format!("it is 1 to {PRINTED_MAX}"))
}

/// A message as lines that are safe on a terminal: `2026-11-21 14:03:07 #lobby 123 [Alice] hi`.
pub(super) fn lines(room: &RoomName, message: &Message, now: Moment) -> String {
    let at = now.at(message.unix_ms);
    let ((h, m, s), date) = (at.local_hms(), dialect::date(at.local_day()));
    let time = format!("{date} {h:02}:{m:02}:{s:02}");
    let (id, nick) = (message.id, &message.nick);
    let whose = match message.manner {
        Manner::Said | Manner::Noticed | Manner::File | Manner::Happened(_) => format!("[{nick}]"),
        Manner::Acted => format!("* {nick}"),
    };
    let text = match SharedFile::of(message) {
        Some(file) => file.to_string(),
        None => message.text.clone(),
    };
    let text = match &message.marks {
        Some(marks) => marked(text.trim(), marks),
        None => text,
    };
    let lines = shown_lines(&text).map(|line| {
        let text = dialect::cleaned(line);
        format!("{time} #{room} {id} {whose} {text}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A text with whom it answers, that it was another, and who reacts to it.
fn marked(text: &str, marks: &Marks) -> String {
    let answered = marks.reply_to.as_ref().map(|to| format!("→ {}: ", to.nick));
    let edited = if marks.is_edited { "(edited) " } else { "" };
    let mut shown = format!("{}{edited}{text}", answered.unwrap_or_default());
    for (reaction, all) in &marks.reactions {
        let names: Vec<&str> = all.iter().map(|it| it.nick.as_str()).collect();
        shown += &format!(" ({} {})", reaction.as_str(), names.join(", "));
    }
    shown
}

fn room(text: &str) -> Result<RoomName, String> {
    RoomName::parse(text).ok_or("a room's name is 1 to 32 letters, digits, _ and -".into())
}

/// Milliseconds since 1970.
fn since(text: &str, now: Moment) -> Result<u64, String> {
    let wrong =
        "a time is as in 2h, 7d, 14:05, 2026-11-21, 2026-11-21T14:00, or seconds since 1970";
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: Option<u64> = text.parse().ok();
        return seconds
            .and_then(|s| s.checked_mul(1000))
            .ok_or(wrong.into());
    }
    // As the server reads it; the blank is what `line` shows.
    let word = text.replace(' ', "T");
    let since = dialect::since(&word).map_err(|_| wrong)?;
    Ok(now.ms_of(since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MessageId, Nick, SaidBy};

    #[test]
    fn times_are_ago_or_of_day_or_since_1970() {
        let now = Moment::default().at(1_800_000_000_000);
        let since = |text| since(text, now);
        assert_eq!(since("1700000000"), Ok(1_700_000_000_000));
        for (text, ago_ms) in [("2h", 7_200_000), ("7d", 604_800_000), ("30m", 1_800_000)] {
            assert_eq!(since(text), Ok(now.unix_ms - ago_ms), "{text}");
        }
        // It is 08:00.
        assert_eq!(since("07:30"), Ok(now.unix_ms - 1_800_000));
        let day = since("2026-11-21").expect("a day");
        assert_eq!(since("2026-11-21T14:00"), Ok(day + 14 * 3_600_000));
        assert_eq!(since("2026-11-21 00:00:07"), Ok(day + 7_000));
        for wrong in [
            "",
            "yesterday",
            "2026-13-01",
            "-1h",
            "99999999999999999999d",
            "9d9",
        ] {
            assert!(since(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_line_cannot_speak_to_the_terminal() {
        let message = |manner, text: &str| Message {
            id: MessageId(123),
            unix_ms: 0,
            nick: Nick::parse("Alice").expect("a nick"),
            origin: SaidBy::Unknown,
            manner,
            text: text.into(),
            tags: None,
            marks: None,
        };
        let shown = |manner, text| {
            let lines = lines(
                &RoomName::lobby(),
                &message(manner, text),
                Moment::default(),
            );
            lines.split_once(" #").map(|(_, rest)| rest.to_string())
        };
        assert_eq!(
            shown(Manner::Said, "hi\x1b[2J").as_deref(),
            Some("lobby 123 [Alice] hi[2J")
        );
        let of_lines = shown(
            Manner::Said,
            "hi\n2026-11-21 14:03:07 #lobby 122 [Bob] no\n",
        )
        .expect("lines");
        let (first, second) = of_lines.split_once('\n').expect("two");
        assert_eq!(first, "lobby 123 [Alice] hi");
        assert!(second.ends_with(" #lobby 123 [Alice] 2026-11-21 14:03:07 #lobby 122 [Bob] no"));
        assert_eq!(
            shown(Manner::Acted, "waves").as_deref(),
            Some("lobby 123 * Alice waves")
        );
    }
}
