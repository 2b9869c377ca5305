//! Entries of all kinds, as bytes spell them.

use super::AT_MS;
use crate::chat::room::LOBBY;
use crate::chat::{Actor, Chat, Entry, MetadataOf, Muting, TagTo, Words};
use crate::model::{
    AccountChange, AccountId, AccountRecord, Amendment, Ban, CameBy, Departure, EnterMode, Hashed,
    InviteCode, KeptMessage, Key, Manner, MaskKind, MemberRank, MessageId, ModeChange, Nick, Peer,
    Profile, ProfileChange, PutOut, ReactedBy, Reaction, RoomName, SaidBy, SaidIn, Secret,
};

const NICKS: [&str; 6] = ["alice", "bob", "Ωmega", "carol", "bot", "Guest-1"];
const ROOMS: [&str; 4] = ["lobby", "rust", "Straße", "c"];

fn nick(which: u8) -> Nick {
    Nick::parse(NICKS[usize::from(which) % NICKS.len()]).expect("a nick")
}

fn room_name(which: u8) -> RoomName {
    RoomName::parse(ROOMS[usize::from(which) % ROOMS.len()]).expect("a room name")
}

fn peer(which: u8) -> Peer {
    match which % 3 {
        0 => Peer::Unix(u32::from(which)),
        1 => Peer::Ip {
            ip: [10, 0, 0, which].into(),
            port: 40_000,
        },
        _ => Peer::Ip {
            ip: [0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(which)].into(),
            port: 443,
        },
    }
}

fn record(which: u8) -> AccountRecord {
    AccountRecord {
        id: AccountId(u64::from(which % 5)),
        nick: nick(which % 5),
        is_operator: which % 5 == 1,
        owner: (which % 5 == 4).then_some(AccountId(0)),
        generation: 0,
    }
}

fn change(which: u8, account: AccountRecord, flag: bool) -> AccountChange {
    let (account, seen) = (account.id, flag.then_some(account.generation));
    let digest = [which; 32];
    let hash = Hashed {
        phc: Secret::new("phc"),
        scram: None,
    };
    match which % 11 {
        0 | 1 => AccountChange::Register {
            nick: nick(which),
            hash,
            code: flag.then(|| Secret::new("code")),
        },
        2 => AccountChange::AddCode(InviteCode {
            code: "code".into(),
            uses: 1 + u32::from(which % 2),
            until_ms: None,
        }),
        3 => AccountChange::DropCode("code".into()),
        4 => AccountChange::SetPassword {
            account,
            seen,
            hash,
        },
        5 => AccountChange::Unregister { account, seen },
        6 => AccountChange::SetToken {
            owner: account,
            bot: nick(which),
            digest,
        },
        7 => AccountChange::DropBot {
            owner: AccountId(0),
            bot: account,
        },
        8 => AccountChange::AddSession { account, digest },
        9 => AccountChange::EndSession { account, digest },
        _ => AccountChange::SetRole {
            account,
            is_operator: flag,
        },
    }
}

fn mode(which: u8) -> ModeChange {
    let is_on = !which.is_multiple_of(3);
    match which % 11 {
        0 => ModeChange::TopicLock(is_on),
        1 => ModeChange::InviteOnly(is_on),
        2 => ModeChange::Key(is_on.then(|| "key".into())),
        3 => ModeChange::Moderated(is_on),
        4 => ModeChange::Secret(is_on),
        5 => ModeChange::Open(is_on),
        6 => ModeChange::NoCtcp(is_on),
        7 => ModeChange::Limit(is_on.then_some(40)),
        8 => ModeChange::Rank {
            name: nick(which / 11).to_string(),
            rank: MemberRank::Voice,
            is_given: is_on,
        },
        9 => ModeChange::Rank {
            name: nick(which / 11).to_string(),
            rank: MemberRank::Moderator,
            is_given: is_on,
        },
        _ => ModeChange::Mask {
            kind: [MaskKind::Ban, MaskKind::Exception, MaskKind::Invitation]
                [usize::from(which / 11) % 3],
            mask: format!("{}!*@*", nick(which / 11)),
            is_set: is_on,
        },
    }
}

/// What three bytes spell, about who and what there is.
pub(crate) fn entry(chat: &Chat, [what, who, which]: [u8; 3]) -> Entry {
    let nth_user = |nth: u8| {
        let users = chat.users.len().max(1);
        chat.users.iter().nth(usize::from(nth) % users)
    };
    let Some((user, own)) = nth_user(who) else {
        let (nick, peer, is_untold) = (nick(which), peer(who), which.is_multiple_of(2));
        return Entry::Join {
            nick,
            peer,
            is_untold,
        };
    };
    let other = nth_user(which).map_or(user, |(id, _)| id);
    let rooms = chat.rooms.len();
    let nth_room = chat.rooms.iter().nth(usize::from(which) % rooms);
    let room = nth_room.map_or(LOBBY, |(id, _)| id);
    let accounts = chat.directory.len().max(1);
    let account = chat.directory.iter().nth(usize::from(which) % accounts);
    let (by, account) = (
        Actor::User(user),
        account.map_or(record(which), |account| account.record.clone()),
    );
    let text = || "hi".to_string();
    let maybe = |on: bool| on.then(text);
    let flag = which.is_multiple_of(2);
    let until_ms = flag.then_some(AT_MS + 1000 * u64::from(which));
    let words = Words {
        manner: [Manner::Said, Manner::Acted, Manner::Noticed, Manner::File]
            [usize::from(which) % 4],
        text: text(),
        tags: None,
        reply_to: None,
    };
    let kept = || {
        Box::new(KeptMessage {
            id: MessageId(u64::from(which)),
            nick: nick(which),
            origin: SaidBy::User(user),
            place: SaidIn::User {
                to: nick(which),
                account: Some(account.id),
            },
            more: None,
        })
    };
    match what % 48 {
        0..=2 => Entry::Join {
            nick: nick(which),
            peer: peer(who),
            is_untold: who.is_multiple_of(4),
        },
        3 => Entry::JoinAs {
            account: account.credential(),
            nick: account.nick,
            peer: peer(who),
            is_multi: flag,
        },
        4 => Entry::ComeIn {
            nick: nick(which),
            peer: peer(who),
            profile: Box::new(Profile::new("al", "A L")),
            account: flag.then_some(account.credential()),
        },
        5 => Entry::NoteVia {
            user,
            via: [CameBy::Line, CameBy::Web, CameBy::Json][usize::from(which) % 3],
        },
        6 => Entry::Prove {
            user,
            account: account.credential(),
        },
        7 => Entry::Describe {
            user,
            change: match which % 4 {
                0 => ProfileChange::Realname(text()),
                1 => ProfileChange::Invisible(true),
                2 => ProfileChange::Bot(true),
                _ => ProfileChange::NoOperator,
            },
        },
        8 => Entry::MarkRead {
            user,
            key: Key::of(ROOMS[usize::from(which) % 4]),
            to_ms: u64::from(which),
        },
        9 => Entry::SetMetadata {
            by: user,
            of: match flag {
                true => MetadataOf::User(user),
                false => MetadataOf::Room(room),
            },
            key: format!("key{}", which % 4),
            value: maybe(!which.is_multiple_of(3)),
        },
        10 => Entry::LogIn {
            user,
            account: account.credential(),
            is_multi: flag,
        },
        11 => Entry::LogOut { user },
        12 => Entry::Show { user },
        13 => Entry::End {
            user,
            at: usize::from(which) % own.sessions(),
            why: Departure::Quit(None),
        },
        14 => Entry::PutOut {
            by,
            user: other,
            why: PutOut::TokenVoid,
        },
        15 => Entry::Rename {
            by: None,
            user,
            to: nick(which),
        },
        16 => Entry::EndGrace { user },
        17 => Entry::Oper { user },
        18 => Entry::Away {
            user,
            text: maybe(flag),
        },
        19 => Entry::Ignore {
            user,
            key: nick(which).key(),
        },
        20 => Entry::Unignore {
            user,
            key: nick(which).key(),
        },
        21 | 22 => Entry::Say {
            user,
            room,
            words,
            is_outside: flag,
            shown: Peer::NOWHERE,
        },
        23 => Entry::Private {
            from: user,
            to: other,
            words,
        },
        24 => Entry::Tag {
            user,
            to: match flag {
                true => TagTo::Room(room),
                false => TagTo::User(other),
            },
            words,
        },
        25 => Entry::Mail {
            from: user,
            to: account.id,
            text: text(),
            reply_to: None,
        },
        26 => Entry::Delete {
            by,
            message: kept(),
            reason: None,
        },
        27 => Entry::MailTold {
            to: account.id,
            through: chat.last_id,
        },
        28..=32 => Entry::Enter {
            user,
            room: room_name(which),
            mode: EnterMode::Focus,
            key: Some("key".into()),
            may_own: flag,
        },
        33 => Entry::Leave {
            user,
            room,
            words: None,
        },
        34 => Entry::Kick {
            by: user,
            room,
            user: other,
            reason: None,
        },
        35 => Entry::SetTopic {
            user,
            room,
            topic: maybe(flag),
        },
        36..=38 => Entry::SetModes {
            by,
            room,
            changes: vec![mode(which), mode(who)],
        },
        39 => Entry::Invite {
            by: user,
            room,
            guest: other,
        },
        40 => Entry::MuteIn {
            by: user,
            room,
            user: other,
            muting: match which % 3 {
                0 => Muting::Over,
                1 => Muting::ForGood,
                _ => Muting::Until(AT_MS + 1000 * u64::from(which)),
            },
        },
        41 => Entry::Appoint {
            by,
            room,
            account: account.id,
            moderates: flag,
        },
        42 => Entry::Mute {
            by: Actor::Console,
            user,
            until_ms,
        },
        43 => Entry::Unmute {
            by: Actor::Console,
            name: nick(which).to_string(),
        },
        44 => match Ban::new(&format!("{}x*", nick(which)), until_ms, maybe(flag)) {
            Some(ban) => Entry::Ban {
                by: Actor::Console,
                ban,
            },
            None => Entry::Show { user },
        },
        45 => Entry::Lock {
            by: Actor::Console,
            room: room_name(which),
            is_locked: flag,
        },
        46 => Entry::Registered {
            record: record(which),
            by: flag.then_some(user),
        },
        _ => match which % 6 {
            2 => Entry::Amend {
                user,
                message: kept(),
                amendment: Amendment::Edited(text()),
            },
            3 => Entry::Amend {
                user,
                message: kept(),
                amendment: Amendment::Reacted {
                    reaction: Reaction::parse("+1").expect("a reaction"),
                    by: ReactedBy {
                        origin: SaidBy::User(user),
                        nick: nick(which),
                    },
                    is_on: true,
                },
            },
            0 => Entry::AccountsGone {
                accounts: vec![account.id],
            },
            1 => Entry::Disown { room },
            4 => Entry::Account {
                change: Box::new(change(which, account, flag)),
                by: flag.then_some(user),
            },
            _ => Entry::Token {
                bot: record(4),
                digest: [which; 32],
            },
        },
    }
}
