//! How long each dialect takes to render a message of 64 bytes.

mod harness;

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

use hubbub::testing::{
    Dialect, Event, Manner, Message, MessageId, Moment, Nick, Nowhere, Peer, RoomName, SaidBy,
    Stage, View,
};

const RUNS: u64 = 1000;

fn main() {
    let address: SocketAddr = "192.0.2.7:44692".parse().expect("an address");
    let peer = Peer::from(address);
    let nick = Nick::parse("Alice").expect("a nick");
    let event = Event::Said {
        peer,
        room: RoomName::lobby(),
        message: Arc::new(Message {
            id: MessageId(1),
            unix_ms: 0,
            nick,
            origin: SaidBy::Unknown,
            manner: Manner::Said,
            text: "A message of 64 bytes, which is what the load tester has by then".into(),
            tags: None,
            marks: None,
        }),
    };
    let view = View {
        stage: Stage::Joined,
        own: false,
        here: true,
        id: None,
        now: Moment::default(),
        world: &Nowhere,
        source: None,
        links: None,
        form: 0,
    };
    for dialect in Dialect::ALL {
        let mut out = Vec::new();
        dialect.render(&event, &view, &mut out);
        if out.is_empty() {
            continue;
        }
        let name = format!("render {}, {} bytes", dialect.name(), out.len());
        harness::row(
            &name,
            "ns",
            |ns| ns,
            || {
                let took = harness::timed(|| {
                    for _ in 0..RUNS {
                        out.clear();
                        dialect.render(black_box(&event), &view, &mut out);
                        black_box(&out);
                    }
                });
                (took, RUNS)
            },
        );
    }
}
