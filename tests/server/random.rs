//! Chance of a test that is another at each run: its seed is printed.

#[path = "../random.rs"]
mod seeded;

pub(crate) use seeded::Random;

impl Random {
    /// A seed of this moment, or that of `HUBBUB_SEED` for a run that is to be repeated. It is printed.
    pub(crate) fn of_now(what: &str) -> Random {
        let given = std::env::var("HUBBUB_SEED").ok();
        let seed = given.map_or_else(
            || crate::util::unix_now().to_bits().rotate_left(20),
            |seed| seed.parse().expect("a number"),
        );
        println!("{what}: HUBBUB_SEED={seed}");
        Random::new(seed)
    }

    /// Another one, whose choices these here do not change.
    pub(crate) fn fork(&mut self) -> Random {
        Random::new(self.next())
    }
}
