//! A wire between a server and the engine that can be cut, in one direction, too.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Passes on what it hears, unless it is cut: then nothing comes through, and nobody is told.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// To the engine, and from it.
    are_cut: [Arc<AtomicBool>; 2],
}

impl Proxy {
    pub(crate) fn to(engine: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let are_cut: [Arc<AtomicBool>; 2] = Default::default();
        let cuts = are_cut.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(engine) = TcpStream::connect(("127.0.0.1", engine)) else {
                    continue;
                };
                let pairs = [
                    (client.try_clone(), engine.try_clone()),
                    (Ok(engine), Ok(client)),
                ];
                for ((from, to), cut) in pairs.into_iter().zip(&cuts) {
                    if let (Ok(from), Ok(to)) = (from, to) {
                        let cut = Arc::clone(cut);
                        thread::spawn(move || pass(from, to, &cut));
                    }
                }
            }
        });
        Proxy { port, are_cut }
    }

    pub(crate) fn cut(&self, is_cut: bool) {
        self.cut_ways([is_cut; 2]);
    }

    /// Cuts the way to the engine, and that from it.
    pub(crate) fn cut_ways(&self, ways: [bool; 2]) {
        for (cut, is_cut) in self.are_cut.iter().zip(ways) {
            cut.store(is_cut, Ordering::SeqCst);
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, is_cut: &AtomicBool) {
    let mut buffer = [0; 16384];
    while let Ok(count) = from.read(&mut buffer) {
        // What is on its way waits, as in a network that drops and sends again.
        while is_cut.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(10));
        }
        if count == 0 || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}
