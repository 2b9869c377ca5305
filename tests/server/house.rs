//! Rules of the source itself: who may name whom, what is pure, how long and how named things are.

mod calls;
mod circles;
mod form;
mod source;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use source::{Source, product, root, sources};

/// What is tested, fuzzed and simulated without a socket.
const PURE: [&str; 10] = [
    "frame", "dialect", "hub", "session", "log", "chat", "web", "model", "buffer", "limits",
];

/// All that the pure may name of a network.
const ADDRESSES: [&str; 4] = ["IpAddr", "Ipv4Addr", "Ipv6Addr", "SocketAddr"];

/// Sockets, clocks and randomness.
const IMPURE: [&str; 13] = [
    "mio",
    "socket2",
    "rustix",
    "signal_hook",
    "Instant",
    "SystemTime",
    "chrono",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "SystemRandom",
];

#[track_caller]
fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Every word of what a build has of a file, with the one before it where `::` stands between them.
fn words(source: &Source) -> Vec<(String, String)> {
    fn push(tokens: TokenStream, words: &mut Vec<(String, String)>) {
        let (mut last, mut colons) = (String::new(), 0);
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    let before = if colons == 2 { last } else { String::new() };
                    last = word.to_string();
                    words.push((before, last.clone()));
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    // `use a::{b, c}` names a::b and a::c.
                    let start = words.len();
                    push(group.stream(), words);
                    if colons == 2 {
                        for word in &mut words[start..] {
                            if word.0.is_empty() {
                                word.0.clone_from(&last);
                            }
                        }
                    }
                    colons = 0;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => colons = 0,
            }
        }
    }
    let mut found = Vec::new();
    for item in &source.items {
        push(item.to_token_stream(), &mut found);
    }
    found
}

/// Which rooms each room may name, as the map in src/lib.rs has it.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let map = std::fs::read_to_string(root().join("src/lib.rs")).expect("UTF-8");
    let map = map.replace("\n//!", " ");
    let (_, map) = map
        .split_once("Dependencies run one way:")
        .expect("the arrows");
    let mut arrows = BTreeMap::<String, BTreeSet<String>>::new();
    for arrow in map.split('`').filter(|part| part.contains('→')) {
        let (from, to) = arrow.split_once('→').expect("an arrow");
        let to = to.split(',').map(|to| to.trim().to_owned());
        arrows.entry(from.trim().into()).or_default().extend(to);
    }
    arrows
}

#[test]
fn rooms_name_each_other_one_way_as_the_map_has_it() {
    let arrows = arrows();
    let rooms: BTreeSet<String> = product().iter().map(Source::room).collect();
    let mut found = Vec::new();
    for source in product() {
        let room = source.room();
        for (before, word) in words(&source) {
            let is_other = before == "crate" && word != room && rooms.contains(&word);
            let is_allowed =
                word == "limits" || arrows.get(&room).is_some_and(|to| to.contains(&word));
            // The crate's own file joins them all.
            if is_other && !is_allowed && !room.is_empty() {
                found.push(format!("src/{} names {word}", source.name));
            }
        }
    }
    found.dedup();
    assert_none(found);
}

#[test]
fn the_map_has_no_circle() {
    let arrows = arrows();
    for from in arrows.keys() {
        let (mut reached, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(room) = next.pop() {
            for to in arrows.get(&room).into_iter().flatten() {
                if reached.insert(to.clone()) {
                    next.push(to.clone());
                }
            }
        }
        assert!(!reached.contains(from), "{from} is reached from itself");
    }
}

#[test]
fn what_is_pure_names_neither_sockets_nor_clocks_nor_chance() {
    let mut found = Vec::new();
    for source in product() {
        if !PURE.contains(&source.room().as_str()) {
            continue;
        }
        for (before, word) in words(&source) {
            let is_network = before == "net" && !ADDRESSES.contains(&word.as_str());
            if is_network || IMPURE.contains(&word.as_str()) {
                found.push(format!("src/{} names {before}::{word}", source.name));
            }
        }
    }
    assert_none(found);
}

/// The reactor can be put onto another system than this machine.
#[test]
fn the_system_is_reached_through_its_seam() {
    let of_system = [
        "mio",
        "socket2",
        "rustix",
        "signal_hook",
        "Instant",
        "SystemTime",
    ];
    let of_std = ["net", "thread"];
    let of_reactor = ["chrono", "fs", "os"];
    let mut found = Vec::new();
    for source in product() {
        let room = source.room();
        if room != "reactor" && room != "layer" {
            continue;
        }
        for (before, word) in words(&source) {
            let is_std = before == "std" || before == "core";
            let word = word.as_str();
            let is_system = of_system.contains(&word) || is_std && of_std.contains(&word);
            let is_kept_out =
                room == "reactor" && of_reactor.contains(&word) && (is_std || word == "chrono");
            if is_system || is_kept_out {
                found.push(format!("src/{} names {before}::{word}", source.name));
            }
        }
    }
    assert_none(found);
}

#[test]
fn the_reactor_names_no_dialect() {
    let mut found = Vec::new();
    for source in product().iter().filter(|source| source.room() == "reactor") {
        for (before, word) in words(source) {
            let is_variant =
                word.contains(char::is_lowercase) && word.starts_with(char::is_uppercase);
            if before == "Dialect" && is_variant {
                found.push(format!("src/{} names {before}::{word}", source.name));
            }
        }
    }
    assert_none(found);
}

#[test]
fn nothing_is_unsafe() {
    let found = sources().into_iter().flat_map(|source| {
        let is_unsafe = |line: &str| {
            line.split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == "unsafe")
        };
        let lines = source.code().filter(|(_, line)| is_unsafe(line));
        lines
            .map(|(number, line)| format!("src/{}:{number}: {line}", source.name))
            .collect::<Vec<_>>()
    });
    assert_none(found.collect());
}
