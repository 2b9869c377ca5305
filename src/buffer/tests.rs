use super::*;
use proptest::prelude::*;

/// Takes at most `most` bytes a call, and every third call would block.
struct Trickle {
    taken: Vec<u8>,
    most: usize,
    calls: usize,
}

impl Write for Trickle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = bytes.len().min(self.most);
        self.taken.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_empty_inbox_and_outbox_hold_no_memory() {
    let mut inbox = Inbox::default();
    inbox.extend(&[7; 5000]);
    inbox.consume(5000);
    inbox.settle();
    assert_eq!(inbox.capacity(), 0);

    let ledger = Ledger::default();
    let mut outbox = Outbox::default();
    outbox.append(&ledger, |out| out.extend_from_slice(&[7; 5000]));
    assert!(ledger.held() >= 5000);
    outbox
        .flush(&mut Vec::new())
        .expect("a Vec takes everything");
    assert!(outbox.first.is_none() && outbox.others.is_none());
    assert_eq!((outbox.len(), ledger.held()), (0, 0));
}

#[test]
fn a_small_rest_gives_a_large_buffer_back() {
    let mut inbox = Inbox::default();
    inbox.extend(&[7; 16 * 1024]);
    inbox.consume(16 * 1024 - 10);
    inbox.settle();
    assert_eq!(inbox.bytes(), [7; 10]);
    assert!(inbox.capacity() < 100, "{} bytes held", inbox.capacity());
}

#[test]
fn a_broadcast_is_held_once_however_many_share_it() {
    let ledger = Ledger::default();
    let page = Page::new(&ledger);
    let mut outboxes: Vec<Outbox> = (0..1000).map(|_| Outbox::default()).collect();
    for _ in 0..100 {
        let chunk = page.append(|out| out.extend_from_slice(&[7; 64]));
        outboxes.iter_mut().for_each(|outbox| outbox.push(&chunk));
    }
    assert!(
        outboxes
            .iter()
            .all(|outbox| outbox.len() == 6400 && outbox.others.is_none())
    );
    assert!(ledger.held() < 2 * 6400, "{} bytes held", ledger.held());
}

#[test]
fn a_shared_page_is_never_written_by_one_of_its_readers() {
    let ledger = Ledger::default();
    let page = Page::new(&ledger);
    let chunk = page.append(|out| out.extend_from_slice(b"all "));
    let (mut one, mut two) = (Outbox::default(), Outbox::default());
    one.push(&chunk);
    two.push(&chunk);
    drop((page, chunk));
    one.append(&ledger, |out| out.extend_from_slice(b"one"));
    two.append(&ledger, |out| out.extend_from_slice(b"two"));
    let sent = |outbox: &mut Outbox| {
        let mut out = Vec::new();
        outbox.flush(&mut out).expect("a Vec takes everything");
        String::from_utf8(out).expect("text")
    };
    assert_eq!(
        (sent(&mut one).as_str(), sent(&mut two).as_str()),
        ("all one", "all two")
    );
}

#[test]
fn a_sink_that_takes_nothing_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Ok(0)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut outbox = Outbox::default();
    outbox.append(&Ledger::default(), |out| out.push(b'x'));
    let error = outbox.flush(&mut Full).expect_err("nothing was taken");
    assert_eq!((error.kind(), outbox.len()), (io::ErrorKind::WriteZero, 1));
}

proptest! {
    /// Whatever is pushed and however little is taken at a time, the bytes arrive in order.
    #[test]
    fn bytes_leave_in_the_order_of_their_coming(
        pushes in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..50)), 0..60),
        most in 1usize..40,
    ) {
        let ledger = Ledger::default();
        let page = Page::new(&ledger);
        let mut outbox = Outbox::default();
        let mut sink = Trickle { taken: Vec::new(), most, calls: 0 };
        let mut expected = Vec::new();
        for (shared, bytes) in &pushes {
            expected.extend_from_slice(bytes);
            if *shared {
                outbox.push(&page.append(|out| out.extend_from_slice(bytes)));
            } else {
                outbox.append(&ledger, |out| out.extend_from_slice(bytes));
            }
            outbox.flush(&mut sink).expect("a trickle never fails");
        }
        while !outbox.is_empty() {
            outbox.flush(&mut sink).expect("a trickle never fails");
        }
        prop_assert_eq!(sink.taken, expected);
        drop(page);
        prop_assert_eq!(ledger.held(), 0);
    }
}
