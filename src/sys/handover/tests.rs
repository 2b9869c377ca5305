use std::fs::File;
use std::io::{Read as _, Write as _};

use super::*;

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("hubbub-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn accepted(meeting: &Meeting) -> Link {
    loop {
        match meeting.admit() {
            Ok(link) => return link,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
            Err(e) => panic!("{e}"),
        }
    }
}

/// Pipes, so many that they come in several batches.
fn pipes(count: usize) -> (Vec<File>, Vec<File>) {
    let pipes = (0..count).map(|_| std::io::pipe().expect("a pipe"));
    let as_files = |(end, begin)| (OwnedFd::from(end).into(), OwnedFd::from(begin).into());
    pipes.map(as_files).unzip()
}

#[test]
fn what_is_offered_comes_whole_and_in_order() {
    let directory = Directory::new("offer");
    assert!(Link::to(&directory.0).expect("nobody").is_none());
    let meeting = Meeting::open(&directory.0).expect("a socket");
    let again = Meeting::open(&directory.0).map(drop).map_err(|e| e.kind());
    assert_eq!(again, Err(io::ErrorKind::AddrInUse));
    drop(accepted(&meeting));
    let snapshot: Vec<u8> = (0..300_000u32).map(|n| n as u8).collect();
    const COUNT: usize = 2 * HANDOVER_BATCH + 1;
    let (ends, mut begins) = pipes(COUNT);
    let link = Link::to(&directory.0).expect("a link").expect("it waits");
    let known = snapshot.clone();
    let taker = std::thread::spawn(move || {
        let mut offer = link.hear_offer().expect("an offer");
        let descriptors = std::mem::take(&mut offer.descriptors);
        assert!(offer.version == 7 && offer.snapshot == known);
        offer.take().map(|()| descriptors)
    });
    let link = accepted(&meeting);
    let given = ends.iter().map(|end| Ok(end.as_fd()));
    link.give(7, &snapshot, COUNT, given).expect("it is taken");
    link.give_up().expect("it is there");
    drop((link, ends));
    let taken = taker.join().expect("no panic").expect("it is had");
    for (at, begin) in begins.iter_mut().enumerate() {
        begin.write_all(&[at as u8]).expect("somebody reads");
    }
    for (at, end) in taken.into_iter().enumerate() {
        let mut byte = [0];
        File::from(end).read_exact(&mut byte).expect("it is there");
        assert_eq!(byte, [at as u8]);
    }
    drop(meeting);
    assert!(!directory.0.join(SOCKET_FILE).exists());
}

#[test]
fn who_refuses_or_is_silent_or_goes_has_nothing() {
    let directory = Directory::new("refusal");
    let meeting = Meeting::open(&directory.0).expect("a socket");
    let none = std::iter::empty::<io::Result<OwnedFd>>;
    let mut outcomes = Vec::new();
    for act in [
        (|link: Link| link.hear_offer().expect("an offer").refuse("no room")) as fn(Link),
        |link| drop(link),
        |link| {
            std::thread::sleep(Duration::from_millis(2 * HANDOVER_SILENCE_MS));
            drop(link);
        },
        |link| {
            let offer = link.hear_offer().expect("an offer");
            offer.link.send(Word::Yours, &[], &[]).expect("it hears");
        },
    ] {
        let link = Link::to(&directory.0).expect("a link").expect("it waits");
        let taker = std::thread::spawn(move || act(link));
        let offered = accepted(&meeting).give(1, b"all", 0, none());
        outcomes.push(offered.expect_err("it is not taken"));
        drop(taker);
    }
    let expected = [
        "no room",
        "the other program has gone",
        "the other program says nothing",
        "the other program says what makes no sense here",
    ];
    assert_eq!(outcomes, expected);
}
