//! What the log says that operators ask.

use crate::model::{Request, RoomName};

/// An operator's request as the command that asks it, and the room where it names one; `None` for what
/// anybody may ask.
pub(super) fn in_words(request: &Request) -> Option<String> {
    let for_time = |seconds: &Option<u64>| seconds.map(|s| format!("{s}s"));
    let in_room = |room: &Option<RoomName>| room.as_ref().map(|room| format!("in #{room}"));
    let given = |word: &str| Some(word.to_owned());
    let words = match request {
        Request::Kick { room, name, reason } => {
            [given("/kick"), given(name), reason.clone(), in_room(room)]
        }
        Request::Mute {
            room,
            name,
            seconds,
        } => [
            given("/mute"),
            given(name),
            for_time(seconds),
            in_room(room),
        ],
        Request::Unmute { room, name } => [given("/unmute"), given(name), in_room(room), None],
        Request::Ban {
            mask,
            seconds,
            reason,
        } => [
            given("/ban"),
            given(mask),
            for_time(seconds),
            reason.clone(),
        ],
        Request::Unban { mask } => [given("/unban"), given(mask), None, None],
        Request::Rename { from, to } => [given("/rename"), given(from), given(to), None],
        Request::Announce { text } => [given("/announce"), given(text), None, None],
        Request::CloseRoom { room } => [given("/close"), given(room.as_str()), None, None],
        Request::LockRoom { room, locked } => {
            let command = if *locked { "/lock" } else { "/unlock" };
            [given(command), given(room.as_str()), None, None]
        }
        Request::Delete {
            id: Some(id),
            reason,
            ..
        } => [given("/delete"), Some(id.to_string()), reason.clone(), None],
        Request::Drain { node } => [given("/drain"), given(node), None, None],
        Request::Shutdown { seconds } => {
            [given("/shutdown"), Some(seconds.to_string()), None, None]
        }
        _ => return None,
    };
    Some(words.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_as_they_are_typed() {
        let room = RoomName::parse("den");
        let (name, reason) = (String::from("bob"), Some(String::from("too  loud")));
        for (request, words) in [
            (
                Request::Kick {
                    room: None,
                    name: name.clone(),
                    reason: reason.clone(),
                },
                "/kick bob too  loud",
            ),
            (
                Request::Mute {
                    room: room.clone(),
                    name: name.clone(),
                    seconds: Some(600),
                },
                "/mute bob 600s in #den",
            ),
            (Request::Unmute { room, name }, "/unmute bob in #den"),
            (
                Request::Ban {
                    mask: "10.0.0.0/8".into(),
                    seconds: None,
                    reason,
                },
                "/ban 10.0.0.0/8 too  loud",
            ),
            (Request::Shutdown { seconds: 30 }, "/shutdown 30"),
        ] {
            assert_eq!(in_words(&request).as_deref(), Some(words));
        }
        assert_eq!(in_words(&Request::Ping), None);
    }
}
