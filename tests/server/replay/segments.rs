//! What one follower was told of a room from some moment on, held against all that was said there.

/// A message as a follower was told it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// 0 in a dialect that has no place for it.
    pub(super) id: u64,
    pub(super) text: String,
    /// As it was said, rather than replayed; where that cannot be told apart, all is live.
    pub(super) is_live: bool,
}

/// What a follower was told of a room, over one connection or several of which each resumed where the
/// one before had ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Segment {
    pub(super) who: String,
    pub(super) room: &'static str,
    /// The id from which on it asked for what came; if it did not, it is replayed the last ones.
    pub(super) after: Option<u64>,
    pub(super) told: Vec<Told>,
    /// Where in `told` it resumed.
    pub(super) resumed: Vec<usize>,
    /// Did it stay to the end, which [`super::FENCE`] is?
    pub(super) is_last: bool,
    /// Does its dialect tell ids, and what is replayed?
    pub(super) is_plain: bool,
}

impl Segment {
    /// What was told over one connection, the first of which is at a place.
    fn visit(&self, from: usize) -> &[Told] {
        let next = self.resumed.iter().copied().find(|&at| at > from);
        &self.told[from..next.unwrap_or(self.told.len())]
    }
}

/// Was each message from the first on told once and in order, and was the first one the right one?
pub(super) fn check(
    segment: &Segment,
    truth: &[Told],
    replay: usize,
    depth: usize,
) -> Result<(), String> {
    if segment.is_last
        && segment
            .told
            .last()
            .is_none_or(|told| told.text != super::FENCE)
    {
        return Err(format!("the last it was told is {:?}", segment.told.last()));
    }
    let Some(first) = segment.told.first() else {
        return Ok(());
    };
    let place = |told: &Told| truth.iter().position(|true_one| true_one.text == told.text);
    let Some(begin) = place(first) else {
        return Err(format!("{first:?} was never said"));
    };
    let mut expected = begin;
    for (at, told) in segment.told.iter().enumerate() {
        if segment.resumed.contains(&at) && may_be_cut(segment.visit(at), depth) {
            expected = expected.max(place(told).unwrap_or(0));
        }
        match truth.get(expected) {
            Some(due) if is_it(segment, told, due) => expected += 1,
            due => {
                return Err(format!(
                    "{due:?} was due, but {told:?} came, {at}. from {begin}"
                ));
            }
        }
    }
    check_begin(segment, truth, begin, replay, depth)
}

fn is_it(segment: &Segment, told: &Told, due: &Told) -> bool {
    told.text == due.text && (segment.is_plain || told.id == due.id)
}

fn replayed(told: &[Told]) -> usize {
    told.iter().take_while(|told| !told.is_live).count()
}

/// May what was told on a visit begin later than was asked for, where only so many are replayed? Who left
/// in the middle of the replay has not seen how many they were.
fn may_be_cut(visit: &[Told], most: usize) -> bool {
    let replayed = replayed(visit);
    most != usize::MAX && (replayed == most || replayed == visit.len())
}

/// Does it begin where it should?
fn check_begin(
    segment: &Segment,
    truth: &[Told],
    begin: usize,
    replay: usize,
    depth: usize,
) -> Result<(), String> {
    let first_visit = segment.visit(0);
    let replayed = replayed(first_visit);
    let (due, most) = match segment.after {
        Some(after) => (truth.iter().position(|told| told.id > after), depth),
        None if segment.is_plain => return Ok(()),
        None => (Some(0), replay),
    };
    let is_cut = may_be_cut(first_visit, most) && due.is_none_or(|due| begin >= due);
    let is_too_much = segment.after.is_none() && replayed > most;
    if (due != Some(begin) && !is_cut) || is_too_much {
        return Err(format!(
            "it was replayed {replayed} from {begin} on; after {:?} that should be from {due:?}",
            segment.after
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ids: impl IntoIterator<Item = u64>, is_live: bool) -> Vec<Told> {
        let text = |id: u64| {
            if id == 60 {
                super::super::FENCE.into()
            } else {
                format!("text {id}")
            }
        };
        ids.into_iter()
            .map(|id| Told {
                id,
                text: text(id),
                is_live,
            })
            .collect()
    }

    fn segment(
        replayed: impl IntoIterator<Item = u64>,
        live: impl IntoIterator<Item = u64>,
    ) -> Segment {
        let told = [told(replayed, false), told(live, true)].concat();
        Segment {
            told,
            is_last: true,
            ..Segment::default()
        }
    }

    #[track_caller]
    fn assert_right(segment: &Segment) {
        let truth = told(1..=60, true);
        check(segment, &truth, 20, 30).expect("it is right");
    }

    #[track_caller]
    fn assert_wrong(segment: &Segment) {
        let truth = told(1..=60, true);
        check(segment, &truth, 20, 30).expect_err("it is wrong");
    }

    #[test]
    fn what_is_right_passes() {
        assert_right(&segment(11..=30, 31..=60));
        assert_right(&segment(1..=5, 6..=60));
        assert_right(&segment([], 1..=60));
        let after = |after, segment| Segment {
            after: Some(after),
            ..segment
        };
        assert_right(&after(40, segment(41..=45, 46..=60)));
        assert_right(&after(4, segment(21..=50, 51..=60)));
        let gone = segment(11..=30, 31..=40);
        assert_right(&Segment {
            is_last: false,
            ..gone
        });
        let told_part = segment(7..=12, []);
        assert_right(&Segment {
            is_last: false,
            ..told_part
        });
        let soon_again = segment(11..=40, 41..=60);
        assert_right(&Segment {
            resumed: vec![20],
            ..soon_again
        });
    }

    #[test]
    fn a_gap_a_double_and_another_order_are_found() {
        assert_wrong(&segment(11..=30, 32..=60));
        assert_wrong(&segment(11..=30, 30..=60));
        assert_wrong(&segment((11..=30).rev(), 31..=60));
        assert_wrong(&segment((11..=30).filter(|&id| id != 20), 31..=60));
        assert_wrong(&segment(11..=30, 31..=59));
        let mut other_id = segment(11..=30, 31..=60);
        other_id.told[3].id = 77;
        assert_wrong(&other_id);
    }

    #[test]
    fn a_wrong_beginning_is_found() {
        assert_wrong(&segment(12..=30, 31..=60));
        assert_wrong(&segment(10..=30, 31..=60));
        assert_wrong(&segment([], 31..=60));
        let after = |after, segment| Segment {
            after: Some(after),
            ..segment
        };
        assert_wrong(&after(40, segment(42..=45, 46..=60)));
        assert_wrong(&after(40, segment(40..=45, 46..=60)));
        assert_wrong(&after(4, segment(22..=50, 51..=60)));
    }

    #[test]
    fn a_gap_is_right_only_where_no_more_is_kept() {
        let resumed = |mut ids: Vec<Told>, behind: Vec<Told>| {
            let at = ids.len();
            ids.extend(behind);
            Segment {
                told: ids,
                resumed: vec![at],
                is_last: true,
                ..Segment::default()
            }
        };
        let first = || told(1..=5, true);
        let behind = |replayed: std::ops::RangeInclusive<u64>| {
            let live = replayed.end() + 1;
            [told(replayed, false), told(live..=60, true)].concat()
        };
        assert_right(&resumed(first(), behind(6..=10)));
        assert_right(&resumed(first(), behind(11..=40)));
        assert_wrong(&resumed(first(), behind(11..=39)));
        let mut left_early = resumed(first(), told(31..=40, false));
        left_early.is_last = false;
        assert_right(&left_early);
        let truth = told(1..=60, true);
        check(&left_early, &truth, 20, usize::MAX).expect_err("all is kept there");
        assert_wrong(&resumed(first(), behind(7..=10)));
        assert_wrong(&resumed(first(), behind(5..=10)));
    }
}
