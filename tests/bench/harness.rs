//! Medians of repeated measurements, as one table a benchmark.

use std::time::{Duration, Instant};

const SAMPLES: usize = 15;
/// A sample shorter than this is mostly the clock's own noise.
const SAMPLE_MIN: Duration = Duration::from_millis(10);

/// A row: what is measured, and its median in `unit`. `run` measures once: how long it took, and how
/// many things were done. `in_unit` is given the nanoseconds that one thing took.
///
/// `cargo bench` asks to measure; without its `--bench` (`cargo test --all-targets`) all is run just once.
pub(crate) fn row(
    name: &str,
    unit: &str,
    in_unit: impl Fn(f64) -> f64,
    mut run: impl FnMut() -> (Duration, u64),
) {
    let is_measured = std::env::args().any(|arg| arg == "--bench");
    if !is_measured {
        run();
        return;
    }
    sample(&mut run);
    let mut samples: Vec<f64> = (0..SAMPLES).map(|_| sample(&mut run)).collect();
    samples.sort_by(f64::total_cmp);
    println!("{name:<48} {:>9.0} {unit}", in_unit(samples[SAMPLES / 2]));
}

/// How long `work` takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

/// Nanoseconds for one thing, over as many runs as a sample needs.
fn sample(run: &mut impl FnMut() -> (Duration, u64)) -> f64 {
    let mut took = Duration::ZERO;
    let mut things = 0;
    while took < SAMPLE_MIN {
        let (time, done) = run();
        took += time;
        things += done;
    }
    took.as_nanos() as f64 / things as f64
}
