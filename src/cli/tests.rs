mod elsewhere;
mod packaged;

use super::*;
use crate::limits::Limits;
use crate::reactor::Certificate;

fn parsed(arguments: &[&str]) -> Result<Command, String> {
    let arguments = ["hubbub"].iter().chain(arguments).map(OsString::from);
    parse(arguments, Vec::new())
}

#[test]
fn defaults_are_those_of_the_limits() {
    let Ok(Command::Serve(config)) = parsed(&[]) else {
        panic!("no arguments are fine")
    };
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.doors.len(), 1);
    assert_eq!(config.doors[0].to_string(), "auto://127.0.0.1:8080");
}

#[test]
fn every_flag_is_in_the_help() {
    let Ok(Command::Print(help)) = parsed(&["--help"]) else {
        panic!("help is printed")
    };
    for flag in [
        "--listen",
        "--max-message",
        "--sendq-total",
        "127.0.0.1:8080",
        "256MiB",
        "10,30",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
}

#[test]
fn every_option_is_read_again_or_waits_for_the_next_start() {
    let reload = include_str!("../reactor/reload.rs");
    let command = <ServerArguments as clap::CommandFactory>::command();
    for name in command
        .get_arguments()
        .filter_map(|argument| argument.get_long())
    {
        // Where options are, and what only a start can be asked.
        let is_of_start = matches!(
            name,
            "config" | "console" | "no-console" | "run-dir" | "take-over" | "tls-self-signed"
        );
        let is_named = [
            format!("\"{name}\""),
            format!("\"{name},"),
            format!(" {name}\""),
        ];
        let is_named = is_named.iter().any(|form| reload.contains(form.as_str()));
        assert!(is_named || is_of_start, "{name}");
    }
}

#[test]
fn every_number_has_bounds_that_are_told() {
    for (option, wrong, bounds) in [
        ("--max-message", "1", "4 to 1MiB"),
        ("--max-message", "3", "4 to 1MiB"),
        ("--max-message", "2MiB", "4 to 1MiB"),
        ("--max-frame", "1", "64 to 6MiB"),
        ("--presence-limit", "1000001", "1 to 1000000"),
        ("--max-connections", "99999999", "1 to 1048576"),
        ("--max-per-address", "99999999", "1 to 1048576"),
        ("--backlog", "65536", "1 to 65535"),
        ("--sniff-time", "1ms", "10ms to 60s"),
        ("--join-timeout", "1ms", "100ms to 3600s"),
        ("--handshake-timeout", "2h", "100ms to 3600s"),
        ("--ping-interval", "1ms", "100ms to 7200s"),
        ("--idle-timeout", "1ms", "100ms to 365d, or off"),
        ("--keepalive", "10h", "1s to 32767s, or off"),
        ("--sendq-soft", "1", "4096 to 1024MiB"),
        ("--sendq-hard", "1", "4096 to 1024MiB"),
        ("--sendq-time", "1ms", "100ms to 7200s"),
        ("--sendq-total", "1", "1MiB to 1024MiB"),
        ("--rate-limit", "0,1", "1 to 1000000"),
        ("--connect-rate", "1,1ms", "1s to 1d"),
        ("--replay", "1001", "0 to 1000"),
        ("--keep-age", "1ms", "1s to 3650d, or off"),
        ("--keep-count", "9999999999", "1 to 1000000000, or off"),
        ("--keep-bytes", "1", "64 to 1024MiB, or off"),
        ("--account-expiry", "1ms", "1s to 3650d, or off"),
        ("--grace", "30d", "1s to 1d"),
    ] {
        let line = parsed(&["--data", "x", option, wrong]).expect_err(option);
        assert!(line.contains(option) && line.contains(bounds), "{line}");
    }
}

#[test]
fn wrong_arguments_are_one_line() {
    for wrong in [
        &["--nonsense"][..],
        &["nonsense"],
        &["--listen", "nowhere"],
        &["--listen", "morse://1.2.3.4:5"],
        &["--listen"],
        &["--max-message", "0"],
        &["--max-message", "1e3"],
        &["--max-message", "99999999999999999999"],
        &["--max-message", "10000"],
        &["--join-timeout", "soon"],
        &["--join-timeout", "off"],
        &["--sendq-hard", "1KiB"],
        &["--max-connections", "0"],
        &["--presence-limit", "0"],
        &["--backlog", "-1"],
        &["--keepalive", "500ms"],
        &["--keepalive", "10h"],
        &["--listen", "127.0.0.1:1\n2"],
        &["--rate-limit", "10"],
        &["--rate-limit", "0,30"],
        &["--connect-rate", "30"],
        &["--listen", "tls+text://127.0.0.1:0"],
        &["--tls-cert", "cert.pem"],
        &["--tls-self-signed", "--tls-cert", "c", "--tls-key", "k"],
        &["--http-status", "json://127.0.0.1:0"],
        &["--console", "--no-console"],
    ] {
        let Err(line) = parsed(wrong) else {
            panic!("{wrong:?} is wrong")
        };
        assert!(!line.is_empty() && !line.contains('\n'), "{line}");
    }
}

#[test]
fn every_topic_and_command_has_help() {
    let Ok(Command::Print(list)) = parsed(&["help"]) else {
        panic!("the list of topics is printed")
    };
    for topic in help::TOPICS {
        assert!(list.contains(topic.about), "{}", topic.name);
        let page = parsed(&["help", topic.name]);
        assert!(
            matches!(page, Ok(Command::Print(text)) if text == topic.text && text.starts_with("# ")),
            "{}",
            topic.name
        );
    }
    assert!(
        matches!(parsed(&["help", "load"]), Ok(Command::Print(text)) if text.contains("--scenario"))
    );
    let wrong = parsed(&["help", "acounts"]).expect_err("no such topic");
    assert!(wrong.ends_with("did you mean accounts?"), "{wrong}");
    let wrong = parsed(&["help", "xyzzy"]).expect_err("no such topic");
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
}

#[test]
fn every_option_is_explained() {
    let options = help::TOPICS.iter().find(|topic| topic.name == "options");
    let options = options.expect("a topic").text;
    let command = <ServerArguments as clap::CommandFactory>::command();
    for name in command.get_arguments().filter_map(clap::Arg::get_long) {
        if !matches!(name, "help" | "version") {
            assert!(options.contains(&format!("`--{name}")), "--{name}");
        }
    }
}
