//! What one line of IRC may ask of large rooms, as in [`crate::attack`]: each answer is read to its end.

use crate::attack::{AFTER, Crowd, Scene, under_attack};
use crate::util::*;

/// How many ask at once.
const ASKERS: usize = 10;

fn come_in(scene: &Scene, n: usize) -> Peer {
    let mut peer = scene.connect(Irc);
    peer.send("CAP REQ :batch labeled-response message-tags\r\n");
    peer.send(format!("NICK asker{n}\r\nUSER u 0 * :U\r\nCAP END\r\n"));
    peer.expect_until(" 376 ");
    peer
}

/// Some ask this at once, without a label and with one.
fn ask(attack: &'static str, crowd: impl Fn(&Scene) -> Crowd, line: &str) {
    under_attack(attack, "", |scene| {
        let crowd = crowd(scene);
        let askers: Vec<Peer> = (0..ASKERS).map(|n| come_in(scene, n)).collect();
        scene.measure(AFTER, || {
            std::thread::scope(|scope| {
                for mut asker in askers {
                    scope.spawn(move || {
                        for label in ["", "@label=x "] {
                            asker.send(format!("{label}{line}\r\nPING done\r\n"));
                            asker.expect_until(" done\r\n");
                        }
                    });
                }
            });
        });
        drop(crowd.end());
    });
}

#[test]
#[ignore = "a measurement, not a test"]
fn lists_of_irc() {
    let users = |scene: &Scene| scene.crowd("user", 10_000, |_| String::new());
    let rooms = |scene: &Scene| {
        let room = |user: usize, n: usize| format!("/join r{user}-{n}\n");
        let rooms = |user| (1..20).map(|n| room(user, n)).collect();
        scene.crowd("user", 527, rooms)
    };
    let channels: Vec<String> = (0..50).map(|n| format!("#c{n}")).collect();
    let join = format!("JOIN {}", channels.join(","));
    ask("10 WHO of 10,000", users, "WHO #lobby");
    ask("10 NAMES of 10,000", users, "NAMES #lobby");
    ask("10 LIST of 10,000", rooms, "LIST");
    ask("10 JOIN of 50", users, &join);
}
