use std::fs;

use super::*;
use crate::cli::example::example;

/// What is read where a file of options says `text`, or the error without the file's path.
fn with_file(text: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Result<Config, String> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("hubbub-options-{}-{number}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::write(&path, text).expect("a file can be written");
    let own = ["hubbub".into(), "--config".into(), path.clone().into()];
    let arguments = own.into_iter().chain(arguments.iter().map(OsString::from));
    let variables = variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    let command = parse(arguments, variables.collect());
    let _ = fs::remove_file(&path);
    match command {
        Ok(Command::Serve(config)) => Ok(*config),
        Ok(other) => Err(format!("{other:?}")),
        Err(line) => Err(line.replace(&path.display().to_string(), "FILE")),
    }
}

fn doors(config: &Config) -> Vec<String> {
    config.doors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_has_options_under_their_names() {
    let config = with_file(
        "# ours\nlisten = [\"text://127.0.0.1:1\", \"irc://127.0.0.1:2\"]\nmax-message = 1_000\n\
         join-timeout = \"5s\"\ncloak = true\nws-echo = false\nrate-limit = \"off\"\n",
        &[],
        &[],
    )
    .expect("it is good");
    assert_eq!(doors(&config), ["text://127.0.0.1:1", "irc://127.0.0.1:2"]);
    assert_eq!(config.limits.message_bytes, 1000);
    assert_eq!(config.limits.join_ms, 5000);
    assert_eq!(config.limits.rate, None);
    assert_eq!(config.addresses, crate::hub::Addresses::None);
    assert!(!config.has_ws_echo);
}

#[test]
fn an_argument_goes_before_a_variable_and_that_before_the_file() {
    let text = "listen = \"text://127.0.0.1:1\"\nmax-message = 100\nreplay = 3\n";
    let variables = [
        ("HUBBUB_LISTEN", "text://127.0.0.1:3 text://127.0.0.1:4"),
        ("HUBBUB_MAX_MESSAGE", "200"),
        ("HUBBUB_WS_ECHO", "true"),
        ("HUBBUB_NOT_OURS", "whatever"),
        ("PATH", "/bin"),
    ];
    let config = with_file(text, &variables, &["--listen=text://127.0.0.1:2"]);
    let config = config.expect("it is good");
    assert_eq!(doors(&config), ["text://127.0.0.1:2"]);
    assert_eq!(config.limits.message_bytes, 200);
    assert_eq!(config.replay, 3);
    assert!(config.has_ws_echo);
    let config = with_file(text, &variables, &[]).expect("it is good");
    assert_eq!(doors(&config), ["text://127.0.0.1:3", "text://127.0.0.1:4"]);
}

#[test]
fn what_an_argument_excludes_does_not_hold() {
    let text =
        "console = true\nshow-addresses = true\ntls-cert = \"/a.pem\"\ntls-key = \"/b.pem\"\n";
    let arguments = ["--no-console", "--cloak", "--tls-self-signed"];
    let config = with_file(text, &[], &arguments).expect("it is good");
    assert!(!config.has_console);
    assert_eq!(config.addresses, crate::hub::Addresses::None);
    assert_eq!(
        config.certificate,
        Some(Certificate::SelfSigned { dir: None })
    );
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, line) in [
        (
            "\nlissten = \"1.2.3.4:5\"\n",
            "FILE:2: no option is called lissten; did you mean listen?",
        ),
        ("zzz = 1", "FILE:1: no option is called zzz"),
        (
            "config = \"other.toml\"",
            "FILE:1: no option is called config",
        ),
        (
            "[limits]\nreplay = 1",
            "FILE:1: limits: options stand in no table",
        ),
        (
            "cloak = true\nreplay = [1]",
            "FILE:2: replay: array is no value",
        ),
        ("replay = 1.5", "FILE:1: replay: float is no value"),
        ("listen = [[\"a\"]]", "FILE:1: listen: a list of strings"),
    ] {
        assert_eq!(with_file(text, &[], &[]).err().as_deref(), Some(line));
    }
    for (text, start) in [
        ("replay = 5\nreplay = 6\n", "FILE:2: "),
        ("replay = \n", "FILE:1: "),
        (
            "\n\nreplay = \"many\"\n",
            "FILE:3: invalid value 'many' for '--replay <N>'",
        ),
        (
            "cloak = \"yes\"\n",
            "FILE:1: unexpected value 'yes' for '--cloak'",
        ),
        ("max-message = 0\n", "FILE:1: invalid value '0'"),
    ] {
        let line = with_file(text, &[], &[]).err().unwrap_or_default();
        assert!(line.starts_with(start), "{text}: {line}");
        assert!(!line.contains('\n'), "{line}");
    }
    let line = with_file("", &[("HUBBUB_REPLAY", "many")], &[]).err();
    let line = line.unwrap_or_default();
    assert!(
        line.starts_with("HUBBUB_REPLAY: invalid value 'many'"),
        "{line}"
    );
    assert!(
        parsed(&["--config", "/nowhere/hubbub.toml"]).is_err_and(|line| {
            line == "cannot read /nowhere/hubbub.toml: No such file or directory (os error 2)"
        })
    );
}

#[test]
fn an_option_with_a_slip_is_told_the_nearest() {
    let line = parsed(&["--lisen", "127.0.0.1:0"])
        .err()
        .unwrap_or_default();
    assert!(line.ends_with("; did you mean --listen?"), "{line}");
}

#[test]
fn the_example_is_good_as_it_is_and_with_every_default() {
    let config = with_file(&example(), &[], &[]).expect("all of it is commented out");
    assert_eq!(config.limits, Limits::default());
    let command = <server::ServerArguments as clap::CommandFactory>::command();
    let named: Vec<&str> = command
        .get_arguments()
        .filter(|argument| argument.get_default_values().is_empty())
        .filter_map(clap::Arg::get_long)
        .collect();
    let lines = example();
    let defaults = lines.lines().filter_map(|line| {
        let option = line.strip_prefix('#')?;
        let name = option.split_once(" = ")?.0;
        (!named.contains(&name)).then(|| format!("{option}\n"))
    });
    let text: String = defaults.chain(["data = \"/tmp\"\n".into()]).collect();
    assert!(text.contains("max-message = 4096"), "{text}");
    assert!(text.contains("sendq-hard = \"1MiB\""), "{text}");
    let config = with_file(&text, &[], &[]).expect("defaults are good values");
    assert_eq!(
        config.limits,
        Limits {
            rate_on_loopback: false,
            ..Limits::default()
        }
    );
}
