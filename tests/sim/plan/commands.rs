//! How often which command is asked.

use crate::dice::Dice;

/// Those that there were when traces were recorded first, in their order then: what they draw stays as it is, whatever
/// commands come.
const FIRST: [&str; 47] = [
    "help",
    "nick",
    "pm",
    "me",
    "rooms",
    "join",
    "leave",
    "say",
    "list",
    "who",
    "topic",
    "ignore",
    "unignore",
    "away",
    "whois",
    "ping",
    "quit",
    "oper",
    "history",
    "search",
    "register",
    "login",
    "logout",
    "passwd",
    "unregister",
    "token",
    "kick",
    "mute",
    "unmute",
    "topiclock",
    "inviteonly",
    "invite",
    "key",
    "mod",
    "unmod",
    "export",
    "ban",
    "unban",
    "bans",
    "rename",
    "announce",
    "close",
    "lock",
    "unlock",
    "clients",
    "stats",
    "shutdown",
];

/// What the ledger does not follow: it takes a message for what it was when it was said.
pub(crate) const NOT_PLAYED: [&str; 4] = ["edit", "reply", "react", "unreact"];

/// Draws how often each command is asked; those that came later by those seeds alone that have them.
pub(super) fn draw(names: &[&str], is_later: bool, dice: &mut Dice) -> Vec<u32> {
    const WEIGHTS: [u32; 5] = [0, 0, 1, 1, 4];
    let first = FIRST.map(|_| *dice.pick(&WEIGHTS));
    let mut others = dice.clone();
    let weight = |name: &&str| match FIRST.iter().position(|first| first == name) {
        Some(at) => first[at],
        None if is_later && !NOT_PLAYED.contains(name) => *others.pick(&WEIGHTS),
        None => 0,
    };
    names.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_command_changes_nothing_about_the_others() {
        let drawn = |names: &[&str], is_later| {
            let mut dice = Dice::new(7);
            (draw(names, is_later, &mut dice), dice.next())
        };
        let (weights, next) = drawn(&FIRST, false);
        let names = [&["dance"], &FIRST[..]].concat();
        let (with_one_more, next_then) = drawn(&names, false);
        assert_eq!((with_one_more[0], &with_one_more[1..]), (0, &weights[..]));
        assert_eq!(next, next_then);
    }
}
