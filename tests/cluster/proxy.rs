//! A wire between a server and the engine that can be cut.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Passes on what it hears, unless it is cut: then nothing comes through, and nobody is told.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    is_cut: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) fn to(engine: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(engine) = TcpStream::connect(("127.0.0.1", engine)) else {
                    continue;
                };
                let pairs = [
                    (client.try_clone(), engine.try_clone()),
                    (Ok(engine), Ok(client)),
                ];
                for (from, to) in pairs {
                    if let (Ok(from), Ok(to)) = (from, to) {
                        let cut = Arc::clone(&cut);
                        thread::spawn(move || pass(from, to, &cut));
                    }
                }
            }
        });
        Proxy { port, is_cut }
    }

    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
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
