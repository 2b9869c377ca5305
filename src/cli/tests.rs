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
