//! The system itself: what it does is decided by the seed, and a message comes through whatever it does.

use std::net::SocketAddr;

use hubbub::testing::{
    Addresses, Config, Durability, Ended, Limits, Options, Reactor, RegistrationMode, Retention,
};
use signal_hook::consts::SIGTERM;

use crate::disk::Health;
use crate::faults::{Chance, Fault, Faults};
use crate::net::{End, Wire, World};
use crate::system::SimSystem;

/// Turns without an end to time are a spin.
const TURNS_MAX: usize = 50_000;

fn config(durability: Option<Durability>) -> Config {
    config_with(durability.map(|durability| Options {
        dir: "/sim".into(),
        durability,
        retention: Retention::default(),
        replay: 20,
        sets_aside: false,
        is_shared: false,
        files: None,
    }))
}

/// A server with one door, and with such a disk.
pub(crate) fn config_with(data: Option<Options>) -> Config {
    Config {
        doors: vec!["text://127.0.0.1:1".parse().expect("an address")],
        limits: Limits::default(),
        certificate: None,
        status_door: None,
        trusted_proxies: Vec::new(),
        allowed_origins: Vec::new(),
        public_hosts: Vec::new(),
        public_url: None,
        api_tokens: None,
        has_ws_echo: false,
        oper_password: None,
        server_name: Some("sim".into()),
        network_name: "sim".into(),
        server_password: None,
        motd: None,
        requires_account: false,
        registration: RegistrationMode::Open,
        has_early_accounts: true,
        irc_sts_s: None,
        addresses: Addresses::None,
        has_console: false,
        has_terminal: false,
        is_console_quiet: false,
        admin_socket: None,
        run_dir: None,
        takes_over: false,
        state: None,
        data,
        cluster: None,
        replay: 20,
        grace_ms: 30_000,
        account_expiry_ms: None,
        has_strict_names: false,
        is_multi: false,
    }
}

/// A server and two clients, of whom one hears the other.
struct Scene {
    world: World,
    server: Option<Reactor<SimSystem>>,
    clients: Vec<(Wire, String)>,
}

impl Scene {
    fn new(seed: u64, faults: Faults, data: Option<Durability>) -> Scene {
        let mut scene = Scene {
            world: World::new(seed, faults),
            server: None,
            clients: Vec::new(),
        };
        scene.start(data);
        scene
    }

    fn start(&mut self, data: Option<Durability>) {
        let server = Reactor::open_on(self.world.system(), &config(data));
        self.server = Some(server.unwrap_or_else(|line| panic!("{line}")));
    }

    fn join(&mut self, name: &str) -> usize {
        let from = SocketAddr::from(([127, 0, 0, 1], 1000 + self.clients.len() as u16));
        let wire = self.world.connect(0, from);
        wire.send(format!("{name}\n").as_bytes());
        self.clients.push((wire, String::new()));
        self.clients.len() - 1
    }

    /// Lets time pass.
    fn pass_ms(&mut self, ms: u64) {
        let until_us = self.world.now_us() + ms * 1000;
        self.world.set_horizon(Some(until_us));
        let mut turns = 0;
        while self.world.now_us() < until_us {
            turns += 1;
            assert!(turns < TURNS_MAX, "time stands still");
            let server = self.server.as_mut().expect("a server");
            let before = self.world.works();
            let ended = server.turn().ended.is_some();
            if ended || self.world.now_us() >= until_us {
                self.world
                    .pass_us(until_us.saturating_sub(self.world.now_us()));
            }
            assert!(self.world.works() >= before);
            self.hear();
            if self.world.has_crashed() {
                return;
            }
        }
    }

    fn hear(&mut self) {
        for (wire, heard) in &mut self.clients {
            heard.push_str(&String::from_utf8_lossy(&wire.take()));
        }
    }

    fn has_broken(&self, client: usize) -> bool {
        matches!(
            self.clients[client].0.end(),
            Some(End::Reset | End::Refused)
        )
    }
}

/// Half of the classes, each as often as the seed says.
fn drawn(seed: u64) -> Faults {
    let mut chance = Chance::new(seed, 1 << 40);
    let mut faults = Faults::default();
    for fault in Fault::ALL {
        if chance.below(2) == 0 {
            let most = if fault.ends_connections() { 10 } else { 300 };
            faults = faults.with(fault, 1 + chance.below(most) as u16);
        }
    }
    faults
}

fn said_and_heard(seed: u64, hits: &mut [u64; Fault::ALL.len()]) -> (u64, Vec<String>) {
    let data = [None, Some(Durability::Soon), Some(Durability::Seen)][seed as usize % 3];
    let mut scene = Scene::new(seed, drawn(seed), data);
    let (alice, bob) = (scene.join("alice"), scene.join("bob"));
    scene.pass_ms(2_000);
    for n in 0..20 {
        let line = format!("word {n}\n");
        scene.clients[alice].0.send(line.as_bytes());
        scene.pass_ms(300);
    }
    scene.world.set_faults(Faults::default());
    scene.pass_ms(5_000);
    if !scene.has_broken(alice) && !scene.has_broken(bob) {
        let heard = &scene.clients[bob].1;
        let mut rest = heard.as_str();
        for n in 0..20 {
            let line = format!("[alice] word {n}\n");
            let at = rest.find(&line);
            let at = at.unwrap_or_else(|| panic!("seed {seed}: no {line:?} in {heard:?}"));
            rest = &rest[at + line.len()..];
        }
    }
    for (hits, fault) in hits.iter_mut().zip(Fault::ALL) {
        *hits += scene.world.hits(fault);
    }
    let heard = scene.clients.iter().map(|(_, heard)| heard.clone());
    (scene.world.trace(), heard.collect())
}

#[test]
fn what_is_said_is_heard_over_all_faults_and_the_seed_repeats_it() {
    let mut hits = [0; Fault::ALL.len()];
    for seed in 0..50 {
        let once = said_and_heard(seed, &mut hits);
        assert_eq!(once, said_and_heard(seed, &mut hits), "seed {seed}");
    }
    for (fault, hits) in Fault::ALL.into_iter().zip(hits) {
        // Few lines never leave a server something to read.
        assert!(hits > 0 || fault == Fault::MergedEvent, "{fault:?}");
    }
}

/// What bob saw of alice before the power failed at that call, and what is on the disk.
fn seen_and_kept(durability: Durability, calls: u64) -> (usize, usize) {
    let mut scene = Scene::new(calls, Faults::default(), Some(durability));
    let (alice, bob) = (scene.join("alice"), scene.join("bob"));
    scene.pass_ms(1_000);
    scene.world.disk().set_health(Health::Slow(20_000));
    scene.world.crash_in(Some(calls));
    for n in 0.. {
        assert!(n < 200, "it goes on for ever");
        let line = format!("word {n}\n");
        scene.clients[alice].0.send(line.as_bytes());
        scene.pass_ms(5);
        if scene.world.has_crashed() {
            break;
        }
    }
    scene.server = None;
    scene.hear();
    let seen = scene.clients[bob].1.matches("[alice] word").count();
    (seen, scene.world.disk().messages().len())
}

#[test]
fn what_was_seen_outlives_a_crash_in_the_middle_of_a_turn() {
    let (mut seen_at_all, mut lost) = (0, 0);
    for calls in 0..150 {
        let (seen, kept) = seen_and_kept(Durability::Seen, calls);
        assert!(kept >= seen, "after {calls} calls: {kept} of {seen}");
        seen_at_all += seen;
        let (seen, kept) = seen_and_kept(Durability::Soon, calls);
        lost += seen.saturating_sub(kept);
    }
    // The test would not see a loss otherwise.
    assert!(seen_at_all > 0 && lost > 0, "{seen_at_all} {lost}");
}

#[test]
fn ends_are_seen_from_both_sides() {
    let mut scene = Scene::new(1, Faults::default(), None);
    let [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(|name| scene.join(name));
    scene.pass_ms(1_000);
    scene.clients[alice].0.send(b"the last word\n");
    scene.clients[alice].0.shutdown_write();
    scene.clients[carol].0.reset();
    scene.clients[dave].0.close();
    scene.pass_ms(1_000);
    assert_eq!(scene.clients[alice].0.end(), Some(End::Fin));
    let heard = &scene.clients[bob].1;
    for line in [
        "[alice] the last word\n",
        "[Server] alice left the chat!\n",
        "[Server] carol left the chat!\n",
        "[Server] dave left the chat!\n",
    ] {
        assert!(heard.contains(line), "{heard:?}");
    }
    scene.world.signal(SIGTERM);
    scene.pass_ms(1);
    assert_eq!(scene.clients[bob].0.end(), Some(End::Fin));
    let late = scene.join("late");
    assert_eq!(scene.clients[late].0.end(), Some(End::Refused));
}

#[test]
fn who_reads_nothing_is_dropped_and_not_before_its_time() {
    let mut scene = Scene::new(1, Faults::default(), None);
    let (alice, bob) = (scene.join("alice"), scene.join("bob"));
    scene.pass_ms(1_000);
    scene.clients[bob].0.set_window(0);
    let line = "x".repeat(4_000) + "\n";
    for _ in 0..100 {
        scene.clients[alice].0.send(line.as_bytes());
    }
    scene.pass_ms(9_900);
    assert!(!scene.clients[alice].1.contains("bob left"));
    scene.pass_ms(200);
    assert!(
        scene.clients[alice]
            .1
            .contains("[Server] bob left the chat!\n")
    );
}

#[test]
fn the_operator_has_a_console_and_a_password_in_a_file() {
    let mut scene = Scene::new(1, Faults::default(), None);
    let config = Config {
        has_console: true,
        oper_password: Some("/sim/password".into()),
        ..config(None)
    };
    scene.world.put_file("/sim/password".as_ref(), b"secret\n");
    let server = Reactor::open_on(scene.world.system(), &config);
    scene.server = Some(server.unwrap_or_else(|line| panic!("{line}")));
    let alice = scene.join("alice");
    scene.pass_ms(1_000);
    scene.clients[alice].0.send(b"/oper secret\n");
    let console = scene.world.take_console().expect("a console");
    console.send(b"all is well\n:kick alice\n");
    scene.pass_ms(1_000);
    let heard = &scene.clients[alice].1;
    assert!(heard.contains("all is well"), "{heard:?}");
    let told = String::from_utf8_lossy(&console.take()).into_owned();
    assert_eq!(told, "Client alice has been kicked\n");
}

#[test]
fn an_idle_server_wakes_for_nothing() {
    let mut scene = Scene::new(1, Faults::default(), None);
    scene.join("alice");
    scene.join("bob");
    scene.pass_ms(5_000);
    assert!(scene.world.is_quiet());
    let hour_us = 3_600_000_000;
    let begun_us = scene.world.now_us();
    scene.world.set_horizon(Some(begun_us + hour_us));
    let mut turns = 0;
    while scene.world.now_us() < begun_us + hour_us {
        turns += 1;
        assert!(turns < 3, "turn {turns}: {:?}", scene.world.polled());
        scene.server.as_mut().expect("a server").turn();
    }
}

#[test]
fn what_was_seen_outlives_a_crash() {
    for seed in 0..20 {
        let data = Some(Durability::Seen);
        let mut scene = Scene::new(seed, Faults::default(), data);
        let (alice, bob) = (scene.join("alice"), scene.join("bob"));
        scene.pass_ms(1_000);
        scene.world.disk().set_health(Health::Slow(100_000));
        for n in 0..10 {
            let line = format!("word {n}\n");
            scene.clients[alice].0.send(line.as_bytes());
            scene.pass_ms(20);
        }
        assert!(scene.world.disk().commits() > 0);
        if seed % 2 == 0 {
            scene.world.disk().set_health(Health::Full);
            scene.clients[alice].0.send(b"word 10\n");
            scene.pass_ms(20);
        }
        scene.world.disk().crash();
        scene.server = None;
        let seen = scene.clients[bob].1.matches("[alice] word").count();
        let kept = scene.world.disk().messages().len();
        assert!(kept >= seen, "seed {seed}: {kept} of {seen}");
        scene.world.disk().set_health(Health::Well);
        assert!(!scene.world.disk().set_operator("nobody"));
        scene.start(data);
        let carol = scene.join("carol");
        scene.pass_ms(1_000);
        let heard = &scene.clients[carol].1;
        assert_eq!(heard.matches("word").count(), kept, "seed {seed}: {heard}");
    }
}

#[test]
fn another_program_goes_on_in_the_middle_of_a_line() {
    let data = Some(Durability::Seen);
    let mut scene = Scene::new(1, Faults::default(), data);
    let (ann, bob) = (scene.join("ann"), scene.join("bob"));
    scene.pass_ms(1_000);
    for (at, takes_over) in [false, true, true].into_iter().enumerate() {
        scene.clients[ann].0.send(b"half a ");
        scene.pass_ms(100);
        scene.clients[bob].0.send(b"meanwhile\n");
        scene.world.call_successor(takes_over);
        let horizon_us = scene.world.now_us() + 3_000_000;
        scene.world.set_horizon(Some(horizon_us));
        let mut server = scene.server.take().expect("a server");
        let mut is_taken_over = false;
        while scene.world.has_successor() {
            is_taken_over = server.turn().ended == Some(Ended::TakenOver);
        }
        assert_eq!(is_taken_over, takes_over);
        scene.server = Some(match is_taken_over {
            true => server.succeeded(&config(data)).expect("it goes on"),
            false => server,
        });
        scene.clients[ann].0.send(format!("line {at}\n").as_bytes());
        scene.pass_ms(1_000);
        let heard = &scene.clients[bob].1;
        assert!(
            heard.ends_with(&format!("[ann] half a line {at}\n")),
            "{heard}"
        );
        let heard = &scene.clients[ann].1;
        assert_eq!(heard.matches("[bob] meanwhile\n").count(), at + 1);
    }
}
