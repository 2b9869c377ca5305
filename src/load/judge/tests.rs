use super::*;
use crate::load::plan::Scenario;
use crate::load::plan::tests::plan;

/// Three clients of whom the first speaks, all in.
fn judge(dialect: &str, window: u32) -> Judge {
    let mut plan = plan(Scenario::Fanout, dialect);
    plan.clients = 3;
    plan.pace = Pace::Window(window);
    let mut judge = Judge::new(&plan, 1);
    (0..plan.connections()).for_each(|at| judge.come(at, plan.part_of(at)));
    judge
}

fn said(judge: &mut Judge) -> Vec<u8> {
    let mut text = Vec::new();
    judge.say(0, 10, &mut text);
    text
}

#[test]
fn a_window_opens_when_all_have_heard() {
    let mut judge = judge("text", 2);
    let texts = [said(&mut judge), said(&mut judge)];
    assert_eq!((judge.expected, judge.has_room(0)), (4, false));
    assert!(judge.hear(1, &texts[0], 20) && !judge.has_room(0));
    assert!(judge.hear(2, &texts[0], 20) && judge.has_room(0));
    assert!(judge.hear(1, &texts[1], 20) && judge.hear(2, &texts[1], 20));
    judge.finish(false);
    assert_eq!((judge.outstanding, judge.delivered), (0, 4));
    assert_eq!(judge.faults, Faults::default());
    assert_eq!((judge.latency_us.len(), judge.latency_us.max()), (4, 10));
}

#[test]
fn each_fault_is_counted_once() {
    let mut judge = judge("text", 8);
    let texts: Vec<Vec<u8>> = (0..5).map(|_| said(&mut judge)).collect();
    for at in [1, 0, 1] {
        judge.hear(1, &texts[at], 20);
    }
    let mut garbled = texts[2].clone();
    garbled[30] ^= 1;
    judge.hear(1, &garbled, 20);
    judge.hear(1, &texts[3], 20);
    (0..4).for_each(|at| _ = judge.hear(2, &texts[at], 20));
    judge.finish(false);
    let expected = Faults {
        lost: 2,
        doubled: 1,
        reordered: 1,
        garbled: 1,
        disconnected: 0,
    };
    assert_eq!(
        (judge.faults, judge.delivered, judge.expected),
        (expected, 7, 10)
    );
}

#[test]
fn one_hears_itself_where_the_tongue_echoes_and_only_there() {
    let mut text = judge("text", 1);
    let own = said(&mut text);
    text.hear(0, &own, 20);
    assert_eq!((text.expected, text.faults.doubled), (2, 1));
    let mut json = judge("json", 1);
    let own = said(&mut json);
    json.hear(0, &own, 20);
    assert_eq!(
        (json.expected, json.delivered, json.faults.doubled),
        (3, 1, 0)
    );
}

#[test]
fn what_somebody_who_is_gone_did_not_hear_is_lost_and_holds_nobody_up() {
    let mut judge = judge("text", 1);
    let text = said(&mut judge);
    judge.hear(1, &text, 20);
    judge.go(2);
    assert_eq!((judge.faults.lost, judge.outstanding), (1, 0));
    assert!(judge.has_room(0));
    assert_eq!(judge.audience(0), 1);
    said(&mut judge);
    judge.finish(false);
    assert_eq!((judge.faults.lost, judge.expected), (2, 3));
}

#[test]
fn what_is_on_its_way_when_it_is_cut_short_is_not_lost() {
    let mut judge = judge("text", 4);
    let texts: Vec<Vec<u8>> = (0..4).map(|_| said(&mut judge)).collect();
    judge.hear(1, &texts[0], 20);
    judge.hear(1, &texts[2], 20);
    (0..4).for_each(|at| _ = judge.hear(2, &texts[at], 20));
    assert_eq!(judge.finish(true), 1);
    assert_eq!(
        (judge.faults.lost, judge.expected, judge.delivered),
        (1, 7, 6)
    );
    judge.go(1);
    assert_eq!(judge.faults.lost, 1);
}

#[test]
fn probes_show_who_hears_and_count_for_nothing() {
    let mut judge = judge("text", 1);
    let mut probe = Vec::new();
    judge.probe(0, 5, &mut probe);
    assert_eq!(judge.unprobed().collect::<Vec<_>>(), [(0, 2)]);
    judge.hear(1, &probe, 20);
    judge.hear(1, &probe, 20);
    assert_eq!(judge.unprobed().collect::<Vec<_>>(), [(0, 1)]);
    judge.hear(2, &probe, 20);
    assert_eq!(judge.unprobed().count(), 0);
    assert_eq!(
        (judge.delivered, judge.expected, judge.faults),
        (0, 0, Faults::default())
    );
}
