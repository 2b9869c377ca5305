//! Axes: where a value stands, and round ticks that say so.

use libm::{log, log10};

/// Ticks of a linear axis: at most this many and the zero.
const STEPS_MAX: f64 = 6.0;
/// What a label's character takes, in pixels, where the typeface is a wide one.
const CHAR_PX: f64 = 7.5;
/// What stays free between two labels, in pixels.
const GAP_PX: f64 = 4.0;
/// The width of the narrowest plot, in pixels.
const NARROW_PX: f64 = 260.0;

/// A unit: from which maximum on it is used, its size and how it is written.
type Unit = (f64, f64, &'static str);

/// A tick.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AxisTick {
    /// Its value.
    pub(super) value: f64,
    /// What stands at it.
    pub(super) label: String,
    /// Its label may be left out where there is little room.
    pub(super) is_spare: bool,
}

/// An axis.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    is_logarithmic: bool,
    /// Invariant: finite, below `high`, and above 0 on a logarithmic axis.
    low: f64,
    high: f64,
    /// In rising order, all of them on the axis.
    pub(super) ticks: Vec<AxisTick>,
}

impl Axis {
    /// How many, from zero to a tick at or above `max`: 0, 200 k, 400 k.
    pub(super) fn counts(max: f64) -> Axis {
        const UNITS: [Unit; 4] = [
            (0.0, 1.0, ""),
            (1e3, 1e3, " k"),
            (1e6, 1e6, " M"),
            (1e9, 1e9, " G"),
        ];
        Axis::linear(sane(max, STEPS_MAX), &UNITS, true)
    }

    /// How many bytes, from zero to a tick at or above `max`: 0, 2 MiB, 4 MiB.
    pub(super) fn bytes(max: f64) -> Axis {
        const KIB: f64 = 1024.0;
        const MIB: f64 = KIB * KIB;
        const GIB: f64 = MIB * KIB;
        const UNITS: [Unit; 3] = [(0.0, KIB, " KiB"), (MIB, MIB, " MiB"), (GIB, GIB, " GiB")];
        Axis::linear(sane(max, 8192.0), &UNITS, true)
    }

    /// Time since the begin, from zero to `max_s` exactly: 0, 2 s, 4 s.
    pub(super) fn elapsed(max_s: f64) -> Axis {
        const UNITS: [Unit; 4] = [
            (0.0, 1e-3, " ms"),
            (0.5, 1.0, " s"),
            (120.0, 60.0, " min"),
            (7200.0, 3600.0, " h"),
        ];
        let mut axis = Axis::linear(sane(max_s, 1e-3), &UNITS, false);
        if axis.overlaps(NARROW_PX) {
            let every_other = axis.ticks.iter_mut().skip(1).step_by(2);
            every_other.for_each(|tick| tick.is_spare = true);
        }
        axis
    }

    /// How long things take, in microseconds, logarithmic, from a tick at or below `min` (at least
    /// 1 µs) to one at or above `max`: 100 µs, 1 ms, 10 ms.
    pub(super) fn durations_us(min: f64, max: f64) -> Axis {
        let min = sane(min, 1.0);
        let max = sane(max, 1.0).max(min);
        let rungs: &[f64] = match max / min > 100.0 {
            true => &[1.0],
            false => &[1.0, 2.0, 5.0],
        };
        let all = (0..=21).flat_map(|power| rungs.iter().map(move |rung| rung * 10f64.powi(power)));
        let all: Vec<f64> = all.collect();
        let first = all.iter().rposition(|&tick| tick <= min).unwrap_or(0);
        let last = all.iter().position(|&tick| tick >= max);
        let last = last.unwrap_or(all.len() - 1).max(first + 1);
        let ticks = all[first..=last].iter().enumerate();
        let ticks = ticks.map(|(at, &us)| AxisTick {
            value: us,
            label: match us {
                _ if us < 1e3 => format!("{us} µs"),
                _ if us < 1e6 => format!("{} ms", us / 1e3),
                _ => format!("{} s", us / 1e6),
            },
            is_spare: last - first > 8 && at % 2 == 1,
        });
        Axis {
            is_logarithmic: true,
            low: all[first],
            high: all[last],
            ticks: ticks.collect(),
        }
    }

    /// Shares of `total` things, so that each further nine takes as much room as the one before: 50 %,
    /// 90 %, 99 %. A share `q` stands at the value `1 / (1 - q)`.
    pub(super) fn nines(total: u64) -> Axis {
        let nines = (1..6).find(|&n| 10u64.pow(n) >= total).unwrap_or(6);
        let half = AxisTick {
            value: 2.0,
            label: "50%".into(),
            is_spare: false,
        };
        let ticks = (1..=nines).map(|n| AxisTick {
            value: 10f64.powi(n as i32),
            label: match n {
                1 => "90%".into(),
                2 => "99%".into(),
                _ => format!("99.{}%", "9".repeat(n as usize - 2)),
            },
            is_spare: n > 2 && (nines - n) % 2 == 1,
        });
        Axis {
            is_logarithmic: true,
            low: 1.0,
            high: 10f64.powi(nines as i32),
            ticks: std::iter::once(half).chain(ticks).collect(),
        }
    }

    /// The value at the axis's end.
    pub(super) fn high(&self) -> f64 {
        self.high
    }

    /// Where a value stands, from 0 to 1; what is beyond an end stands at it.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match self.is_logarithmic {
            true => log(value.max(self.low) / self.low) / log(self.high / self.low),
            false => (value - self.low) / (self.high - self.low),
        };
        match place.is_nan() {
            true => 0.0,
            false => place.clamp(0.0, 1.0),
        }
    }

    /// From zero to `max`, which is above zero, or to a tick at or above it; ticks are round in the
    /// unit that fits.
    fn linear(max: f64, units: &[Unit], is_rounded_up: bool) -> Axis {
        /// What division may be wrong by.
        const ROUNDING: f64 = 1e-12;
        let fits = |&&(from, ..): &&Unit| from <= max;
        let &(_, size, unit) = units.iter().rfind(fits).unwrap_or(&units[0]);
        let (step, decimals) = round_step(max / size / STEPS_MAX);
        let steps = match (max / size / step, is_rounded_up) {
            (steps, true) => (steps - ROUNDING).ceil(),
            (steps, false) => (steps + ROUNDING).floor(),
        };
        let label = |at: usize| match at {
            0 => "0".into(),
            _ => format!("{:.decimals$}{unit}", at as f64 * step),
        };
        let ticks = (0..=steps as usize).map(|at| AxisTick {
            value: at as f64 * step * size,
            label: label(at),
            is_spare: false,
        });
        Axis {
            is_logarithmic: false,
            low: 0.0,
            high: match is_rounded_up {
                true => steps * step * size,
                false => max,
            },
            ticks: ticks.collect(),
        }
    }

    /// Would labels that are not spare overlap below a plot that is `width` pixels wide, in which
    /// they all end?
    fn overlaps(&self, width: f64) -> bool {
        let mut end = f64::MIN;
        let shown = self.ticks.iter().filter(|tick| !tick.is_spare);
        shown.into_iter().any(|tick| {
            let half = tick.label.chars().count() as f64 * CHAR_PX / 2.0;
            let middle = (self.place(tick.value) * width).min(width - half);
            let is_over = middle - half < end + GAP_PX;
            end = middle + half;
            is_over
        })
    }
}

/// `value` where it is one that can be drawn, and at least `least`.
fn sane(value: f64, least: f64) -> f64 {
    match value.is_finite() {
        true => value.clamp(least, 1e18),
        false => least,
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below `step`, and the decimals it has.
fn round_step(step: f64) -> (f64, usize) {
    let power = log10(step).floor() as i32;
    let candidates = [1.0, 2.0, 5.0].map(|rung| (rung, power));
    let (rung, power) = candidates
        .into_iter()
        .find(|(rung, power)| rung * 10f64.powi(*power) >= step * (1.0 - 1e-9))
        .unwrap_or((1.0, power + 1));
    (
        rung * 10f64.powi(power),
        usize::try_from(-power).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The narrowest plot that shows the spare labels too, in pixels: what the style says, less margins.
    const WIDE_PX: f64 = 560.0;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_in_the_unit_that_fits() {
        assert_eq!(
            labels(&Axis::counts(1_100_000.0)),
            ["0", "0.2 M", "0.4 M", "0.6 M", "0.8 M", "1.0 M", "1.2 M"]
        );
        assert_eq!(
            labels(&Axis::bytes(7.4 * 1_048_576.0)),
            ["0", "2 MiB", "4 MiB", "6 MiB", "8 MiB"]
        );
        assert_eq!(labels(&Axis::elapsed(19.3)), ["0", "5 s", "10 s", "15 s"]);
        assert_eq!(
            labels(&Axis::durations_us(290.0, 2_100_000.0)),
            ["100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"]
        );
        assert_eq!(
            labels(&Axis::durations_us(300.0, 700.0)),
            ["200 µs", "500 µs", "1 ms"]
        );
        assert_eq!(
            labels(&Axis::nines(1_001)),
            ["50%", "90%", "99%", "99.9%", "99.99%"]
        );
    }

    /// What is not a number, nothing, and too much still make an axis.
    #[test]
    fn any_range_makes_an_axis() {
        for value in [f64::NAN, f64::INFINITY, -1.0, 0.0, f64::MAX, 1e-300] {
            let axes = [
                Axis::counts(value),
                Axis::bytes(value),
                Axis::elapsed(value),
                Axis::durations_us(value, value),
            ];
            for axis in axes {
                assert!(axis.low < axis.high && axis.high.is_finite(), "{axis:?}");
                assert!(axis.ticks.len() >= 2, "{axis:?}");
                assert!((0.0..=1.0).contains(&axis.place(value)));
            }
        }
        for total in [0, 1, u64::MAX] {
            assert!(Axis::nines(total).ticks.len() >= 2);
        }
    }

    /// The axis as it is where there is room for spare labels.
    fn with_spare(mut axis: Axis) -> Axis {
        axis.ticks.iter_mut().for_each(|tick| tick.is_spare = false);
        axis
    }

    #[test]
    fn labels_below_a_plot_never_overlap() {
        for power in 0..20 {
            let axis = Axis::nines(10u64.pow(power));
            assert!(!axis.overlaps(NARROW_PX), "{axis:?}");
            assert!(!with_spare(axis.clone()).overlaps(WIDE_PX), "{axis:?}");
        }
    }

    fn is_round(value: f64) -> bool {
        let digits = format!("{value:e}");
        ["1e", "2e", "5e"]
            .iter()
            .any(|round| digits.starts_with(round))
    }

    proptest! {
        #[test]
        fn linear_ticks_are_round_and_cover_the_range(power in -4.0..17.0) {
            let max = 10f64.powf(power);
            for (axis, unit) in [(Axis::counts(max), 1000.0), (Axis::bytes(max), 1024.0)] {
                let step = axis.ticks[1].value;
                let in_unit = (0..4).map(|power| step / f64::powi(unit, power));
                let rounded = in_unit.map(|step| (step * 1e6).round() / 1e6);
                prop_assert!(rounded.into_iter().any(is_round), "{axis:?}");
                prop_assert!((2..=7).contains(&axis.ticks.len()));
                prop_assert!(axis.high * (1.0 + 1e-9) >= max && axis.high <= 1.7 * max.max(8192.0));
                let last = &axis.ticks[axis.ticks.len() - 1];
                prop_assert!((last.value - axis.high).abs() <= axis.high * 1e-9);
                prop_assert!(!axis.ticks.iter().any(|tick| tick.label.len() > 16));
            }
        }

        #[test]
        fn elapsed_time_ends_with_the_run(max in 0.002..1e7) {
            let axis = Axis::elapsed(max);
            prop_assert_eq!(axis.high, max);
            prop_assert!((2..=7).contains(&axis.ticks.len()));
            let last = &axis.ticks[axis.ticks.len() - 1];
            prop_assert!(last.value <= max * (1.0 + 1e-9) && last.value + axis.ticks[1].value > max * (1.0 - 1e-9));
            prop_assert!(!axis.overlaps(NARROW_PX), "{:?}", axis);
            prop_assert!(!with_spare(axis.clone()).overlaps(WIDE_PX), "{:?}", axis);
        }

        #[test]
        fn logarithmic_ticks_cover_the_range(min in 0.0..18.0, span in 0.0..18.0) {
            let (min, max) = (10f64.powf(min), 10f64.powf(f64::min(min + span, 18.0)));
            let axis = Axis::durations_us(min, max);
            prop_assert!(axis.low <= min && axis.high >= max);
            prop_assert!((2..=20).contains(&axis.ticks.len()));
            prop_assert!(axis.ticks.iter().all(|tick| is_round(tick.value)));
            let shown = axis.ticks.iter().filter(|tick| !tick.is_spare).count();
            prop_assert!(shown <= 10);
        }
    }
}
