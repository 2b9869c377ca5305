use super::super::{Command, parse};
use super::*;
use std::ffi::OsString;

fn parsed(arguments: &str) -> Result<Command, String> {
    let words = ["hubbub", "load"].into_iter();
    parse(
        words
            .chain(arguments.split_whitespace())
            .map(OsString::from),
        Vec::new(),
    )
}

fn plan(arguments: &str) -> Plan {
    match parsed(arguments) {
        Ok(Command::Load(Load::Run(run))) => run.plan,
        other => panic!("{arguments}: {other:?}"),
    }
}

#[test]
fn as_it_is_written_most() {
    let plan = plan(
        "127.0.0.1:8080 --clients 5000 --senders 10 --rooms 1 --size 64 --window 32 --for 2m \
         --ramp 1000/s --source 127.0.0.2-127.0.0.9",
    );
    assert_eq!((plan.clients, plan.senders, plan.size), (5000, 10, 64));
    assert_eq!(plan.pace, Pace::Window(32));
    assert_eq!(plan.until, Until::Time(Duration::from_secs(120)));
    assert_eq!((plan.ramp_per_s, plan.sources.len()), (Some(1000.0), 8));
    assert_eq!(plan.tongue.name(), "text");
}

#[test]
fn a_scenario_sets_what_is_not_given() {
    let rooms = plan("h:1 --scenario rooms");
    assert_eq!(
        (rooms.clients, rooms.senders, rooms.rooms),
        (10_000, 1000, 1000)
    );
    assert_eq!(rooms.pace, Pace::Rate(2000.0));
    let fewer = plan("h:1 --scenario rooms --clients 100 --rate 50");
    assert_eq!((fewer.senders, fewer.rooms), (10, 10));
    assert_eq!(fewer.pace, Pace::Rate(50.0));
    assert_eq!(plan("h:1 --messages 7").until, Until::Messages(7));
    assert_eq!(plan("json://h:1").tongue.name(), "json");
    assert_eq!(plan("auto://h:1").tongue.name(), "text");
    assert_eq!(plan("line://h:1 --dialect anon").tongue.name(), "anon");
    assert_eq!(plan("json+padded://h:1").tongue.name(), "json");
}

#[test]
fn an_address_says_what_stands_between() {
    for (arguments, name, is_tls, websocket, shown) in [
        ("tls+text://h:1", "text", true, None, "tls://h:1"),
        ("tls+redis://h:1", "redis", true, None, "tls://h:1"),
        ("tls://h:1", "text", true, None, "tls://h:1"),
        (
            "tls+auto://h:1 --dialect json",
            "json",
            true,
            None,
            "tls://h:1",
        ),
        ("ws://h:1", "text", false, Some("/ws"), "ws://h:1/ws"),
        (
            "wss://h:1/ --dialect json",
            "json",
            true,
            Some("/"),
            "wss://h:1/",
        ),
        (
            "ws://[::1]:1/a/b",
            "text",
            false,
            Some("/a/b"),
            "ws://[::1]:1/a/b",
        ),
        ("json://h:1", "json", false, None, "h:1"),
    ] {
        let plan = plan(arguments);
        assert_eq!(
            (plan.tongue.name(), plan.is_tls),
            (name, is_tls),
            "{arguments}"
        );
        assert_eq!(plan.websocket.as_deref(), websocket, "{arguments}");
        assert_eq!(plan.address(), shown);
    }
}

#[test]
fn the_floor_needs_no_address() {
    for (arguments, expected) in [
        ("--floor", "127.0.0.1:0"),
        ("--floor 127.0.0.1:5", "127.0.0.1:5"),
    ] {
        let Ok(Command::Load(Load::Floor(address))) = parsed(arguments) else {
            panic!("{arguments}")
        };
        assert_eq!(address, expected);
    }
}

#[test]
fn wrong_arguments_are_one_line() {
    for wrong in [
        "",
        "nowhere",
        ":1",
        "h:99999",
        "morse://h:1",
        "h:1 --dialect morse",
        "tls+morse://h:1",
        "ws://h",
        "ws://h:1 --dialect irc",
        "h:1/ws",
        "h:1 --scenario nonsense",
        "h:1 --size 10",
        "h:1 --clients 0",
        "h:1 --clients 1",
        "h:1 --senders 2000",
        "h:1 --rate 0",
        "h:1 --rate 10 --window 10",
        "h:1 --window 0",
        "h:1 --for soon",
        "h:1 --for 1s --messages 5",
        "h:1 --source 127.0.0.9-127.0.0.2",
        "h:1 --source here",
        "h:1 --slow-percent 101",
        "h:1 --dialect line --rooms 2",
        "h:1 --listen 127.0.0.1:0",
        "h:1 h:2",
    ] {
        let Err(line) = parsed(wrong) else {
            panic!("{wrong:?} is wrong")
        };
        assert!(!line.is_empty() && !line.contains('\n'), "{line}");
    }
    assert!(
        parse(
            ["hubbub", "--console", "load", "h:1"].map(OsString::from),
            Vec::new()
        )
        .is_err()
    );
}
