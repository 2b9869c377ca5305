//! REDACT: what was said is deleted (IRCv3 draft message-redaction).

use crate::model::{Deletion, ErrorCode, MessageId, Nick, Request, Target};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::names::{channel_of, room_of};
use super::numerics::word;
use super::work::{About, Todo, Work};
use super::write::{Listener, Source, Tags};

impl Dialogue {
    pub(super) fn redact(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let (target, msgid) = (line.params[0], line.params[1]);
        let within = match target.starts_with('#') {
            true => room_of(target)
                .filter(|room| scene.world.room(room).is_some())
                .map(Target::Room),
            false => Nick::parse(target).map(Target::User),
        };
        let about = About::Redact {
            target: target.into(),
            msgid: msgid.into(),
        };
        let Some(within) = within else {
            let code = ErrorCode::NoSuchNick(target.into());
            return self.redact_refused(&code, (target, msgid), scene, &mut work.out);
        };
        let Some(id) = msgid.parse().ok().map(MessageId) else {
            let code = ErrorCode::NoSuchMessage;
            return self.redact_refused(&code, (target, msgid), scene, &mut work.out);
        };
        let reason = line.params.get(2).filter(|reason| !reason.is_empty());
        let request = Request::Delete {
            within: Some(within),
            id: Some(id),
            reason: reason.map(|reason| String::from(*reason)),
        };
        work.todo.push_back(Todo::Ask(request, about));
    }

    pub(super) fn redact_refused(
        &self,
        code: &ErrorCode,
        (target, msgid): (&str, &str),
        scene: &Scene<'_>,
        out: &mut Vec<u8>,
    ) {
        let words = code.to_string();
        let (target, msgid) = (word(target), word(msgid));
        let params = match code {
            ErrorCode::NoSuchMessage => &["REDACT", "UNKNOWN_MSGID", target, msgid, &words][..],
            ErrorCode::NoSuchNick(_) | ErrorCode::NotInRoom(_) | ErrorCode::NoRoomToEnter(_) => {
                &["REDACT", "INVALID_TARGET", target, &words]
            }
            _ => &["REDACT", "REDACT_FORBIDDEN", target, msgid, &words],
        };
        self.fail(scene, params, out);
    }
}

impl Listener<'_> {
    /// Something that was said is to be forgotten: nothing is told of that to who does not know it.
    pub(super) fn redacted(&self, deletion: &Deletion, out: &mut Vec<u8>) {
        if !self.caps.has(Caps::MESSAGE_REDACTION) {
            return;
        }
        let target = match &deletion.target {
            Target::Room(room) => channel_of(room),
            // What the other said was to oneself.
            Target::User(nick) if *nick == deletion.author => self.nick.into(),
            Target::User(nick) => nick.to_string(),
        };
        let id = deletion.id.to_string();
        let reason = deletion.reason.as_deref();
        let params: Vec<&str> = [&*target, &id].into_iter().chain(reason).collect();
        match &deletion.by {
            Some(by) => self.by(by, "REDACT", &params, out),
            None => self.line(&Tags::default(), Source::Server, "REDACT", &params, out),
        }
    }
}
