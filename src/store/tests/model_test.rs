//! Windows and searches against a plain list.

use proptest::prelude::*;

use super::scene::{Scene, room, said};
use super::*;
use crate::model::SearchWords;

const ROOMS: [&str; 3] = ["lobby", "rust", "Žluť"];

const WORDS: [&str; 4] = ["one", "two", "three", "four"];

fn windows() -> impl Strategy<Value = Window> {
    let edge = prop_oneof![0..120u64, Just(0), Just(u64::MAX)];
    (edge.clone(), edge, 0..120u64, 0..40usize, any::<bool>()).prop_map(
        |(after, before, since, limit, newest)| Window {
            after: MessageId(after),
            before: MessageId(before),
            since_ms: since * 1_000,
            until_ms: u64::MAX,
            limit,
            newest,
            has_events: false,
            only_files: false,
        },
    )
}

/// When that was said: times rise and fall.
fn ms_of(id: u64) -> u64 {
    (id * 37 / 10 % 11 * 10 + id % 10) * 1_000
}

/// What a window shows of `ids`, and whether there is more.
fn expected(mut ids: Vec<u64>, window: Window) -> (Vec<u64>, bool) {
    ids.retain(|&id| id > window.after.0 && id < window.before.0 && ms_of(id) >= window.since_ms);
    let has_more = ids.len() > window.limit;
    if has_more && window.newest {
        ids.drain(..ids.len() - window.limit);
    }
    ids.truncate(window.limit);
    (ids, has_more)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn windows_are_those_of_a_plain_list(
        steps in prop::collection::vec((1..4u64, 0..3usize, 0..4usize, any::<bool>()), 0..60),
        windows in prop::collection::vec((windows(), 0..3usize, 0..4usize, 0..120u64), 1..12),
    ) {
        let mut scene = Scene::new();
        let mut all: Vec<(u64, usize, usize, bool)> = Vec::new();
        let mut id = 0;
        for (step, place, word, is_guarded) in steps {
            id += step;
            let Record::Said { room, message, .. } = said(id, ROOMS[place], WORDS[word]) else {
                unreachable!("that is what it makes")
            };
            let unix_ms = ms_of(id);
            let message = Arc::new(Message { unix_ms, ..Message::clone(&message) });
            scene.keep(Record::Said { room, message, is_guarded });
            all.push((id, place, word, is_guarded));
        }
        scene.wait_for(id);
        for (window, place, word, from) in windows {
            let shown = |at: usize| {
                let shown = all.iter().filter(move |(id, place, _, is_guarded)| {
                    *place == at && (!is_guarded || *id >= from)
                });
                shown.map(|&(id, ..)| id)
            };
            let (ids, has_more) = expected(shown(place).collect(), window);
            let query = Query::History {
                room: room(ROOMS[place]),
                guarded_from: MessageId(from),
                through: MessageId(0),
                window,
            };
            let (found, through, more) = scene.page(query);
            prop_assert_eq!((&found, more), (&ids, has_more));
            // What is not shown, up to there, is not there.
            let unseen = shown(place).find(|id| {
                *id > window.after.0 && ms_of(*id) >= window.since_ms && *id <= through && !found.contains(id)
            });
            prop_assert!(unseen.is_none() || window.newest, "{:?} up to {}", unseen, through);
            let both = [place, (place + 1) % ROOMS.len()];
            let query = Query::Search {
                rooms: both.map(|place| (room(ROOMS[place]), MessageId(from))).into(),
                words: SearchWords::parse(&WORDS[word].to_uppercase()),
                window,
            };
            let said = all.iter().filter(|(id, place, said, is_guarded)| {
                both.contains(place) && *said == word && (!is_guarded || *id >= from)
            });
            let (ids, _) = expected(said.map(|&(id, ..)| id).collect(), window);
            prop_assert_eq!(scene.found(query), ids);
        }
    }

    #[test]
    fn no_words_are_an_error(words in "\\PC{0,30}|[\"*()^:{}+ a-c-]{0,20}") {
        let connection = rusqlite::Connection::open_in_memory().expect("memory");
        connection.execute_batch("CREATE VIRTUAL TABLE search USING fts5 (text, tokenize = 'ascii')").expect("made");
        let mut statement = connection.prepare("SELECT rowid FROM search WHERE search MATCH ?1").expect("sql");
        let expression = find::expression(&SearchWords::parse(&words));
        if !expression.is_empty() {
            let found = statement.exists([&expression]);
            prop_assert!(found.is_ok(), "{}: {:?}", expression, found);
        }
    }
}
