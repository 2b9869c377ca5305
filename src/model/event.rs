//! What a client is told.

use std::sync::Arc;

use super::{
    Absence, AccountId, Amended, Amendment, Challenge, Change, Departure, Done, ErrorCode,
    FileTicket, InviteCode, Kick, Manner, Message, MessageId, Nick, NodeEntry, Notice, Peer,
    PutOut, RoomName, RoomsFrom, Secret, Stats, Target,
};

/// Who did something: the name for most dialects, the address for anon and colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub nick: Nick,
    /// The address, as others may see it.
    pub peer: Peer,
}

/// A row of the list of rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEntry {
    /// Its name.
    pub name: RoomName,
    /// How many are in it.
    pub members: usize,
    /// What it is about, where the reader may know that.
    pub topic: Option<String>,
}

/// Who is in a room, or a page of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// Users in the order of their coming.
    pub nicks: Vec<Nick>,
    /// How many came after the last of these, and are not named.
    pub rest: usize,
    /// How many there are in all.
    pub members: usize,
}

#[cfg(test)]
impl Roster {
    /// These are all.
    pub fn of(nicks: Vec<Nick>) -> Roster {
        Roster {
            rest: 0,
            members: nicks.len(),
            nicks,
        }
    }
}

/// What was deleted, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Where it was said.
    pub target: Target,
    /// Which message.
    pub id: MessageId,
    /// Who had said it.
    pub author: Nick,
    /// Who deleted it; nobody, where that is the operator at the console.
    pub by: Option<Nick>,
    /// Is that its author?
    pub is_own: bool,
    /// Why.
    pub reason: Option<String>,
}

/// What is known of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhoisEntry {
    /// The name.
    pub nick: Nick,
    /// The address, where the reader may see it.
    pub peer: Option<Peer>,
    /// The rooms it is in, of those that the reader may know of.
    pub rooms: Vec<RoomName>,
    /// What it says about being away.
    pub away: Option<String>,
    /// Is it an operator?
    pub is_operator: bool,
}

/// A row of the list of bans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BanEntry {
    /// Who is kept out.
    pub mask: String,
    /// How long it lasts yet, in seconds; `None` is until it is undone.
    pub seconds_left: Option<u64>,
    /// Why.
    pub reason: Option<String>,
}

/// A row of the list of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientEntry {
    /// The name.
    pub nick: Nick,
    /// The real address.
    pub peer: Peer,
}

/// What of a history an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What one gets by entering a room, from its beginning.
    First,
    /// More of that.
    Next {
        /// When the last of the part before was said, in milliseconds since 1970.
        after_ms: u64,
    },
    /// The whole answer to a question.
    Answer {
        /// Is there more, on the side of the limit?
        has_more: bool,
        /// Are these the last of what was asked for, so that there is more before them, rather than the
        /// first?
        newest: bool,
        /// Does the reader want their numbers?
        shows_ids: bool,
        /// Was it about files that were shared only?
        only_files: bool,
    },
}

/// What a client is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// To the one who joined.
    Welcome {
        /// The name it goes by.
        nick: Nick,
        /// Who is in the lobby, the joiner too; empty where that was not wanted.
        users: Roster,
    },
    /// Somebody joined the server.
    Joined {
        /// Who.
        author: Author,
    },
    /// Somebody left the server.
    Left {
        /// Who.
        nick: Nick,
        /// How.
        why: Departure,
    },
    /// Somebody, maybe the reader, goes by another name.
    Renamed {
        /// The old name.
        from: Nick,
        /// The new one.
        to: Nick,
    },
    /// Somebody spoke, or did something, in a room.
    Said {
        /// Where the author is, as the reader may see it.
        peer: Peer,
        /// Where it was said.
        room: RoomName,
        /// Who said what.
        message: Arc<Message>,
    },
    /// Somebody spoke to the reader alone.
    Private {
        /// Who said what.
        message: Arc<Message>,
    },
    /// To the sender of a private message: it was delivered, or waits for an account that is not here.
    PrivateSent {
        /// To whom.
        to: Nick,
        /// The message; the operator's console sends none that has an id.
        id: Option<MessageId>,
        /// What.
        text: String,
        /// Why the other may not answer.
        away: Option<Absence>,
    },
    /// To the sender of a message that asked for it: it is kept, as surely as the server keeps anything.
    Kept {
        /// The message.
        id: MessageId,
        /// Where it was said.
        room: RoomName,
    },
    /// Something that was said is to be forgotten.
    Deleted(Box<Deletion>),
    /// Something that was said is another than before.
    Amended(Box<Amended>),
    /// What was said before.
    History {
        /// Where.
        target: Target,
        /// What, in the order of the ids.
        messages: Vec<Arc<Message>>,
        /// What of.
        part: Part,
    },
    /// What was found in the rooms that the reader is in.
    Found {
        /// Where and what, in the order of the ids.
        messages: Vec<(RoomName, Arc<Message>)>,
        /// Is there more, before these?
        has_more: bool,
    },
    /// Where the reader may send a file to.
    Ticket(Box<FileTicket>),
    /// A bot's token, told once.
    Token {
        /// The bot.
        bot: Nick,
        /// The token.
        token: Secret,
    },
    /// Who is in the room that the reader speaks in, in the order of their coming.
    Listing {
        /// The members.
        users: Roster,
    },
    /// Who is in a room, in the order of their coming.
    Members {
        /// The room.
        room: RoomName,
        /// The members.
        users: Roster,
    },
    /// Which rooms there are, the largest first.
    Rooms {
        /// The rooms.
        rooms: Vec<RoomEntry>,
        /// From where on there are more.
        more: Option<RoomsFrom>,
    },
    /// To the one who entered a room.
    EnteredRoom {
        /// The room.
        room: RoomName,
        /// Was it made by this?
        created: bool,
        /// Its members, the reader last; empty where it was entered to be only listened to
        /// ([`super::EnterMode::Existing`]).
        users: Roster,
        /// What it is about.
        topic: Option<String>,
    },
    /// To the one who left a room.
    LeftRoom {
        /// The room left.
        room: RoomName,
        /// The room spoken in now.
        now_in: RoomName,
    },
    /// Somebody else entered a room that the reader is in.
    RoomJoined {
        /// Who.
        nick: Nick,
        /// Where.
        room: RoomName,
    },
    /// Somebody else left a room that the reader is in, and stays on the server.
    RoomLeft {
        /// Who.
        nick: Nick,
        /// Where.
        room: RoomName,
        /// Who put it out, if it was not its own will.
        kick: Option<Kick>,
        /// Its last words there.
        words: Option<String>,
    },
    /// Who came into a room that the reader is in, and who left it, since that was told last: of many
    /// only how many.
    Presence {
        /// Where.
        room: RoomName,
        /// How many came. It and `left` are not both 0.
        joined: u32,
        /// How many left the room or the server.
        left: u32,
        /// How many are in the room now.
        members: usize,
    },
    /// What a room is about.
    Topic {
        /// The room.
        room: RoomName,
        /// The topic, if there is one.
        topic: Option<String>,
        /// Who set it just now.
        by: Option<Nick>,
        /// To who asked: who set it, and when, in milliseconds since 1970.
        set: Option<(String, u64)>,
        /// Where it was set just now: the place of that in the order of what was said.
        id: Option<MessageId>,
    },
    /// Something about a user or a room is different.
    Changed {
        /// What.
        change: Change,
        /// Is it told because the reader waits for that name, and not because they share a room?
        is_watched: bool,
    },
    /// To who proved to be an account.
    Proven {
        /// The account.
        account: AccountId,
        /// Its name.
        nick: Nick,
        /// With what the server proves in turn that it knew the password, where SCRAM asks for that.
        signature: Option<String>,
    },
    /// To who said the word that the server wants: it may come in.
    Unlocked,
    /// What is said to everybody who comes in, in lines.
    Motd {
        /// One or more.
        lines: Arc<[String]>,
    },
    /// The invitations that there are, or the one that was made.
    Codes {
        /// Each, and how many seconds it lasts.
        codes: Vec<(InviteCode, Option<u64>)>,
    },
    /// To who wants to prove to be an account: with what.
    Challenge(Challenge),
    /// What is known of somebody.
    Whois(Box<WhoisEntry>),
    /// I am here.
    Pong,
    /// What can be asked.
    Help {
        /// Is who asks an operator?
        is_operator: bool,
        /// Are there accounts?
        has_accounts: bool,
        /// One command only.
        command: Option<String>,
    },
    /// A request was carried out, which needs no more words than these.
    Done {
        /// What, where people want to be told.
        what: Option<Done>,
    },
    /// Something that concerns the reader, who did not ask for it.
    Notice(Notice),
    /// The operator speaks to all.
    Announced {
        /// What.
        text: String,
    },
    /// To all: the server stops.
    StopsIn {
        /// After how long.
        seconds: u64,
    },
    /// To all: the server is to be stopped, and others are reached there, where that is told.
    Moving(Vec<String>),
    /// Which servers are in the cluster; none where there is no cluster.
    Nodes(Vec<NodeEntry>),
    /// The operator speaks to the reader alone.
    OperatorTold {
        /// What.
        text: String,
    },
    /// The reader is put out of the server.
    Kicked {
        /// The name that it went by.
        nick: Nick,
        /// Why, and by whom.
        why: PutOut,
    },
    /// To the one who put somebody out of the server.
    KickedOut {
        /// Whom.
        nick: Nick,
    },
    /// To the one who gave somebody else another name.
    RenamedOther {
        /// The old name.
        from: Nick,
        /// The new one.
        to: Nick,
    },
    /// Who is kept out.
    Bans {
        /// The bans.
        bans: Vec<BanEntry>,
    },
    /// Who is connected.
    Clients {
        /// The clients in no order.
        clients: Vec<ClientEntry>,
    },
    /// How the server does.
    Stats(Stats),
    /// The server is stopping.
    Shutdown,
    /// A request, or the connection itself, was refused.
    Error(ErrorCode),
}

impl Event {
    /// The text of what somebody says just now, in bytes.
    pub fn text_bytes(&self) -> usize {
        match self {
            Event::Said { message, .. } | Event::Private { message } => message.text.len(),
            Event::Amended(amended) => match &amended.amendment {
                Amendment::Edited(text) => text.len(),
                Amendment::Reacted { .. } => 0,
            },
            _ => 0,
        }
    }

    /// Does it tell of files that were shared?
    pub(crate) fn has_files(&self) -> bool {
        let is_file = |message: &Message| message.manner == Manner::File;
        match self {
            Event::Said { message, .. } => is_file(message),
            Event::History { messages, .. } => messages.iter().any(|it| is_file(it)),
            Event::Found { messages, .. } => messages.iter().any(|(_, it)| is_file(it)),
            _ => false,
        }
    }

    /// Whose doing it is, where many are told of it; `None` where it is nobody's, or only one is told.
    pub fn actor(&self) -> Option<&Nick> {
        match self {
            Event::Said { message, .. } => Some(&message.nick),
            Event::Joined { author } => Some(&author.nick),
            Event::Renamed { to, .. } => Some(to),
            Event::RoomLeft {
                kick: Some(kick), ..
            } => Some(&kick.by),
            Event::RoomJoined { nick, .. }
            | Event::RoomLeft { nick, .. }
            | Event::Left { nick, .. } => Some(nick),
            Event::Topic { by, .. } => by.as_ref(),
            Event::Deleted(deletion) => deletion.by.as_ref(),
            Event::Amended(amended) => Some(&amended.by),
            Event::Changed { change, .. } => change.actor(),
            _ => None,
        }
    }
}
