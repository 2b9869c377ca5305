//! What must hold between what clients saw and what history has: pure, so that it is itself tested.

use std::collections::HashMap;

/// A message as somebody was told it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sight {
    /// When, in nanoseconds of the machine's steady clock.
    pub(crate) at_ns: u64,
    /// Its id, in dialects that have a place for it.
    pub(crate) id: Option<u64>,
    pub(crate) room: String,
    pub(crate) user: String,
    pub(crate) text: String,
    /// Was it told as it was said, rather than replayed?
    pub(crate) is_live: bool,
}

/// An `ok`: what its sender was told is on disk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Receipt {
    pub(crate) at_ns: u64,
    pub(crate) id: u64,
    pub(crate) room: String,
    pub(crate) text: String,
}

/// All that one client saw over one connection, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) who: String,
    pub(crate) sights: Vec<Sight>,
    pub(crate) receipts: Vec<Receipt>,
    /// What it said, which may or may not have been heard.
    pub(crate) sent: Vec<String>,
    /// What it was told that it should not have been.
    pub(crate) surprises: Vec<String>,
}

/// What was seen between a start of the server and its end.
pub(crate) type Epoch = Vec<View>;

/// A message that is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) room: String,
    pub(crate) user: String,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Who is told `ok` is told that it is kept.
    Soon,
    /// Whatever anybody sees is kept.
    Seen,
}

impl Promise {
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Promise::Soon => "--durability soon",
            Promise::Seen => "--durability seen",
        }
    }
}

/// Does `history` keep the promise of all that was seen? All texts that are said are different ones.
pub(crate) fn check(promise: Promise, epochs: &[Epoch], history: &[Entry]) -> Result<(), String> {
    for view in epochs.iter().flatten() {
        if let Some(surprise) = view.surprises.first() {
            return Err(format!("{} was told {surprise}", view.who));
        }
    }
    let places = check_history(epochs, history)?;
    check_ids(epochs)?;
    for view in epochs.iter().flatten() {
        for receipt in &view.receipts {
            let kept = places.get(receipt.text.as_str()).map(|&at| &history[at]);
            if kept.is_none_or(|kept| kept.id != receipt.id || kept.room != receipt.room) {
                return Err(format!(
                    "{} has {receipt:?}, but kept is {kept:?}",
                    view.who
                ));
            }
        }
        check_view(promise, view, &places, history)?;
    }
    epochs
        .iter()
        .try_for_each(|epoch| check_prefix(epoch, &places, history))
}

/// Its ids grow, nothing is in it twice, and nothing that was not said. Returns where each text is.
fn check_history<'a>(
    epochs: &[Epoch],
    history: &'a [Entry],
) -> Result<HashMap<&'a str, usize>, String> {
    if let Some(pair) = history.windows(2).find(|pair| pair[0].id >= pair[1].id) {
        return Err(format!("in history {:?} is before {:?}", pair[0], pair[1]));
    }
    let mut said: HashMap<&str, &str> = HashMap::new();
    for view in epochs.iter().flatten() {
        said.extend(
            view.sent
                .iter()
                .map(|text| (text.as_str(), view.who.as_str())),
        );
    }
    let mut places = HashMap::new();
    for (at, entry) in history.iter().enumerate() {
        if let Some(before) = places.insert(entry.text.as_str(), at) {
            return Err(format!(
                "twice in history: {:?}, {entry:?}",
                history[before]
            ));
        }
        if said.get(entry.text.as_str()) != Some(&entry.user.as_str()) {
            return Err(format!("never said, but in history: {entry:?}"));
        }
    }
    // What one user said is in the order of its saying: later texts stand later.
    for view in epochs.iter().flatten() {
        let kept = view
            .sent
            .iter()
            .filter_map(|text| places.get(text.as_str()));
        if !kept.is_sorted() {
            return Err(format!("what {} said is in another order", view.who));
        }
    }
    Ok(places)
}

/// No id stands for two messages, whoever saw them, and every epoch's are above those of the ones before.
fn check_ids(epochs: &[Epoch]) -> Result<(), String> {
    let mut texts: HashMap<u64, &str> = HashMap::new();
    let mut highest = 0;
    for epoch in epochs {
        let mut highest_here = highest;
        for view in epoch {
            let live = view.sights.iter().filter(|sight| sight.is_live);
            let sights = live.filter_map(|sight| Some((sight.id?, sight.text.as_str())));
            let receipts = view
                .receipts
                .iter()
                .map(|receipt| (receipt.id, receipt.text.as_str()));
            for (id, text) in sights.chain(receipts) {
                if id <= highest {
                    return Err(format!("{id} ({text:?}) was given out before the restart"));
                }
                let other = *texts.entry(id).or_insert(text);
                if other != text {
                    return Err(format!("{id} is {other:?} and {text:?}"));
                }
                highest_here = highest_here.max(id);
            }
        }
        highest = highest_here;
    }
    Ok(())
}

/// Is what a client saw kept, as far as that is promised, and in the order in which it saw it?
fn check_view(
    promise: Promise,
    view: &View,
    places: &HashMap<&str, usize>,
    history: &[Entry],
) -> Result<(), String> {
    let mut last_of_room: HashMap<&str, (usize, &Sight)> = HashMap::new();
    let mut last_live: Option<(usize, &Sight)> = None;
    for sight in &view.sights {
        let Some(&at) = places.get(sight.text.as_str()) else {
            match promise {
                Promise::Soon => continue,
                Promise::Seen => {
                    return Err(format!("{} saw what is not kept: {sight:?}", view.who));
                }
            }
        };
        let kept = &history[at];
        if sight.id.is_some_and(|id| id != kept.id)
            || sight.room != kept.room
            || sight.user != kept.user
        {
            return Err(format!("{} saw {sight:?}, but kept is {kept:?}", view.who));
        }
        let before = last_of_room.insert(&sight.room, (at, sight));
        let before_live = match sight.is_live {
            true => last_live.replace((at, sight)),
            false => None,
        };
        for (earlier, other) in [before, before_live].into_iter().flatten() {
            if earlier >= at {
                return Err(format!(
                    "{} saw {other:?} before {sight:?}; in history it is not so",
                    view.who
                ));
            }
        }
    }
    Ok(())
}

/// What is kept of an epoch has no hole: nothing that was seen live is missing while a later message is
/// there. (A crash takes the end away, never the middle.)
fn check_prefix(
    epoch: &Epoch,
    places: &HashMap<&str, usize>,
    history: &[Entry],
) -> Result<(), String> {
    let live = || {
        let sights = epoch.iter().flat_map(|view| &view.sights);
        sights.filter(|sight| sight.is_live && sight.id.is_some())
    };
    let kept = live().filter_map(|sight| places.get(sight.text.as_str()));
    let Some(last) = kept.map(|&at| history[at].id).max() else {
        return Ok(());
    };
    let is_missing = |sight: &&Sight| {
        sight.id.is_some_and(|id| id < last) && !places.contains_key(sight.text.as_str())
    };
    match live().find(is_missing) {
        Some(sight) => Err(format!("a hole before {last}: {sight:?}")),
        None => Ok(()),
    }
}

/// As [`check`]; what is wrong fails the test.
#[track_caller]
pub(crate) fn assert_kept(promise: Promise, epochs: &[Epoch], history: &[Entry]) {
    if let Err(why) = check(promise, epochs, history) {
        panic!("{}: {why}", promise.flag());
    }
}

/// The epochs as they were when the steady clock showed `at_ns`.
pub(crate) fn until(epochs: &[Epoch], at_ns: u64) -> Vec<Epoch> {
    let cut = |view: &View| View {
        sights: view
            .sights
            .iter()
            .filter(|sight| sight.at_ns <= at_ns)
            .cloned()
            .collect(),
        receipts: view
            .receipts
            .iter()
            .filter(|receipt| receipt.at_ns <= at_ns)
            .cloned()
            .collect(),
        ..view.clone()
    };
    epochs
        .iter()
        .map(|epoch| epoch.iter().map(cut).collect())
        .collect()
}

pub(crate) fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Two epochs in which two speak and one listens, and the history that keeps all of it.
fn example() -> (Vec<Epoch>, Vec<Entry>) {
    let mut epochs = Vec::new();
    let mut history = Vec::new();
    for (epoch, first) in [(0, 1), (1, 101)] {
        let mut listener = View {
            who: "listener".into(),
            ..View::default()
        };
        let mut speakers = ["ann", "ben"].map(|who| View {
            who: who.into(),
            ..View::default()
        });
        for n in 0..6 {
            let speaker = &mut speakers[n % 2];
            let room = ["lobby", "den"][n / 2 % 2].to_owned();
            let (id, user) = (first + n as u64, speaker.who.clone());
            let text = format!("{epoch} {user} {n}");
            let at_ns = id;
            let sight = Sight {
                at_ns,
                id: Some(id),
                room: room.clone(),
                user: user.clone(),
                text: text.clone(),
                is_live: true,
            };
            speaker.sent.push(text.clone());
            speaker.sights.push(sight.clone());
            listener.sights.push(sight);
            let receipt = Receipt {
                at_ns,
                id,
                room: room.clone(),
                text: text.clone(),
            };
            speaker.receipts.push(receipt);
            history.push(Entry {
                id,
                room,
                user,
                text,
            });
        }
        epochs.push(speakers.into_iter().chain([listener]).collect());
    }
    (epochs, history)
}

/// Changes the example and says what the checker finds under each promise.
fn found(change: impl Fn(&mut Vec<Epoch>, &mut Vec<Entry>)) -> [Option<String>; 2] {
    let (mut epochs, mut history) = example();
    change(&mut epochs, &mut history);
    [Promise::Soon, Promise::Seen].map(|promise| check(promise, &epochs, &history).err())
}

#[track_caller]
fn assert_found(found: [Option<String>; 2], soon: &str, seen: &str) {
    for (found, part) in found.iter().zip([soon, seen]) {
        match found {
            Some(found) => assert!(!part.is_empty() && found.contains(part), "{found}"),
            None => assert!(part.is_empty(), "not found: {part}"),
        }
    }
}

/// Nobody was told that anything is on disk.
fn without_receipts(epochs: &mut [Epoch]) {
    epochs
        .iter_mut()
        .flatten()
        .for_each(|view| view.receipts.clear());
}

#[test]
fn the_checker_is_content_with_what_is_right() {
    assert_found(found(|_, _| ()), "", "");
    assert_found(
        found(|epochs, _| epochs.iter_mut().for_each(|epoch| epoch.truncate(2))),
        "",
        "",
    );
}

#[test]
fn the_checker_finds_what_is_lost() {
    let lost = "but kept is None";
    assert_found(found(|_, history| drop(history.pop())), lost, lost);
    assert_found(found(|_, history| drop(history.remove(2))), lost, lost);
    let end_lost = |epochs: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        without_receipts(epochs);
        history.pop();
    };
    assert_found(found(end_lost), "", "saw what is not kept");
    let middle_lost = |epochs: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        without_receipts(epochs);
        history.remove(2);
    };
    assert_found(
        found(middle_lost),
        "a hole before 6",
        "saw what is not kept",
    );
    // Who sees no ids has seen it as well.
    let seen_by_text = |epochs: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        without_receipts(epochs);
        epochs[1].truncate(3);
        epochs[1][0].sights.clear();
        epochs[1][1].sights.clear();
        epochs[1][2]
            .sights
            .iter_mut()
            .for_each(|sight| sight.id = None);
        history.pop();
    };
    assert_found(found(seen_by_text), "", "saw what is not kept");
}

#[test]
fn the_checker_finds_what_is_there_twice_or_from_nowhere() {
    let doubled = |_: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        let again = Entry {
            id: 200,
            ..history[3].clone()
        };
        history.push(again);
    };
    assert_found(found(doubled), "twice in history", "twice in history");
    let same_id = |_: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        history.insert(3, history[3].clone());
    };
    assert_found(found(same_id), "is before", "is before");
    let phantom = |_: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        let other = Entry {
            id: 200,
            text: "0 ann 77".into(),
            ..history[0].clone()
        };
        history.push(other);
    };
    assert_found(found(phantom), "never said", "never said");
    let stolen = |_: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        history[0].user = "ben".into();
    };
    assert_found(found(stolen), "never said", "never said");
}

#[test]
fn the_checker_finds_another_order() {
    let swapped = |epochs: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        without_receipts(epochs);
        epochs.iter_mut().flatten().for_each(|view| {
            view.sights.iter_mut().for_each(|sight| sight.id = None);
        });
        let (left, right) = history.split_at_mut(1);
        std::mem::swap(&mut left[0].text, &mut right[0].text);
        std::mem::swap(&mut left[0].user, &mut right[0].user);
    };
    assert_found(
        found(swapped),
        "in history it is not so",
        "in history it is not so",
    );
    let own_swapped = |_: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        let text = history[0].text.clone();
        history[0].text = std::mem::replace(&mut history[4].text, text);
    };
    let order = "what ann said is in another order";
    assert_found(found(own_swapped), order, order);
    let moved = |_: &mut Vec<Epoch>, history: &mut Vec<Entry>| history[0].room = "den".into();
    assert_found(found(moved), "but kept is", "but kept is");
}

#[test]
fn the_checker_finds_an_id_that_is_used_again() {
    let again = |epochs: &mut Vec<Epoch>, history: &mut Vec<Entry>| {
        without_receipts(epochs);
        history.retain(|entry| entry.text != "0 ben 5");
        for view in &mut epochs[1] {
            view.sights[0].id = Some(6);
        }
    };
    let before = "was given out before the restart";
    let [soon, _] = found(again);
    assert!(soon.is_some_and(|soon| soon.contains(before)));
    let two = |epochs: &mut Vec<Epoch>, _: &mut Vec<Entry>| {
        epochs[0][2].sights[5].id = Some(5);
    };
    assert_found(found(two), "5 is ", "5 is ");
}
