//! What a seed draws: one of several, each as often as the others or as its weight says.

#[path = "../random.rs"]
mod seeded;

pub(crate) use seeded::Random as Dice;

impl Dice {
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// An index, each as often as its weight says; `None` where all weigh nothing.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> Option<usize> {
        let total: u32 = weights.iter().sum();
        if total == 0 {
            return None;
        }
        let mut at = self.below(total as usize) as u32;
        weights.iter().position(|&weight| {
            let is_it = at < weight;
            at = at.wrapping_sub(weight);
            is_it
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_weighs_nothing_is_never_drawn() {
        let mut dice = Dice::new(1);
        let mut counts = [0; 4];
        for _ in 0..4000 {
            counts[dice.weighted(&[0, 3, 0, 1]).expect("some weight")] += 1;
        }
        assert_eq!((counts[0], counts[2]), (0, 0));
        assert!((2700..3300).contains(&counts[1]), "{counts:?}");
        assert_eq!(dice.weighted(&[0, 0]), None);
    }
}
