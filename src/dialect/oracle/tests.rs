use super::*;
use proptest::prelude::*;

#[test]
fn no_refusal_shows_a_password() {
    const WORD: &str = "hunter2";
    for (dialect, frame) in [
        (Dialect::Text, "/registr hunter2"),
        (Dialect::Text, "/ login bob hunter2"),
        (Dialect::Text, "/login hunter2"),
        (Dialect::Text, "/login a/b hunter2"),
        (Dialect::Text, "/passwd a b hunter2"),
        (Dialect::Text, "/token sell hunter2"),
        (Dialect::Colon, ":registr hunter2"),
        (Dialect::Colon, ":login hunter2"),
        (Dialect::Colon, ":group hunter2"),
        (Dialect::Console, ":passwd a b hunter2"),
        (Dialect::Json, r#"{"type":"registr","password":"hunter2"}"#),
        (
            Dialect::Json,
            r#"{"type":"register","password":["hunter2"]}"#,
        ),
        (Dialect::Json, r#"{"type":"token","action":"hunter2"}"#),
        (
            Dialect::Json,
            r#"{"type":"login","username":"a b","password":"hunter2"}"#,
        ),
        (
            Dialect::Json,
            r#"{"type":"join","username":"a b","password":"hunter2"}"#,
        ),
        (
            Dialect::Json,
            r#"{"type":"join","username":"a","password":"hunter2""#,
        ),
        (
            Dialect::Pynet,
            r#"{"type":"chat","data":"/login a/b hunter2"}"#,
        ),
    ] {
        for stage in [Stage::Joining, Stage::Joined] {
            let parsed = dialect.parse(frame.as_bytes(), stage);
            let Ask::Refused(code) = parsed.ask else {
                panic!("{frame}: {:?}", parsed.ask);
            };
            let mut out = Vec::new();
            dialect.render(&Event::Error(code), &View { stage, ..view() }, &mut out);
            let shown = String::from_utf8(out).expect("UTF-8");
            assert!(
                !shown.is_empty() && !shown.contains(WORD),
                "{frame}: {shown}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_text(text in ".*") {
        check(text.as_bytes());
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }

    #[test]
    fn texts_of_the_whole_world(
        text in "[a1é日एषم خ👩🔥❤🏴가葛ᠠ \n\r\t\u{b}\u{85}\u{2028}\u{94d}\u{200b}-\u{200f}\u{202e}\u{feff}\u{180b}-\u{180f}\u{fe00}\u{fe0f}\u{20e3}\u{115f}\u{1160}\u{3164}\u{e0001}\u{e0061}\u{e0062}\u{e007f}\u{e0100}]{0,40}",
    ) {
        check(text.as_bytes());
    }

    #[test]
    fn texts_that_look_like_requests(
        head in prop::sample::select(vec![
            "/", "//", "/history ", "/history since ", "/search ", "/register ", "/login bob ",
            "/passwd ", "/token new ", "{\"type\":\"register\",\"password\":\"",
            "{\"type\":\"join\",\"username\":\"bob\",\"password\":\"",
            "{\"type\":\"history\",\"since\":\"", "{\"type\":\"search\",\"query\":\"",
            "/pm bob ", "/say g ", "/join ", ":pm bob ", ":group send g ", ":group create ",
            "{\"type\":\"chat\",\"message\":\"", "{\"type\":\"join\",\"username\":\"",
            "{\"type\":\"chat\",\"data\":\"", "\u{ff}", "SERVER:",
        ]),
        text in "[ -~\t\r\n\u{0}\u{1b}é\u{202e}]{0,40}",
        tail in prop::sample::select(vec!["", "\"}", "\",\"room\":\"g\",\"id\":1}"]),
    ) {
        check(format!("{head}{text}{tail}").as_bytes());
    }
}
