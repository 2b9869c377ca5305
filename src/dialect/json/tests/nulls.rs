//! `null` is as if the field were not there, whatever the field.

use super::*;
use crate::dialect::pynet;

/// A request of each type, with no more than it must have.
const LEAST: [&str; 57] = [
    r#"{"type":"edit","message":"x"}"#,
    r#"{"type":"react","message_id":7,"reaction":"+1"}"#,
    r#"{"type":"chat","message":"x"}"#,
    r#"{"type":"me","message":"x"}"#,
    r#"{"type":"pm","to":"bob","message":"x"}"#,
    r#"{"type":"delete"}"#,
    r#"{"type":"nick","username":"bob"}"#,
    r#"{"type":"users"}"#,
    r#"{"type":"rooms"}"#,
    r#"{"type":"join_room","room":"den"}"#,
    r#"{"type":"leave_room","room":"den"}"#,
    r#"{"type":"topic"}"#,
    r#"{"type":"ignore","username":"bob"}"#,
    r#"{"type":"unignore","username":"bob"}"#,
    r#"{"type":"away"}"#,
    r#"{"type":"whois","username":"bob"}"#,
    r#"{"type":"ping"}"#,
    r#"{"type":"help"}"#,
    r#"{"type":"quit"}"#,
    r#"{"type":"oper","password":"x"}"#,
    r#"{"type":"register","password":"x"}"#,
    r#"{"type":"login","username":"bob","password":"x"}"#,
    r#"{"type":"logout"}"#,
    r#"{"type":"passwd","password":"x"}"#,
    r#"{"type":"unregister"}"#,
    r#"{"type":"token","action":"new","name":"bot"}"#,
    r#"{"type":"history"}"#,
    r#"{"type":"search","query":"x"}"#,
    r#"{"type":"files","room":"den"}"#,
    r#"{"type":"upload","room":"den","name":"x.txt"}"#,
    r#"{"type":"export","room":"den"}"#,
    r#"{"type":"kick","username":"bob"}"#,
    r#"{"type":"mute","username":"bob"}"#,
    r#"{"type":"unmute","username":"bob"}"#,
    r#"{"type":"topic_lock","on":true}"#,
    r#"{"type":"key"}"#,
    r#"{"type":"room_limit"}"#,
    r#"{"type":"voice","username":"bob","on":true}"#,
    r#"{"type":"room_mask","list":"ban","mask":"x","on":true}"#,
    r#"{"type":"moderator","username":"bob","on":true}"#,
    r#"{"type":"ban","mask":"x"}"#,
    r#"{"type":"rename","username":"bob","to":"eve"}"#,
    r#"{"type":"announce","message":"x"}"#,
    r#"{"type":"close_room","room":"den"}"#,
    r#"{"type":"lock_room","room":"den","locked":true}"#,
    r#"{"type":"shutdown"}"#,
    r#"{"type":"invite_only","on":true}"#,
    r#"{"type":"moderated","on":true}"#,
    r#"{"type":"inside","on":true}"#,
    r#"{"type":"no_ctcp","on":true}"#,
    r#"{"type":"secret","on":true}"#,
    r#"{"type":"invite","username":"bob"}"#,
    r#"{"type":"unban","mask":"x"}"#,
    r#"{"type":"bans"}"#,
    r#"{"type":"clients"}"#,
    r#"{"type":"stats"}"#,
    r#"{"type":"invite_code","action":"new"}"#,
];

/// What stands between quotation marks in a line of source.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

#[test]
fn null_is_as_if_no_field_were_there() {
    let source = include_str!("../request.rs");
    let of_fields = include_str!("../fields.rs");
    let is_arm = |line: &&str| line.starts_with("        \"") && line.contains(" => ");
    let mut functions = source.split("\nfn ");
    let of_requests = functions.find(|it| it.contains("        \"ping\" => "));
    let types = of_requests
        .expect("a function that reads requests")
        .lines()
        .filter(is_arm);
    let types = types.flat_map(|line| quoted(line.split(" => ").next().unwrap_or_default()));
    let types = types.filter(|&kind| kind != "join");
    let asks = |frame: String| parse(frame.as_bytes(), Stage::Joined);
    for kind in types {
        let least = LEAST
            .iter()
            .find(|least| quoted(least).nth(1) == Some(kind));
        assert!(least.is_some(), "no least request of the type {kind}");
    }
    // Whatever a field is called by the code, and more words than that.
    let words: Vec<&str> = [source, of_fields]
        .iter()
        .flat_map(|text| text.lines().flat_map(quoted))
        .chain(["id"])
        .collect();
    for least in LEAST {
        let wanted = asks(least.into());
        assert!(matches!(wanted.ask, Ask::Request(_)), "{least}: {wanted:?}");
        for word in words
            .iter()
            .filter(|word| !least.contains(&format!("\"{word}\":")))
        {
            let with = format!("{},\"{word}\":null}}", &least[..least.len() - 1]);
            assert_eq!(asks(with.clone()), wanted, "{with}");
            let padded = |frame: &str| parse_padded(frame.as_bytes(), Stage::Joined);
            assert_eq!(padded(&with), padded(least), "{with}");
        }
    }
    for (name, is_pynet) in [("username", false), ("data", true)] {
        let least = format!("{{\"type\":\"join\",\"{name}\":\"alice\"");
        let asks = |rest: &str| {
            let frame = format!("{least}{rest}}}");
            match is_pynet {
                true => pynet::parse(frame.as_bytes(), Stage::Joining),
                false => parse(frame.as_bytes(), Stage::Joining).ask,
            }
        };
        for word in words.iter().filter(|&&word| word != name && word != "type") {
            assert_eq!(asks(&format!(",\"{word}\":null")), asks(""), "{word}");
        }
    }
}
