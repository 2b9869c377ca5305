//! Which plots a run gives, and what is in them.

use libm::pow;

use hdrhistogram::Histogram;

use super::super::outcome::{Outcome, Sample};
use super::super::units::{bytes, count, mean, micros};
use super::axis::Axis;
use super::plot::{Curve, Plot};

/// More points than this a curve cannot show.
const POINTS_MAX: usize = 240;

/// Every plot that there is something in.
pub(super) fn all(outcome: &Outcome) -> Vec<Plot> {
    let samples = thin(&outcome.samples);
    let over_time = samples.last().map(|last| OverTime {
        samples: &samples,
        axis: Axis::elapsed(last.at_s),
        joining_s: outcome.joining.as_secs_f64(),
    });
    let over_time = over_time.as_ref();
    let latency = [("delivery", &outcome.latency_us)];
    let entry = [("connect", &outcome.connect_us), ("join", &outcome.join_us)];
    let plots = [
        by_percentile("Latency by percentile", &latency),
        over_time.and_then(OverTime::latency),
        over_time.and_then(OverTime::throughput),
        over_time.and_then(OverTime::memory),
        over_time.and_then(OverTime::clients),
        by_percentile("Connect and join by percentile", &entry),
    ];
    plots.into_iter().flatten().collect()
}

/// How many samples make one point of a curve over time.
pub(super) fn samples_a_point(samples: usize) -> usize {
    samples.div_ceil(POINTS_MAX).max(1)
}

/// The percentile curve as HdrHistogram draws it: the rarer, the wider, so that the tail is
/// seen. It ends with the longest.
fn by_percentile(title: &'static str, sets: &[(&'static str, &Histogram<u64>)]) -> Option<Plot> {
    let sets: Vec<_> = sets.iter().filter(|(_, times)| !times.is_empty()).collect();
    let total = sets.iter().map(|(_, times)| times.len()).max()?;
    let x = Axis::nines(total);
    let curves = sets.iter().map(|(name, times)| {
        let points = (0..POINTS_MAX).map(|at| {
            let rarity = pow(x.high(), at as f64 / POINTS_MAX as f64);
            Some((rarity, at_quantile(times, 1.0 - 1.0 / rarity)))
        });
        let longest = Some((x.high(), times.max() as f64));
        Curve {
            name,
            points: points.chain([longest]).collect(),
        }
    });
    let words = sets.iter().map(|(name, times)| {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| micros(at_quantile(times, share)));
        format!("{name}: half within {p50}, 99% within {p99}, the longest {max}.")
    });
    let shortest = sets.iter().map(|(_, times)| times.min()).min()?;
    let longest = sets.iter().map(|(_, times)| times.max()).max()?;
    Some(Plot {
        title,
        description: words.collect::<Vec<_>>().join(" "),
        curves: curves.collect(),
        y: Axis::durations_us(shortest as f64, longest as f64),
        x,
        shaded_to: None,
        is_filled: false,
    })
}

/// What the plots over time share.
struct OverTime<'a> {
    samples: &'a [Sample],
    axis: Axis,
    joining_s: f64,
}

impl OverTime<'_> {
    /// A gap where nothing was delivered.
    fn latency(&self) -> Option<Plot> {
        let heard = self.samples.iter().filter(|sample| sample.deliveries > 0);
        let lowest = heard.clone().map(|sample| sample.latency_p50_us).min()?;
        let highest = heard.map(|sample| sample.latency_p99_us).max()?;
        let of = |us: u64, sample: &Sample| (sample.deliveries > 0).then_some(us as f64);
        let curves = vec![
            self.steps("p50", |sample, _| of(sample.latency_p50_us, sample)),
            self.steps("p99", |sample, _| of(sample.latency_p99_us, sample)),
        ];
        let description = format!(
            "From {} (the lowest p50) to {} (the highest p99).",
            micros(lowest as f64),
            micros(highest as f64)
        );
        let y = Axis::durations_us(lowest as f64, highest as f64);
        Some(self.plot("Latency over time", description, y, curves))
    }

    fn throughput(&self) -> Option<Plot> {
        let curve = self.steps("deliveries", |sample, length_s| {
            Some(sample.deliveries as f64 / length_s)
        });
        let highest = curve.highest();
        let description = format!("Up to {} deliveries a second.", mean(highest));
        let title = "Deliveries a second over time";
        (highest > 0.0).then(|| self.plot(title, description, Axis::counts(highest), vec![curve]))
    }

    fn memory(&self) -> Option<Plot> {
        let curve = self.steps("resident memory", |sample, _| {
            (sample.rss_bytes > 0).then_some(sample.rss_bytes as f64)
        });
        let highest = curve.highest();
        let description = format!("Up to {}.", bytes(highest));
        let title = "Server's resident memory over time";
        (highest > 0.0).then(|| self.plot(title, description, Axis::bytes(highest), vec![curve]))
    }

    fn clients(&self) -> Option<Plot> {
        let joined = self.samples.iter().map(|sample| sample.joined);
        let (lowest, highest) = (joined.clone().min()?, joined.max()?);
        let curve = self.steps("clients", |sample, _| Some(sample.joined as f64));
        let description = format!(
            "From {} to {}.",
            count(lowest as u64),
            count(highest as u64)
        );
        let title = "Clients joined over time";
        let y = Axis::counts(highest as f64);
        (lowest < highest).then(|| self.plot(title, description, y, vec![curve]))
    }

    /// A step for each sample, as it tells of the time since the one before. `value` is given that
    /// time's length in seconds, which is above 0.
    fn steps(&self, name: &'static str, value: impl Fn(&Sample, f64) -> Option<f64>) -> Curve {
        let mut begin_s = 0.0;
        let mut points = Vec::with_capacity(self.samples.len() * 2);
        for sample in self.samples {
            let length_s = sample.at_s - begin_s;
            if length_s > 0.0 {
                let value = value(sample, length_s);
                points.extend([begin_s, sample.at_s].map(|at_s| value.map(|value| (at_s, value))));
                begin_s = sample.at_s;
            }
        }
        Curve { name, points }
    }

    fn plot(&self, title: &'static str, description: String, y: Axis, curves: Vec<Curve>) -> Plot {
        Plot {
            title,
            description,
            x: self.axis.clone(),
            y,
            shaded_to: Some(self.joining_s),
            is_filled: curves.len() == 1,
            curves,
        }
    }
}

/// At most [`POINTS_MAX`] samples of finite time, each of as many neighbours: when the last one
/// ended, what they delivered together, and the highest of everything else.
fn thin(samples: &[Sample]) -> Vec<Sample> {
    let samples: Vec<Sample> = samples
        .iter()
        .filter(|sample| sample.at_s.is_finite())
        .copied()
        .collect();
    let merged = samples
        .chunks(samples_a_point(samples.len()))
        .filter_map(|chunk| {
            chunk.iter().copied().reduce(|one, next| Sample {
                at_s: next.at_s,
                joined: one.joined.max(next.joined),
                deliveries: one.deliveries.saturating_add(next.deliveries),
                latency_p50_us: one.latency_p50_us.max(next.latency_p50_us),
                latency_p99_us: one.latency_p99_us.max(next.latency_p99_us),
                rss_bytes: one.rss_bytes.max(next.rss_bytes),
            })
        });
    merged.collect()
}

/// The time that a share of the times stayed within, in microseconds.
pub(super) fn at_quantile(times: &Histogram<u64>, quantile: f64) -> f64 {
    // The histogram gives the upper end of a bucket, which may be above what it has ever seen.
    times.value_at_quantile(quantile).min(times.max()) as f64
}
