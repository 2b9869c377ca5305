//! Watches a run: its samples, and what the server's process spends.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::judge::{Judge, times};
use super::outcome::{Sample, ServerCost};
use super::plan::{Plan, Until};
use super::proc::{self, Reading};

/// What is measured beside what is heard.
pub(super) struct Meter {
    period_us: u64,
    next_us: u64,
    /// Deliveries up to the last sample.
    delivered: u64,
    /// The run in slices.
    pub(super) samples: Vec<Sample>,
    /// All latencies up to the last sample.
    pub(super) latency_us: Histogram<u64>,
    server: Option<(Reading, ServerCost)>,
}

impl Meter {
    /// Begins to watch.
    ///
    /// # Errors
    /// One line, where the server's process is not there.
    pub(super) fn new(plan: &Plan) -> Result<Meter, String> {
        let server = plan.pid.map(|pid| -> Result<_, String> {
            let reading = Reading::of(pid).ok_or(format!("there is no process {pid}"))?;
            let cost = ServerCost {
                pid,
                rss_before_bytes: proc::rss_exact(pid).unwrap_or(0),
                ..ServerCost::default()
            };
            Ok((reading, cost))
        });
        let time = match plan.until {
            Until::Time(time) => time,
            Until::Messages(_) => Duration::from_secs(10),
        };
        let period = (time / 100).clamp(Duration::from_millis(100), Duration::from_secs(1));
        let period_us = period.as_micros() as u64;
        Ok(Meter {
            period_us,
            next_us: period_us,
            delivered: 0,
            samples: Vec::new(),
            latency_us: times(),
            server: server.transpose()?,
        })
    }

    /// When the next sample is due, in microseconds since the first connect.
    pub(super) fn next_us(&self) -> u64 {
        self.next_us
    }

    /// Takes a sample if one is due.
    pub(super) fn tick(&mut self, now_us: u64, joined: usize, judge: &mut Judge) -> Option<Sample> {
        if now_us < self.next_us {
            return None;
        }
        self.next_us = now_us - now_us % self.period_us + self.period_us;
        Some(self.sample(now_us, joined, judge))
    }

    /// Takes a sample now.
    pub(super) fn sample(&mut self, now_us: u64, joined: usize, judge: &mut Judge) -> Sample {
        judge.settle_latency();
        let latency = &mut judge.latency_us;
        let at = |quantile| match latency.is_empty() {
            true => 0,
            false => latency.value_at_quantile(quantile),
        };
        let sample = Sample {
            at_s: now_us as f64 / 1e6,
            joined,
            deliveries: judge.delivered - self.delivered,
            latency_p50_us: at(0.5),
            latency_p99_us: at(0.99),
            rss_bytes: self.rss(proc::rss),
        };
        self.delivered = judge.delivered;
        if !latency.is_empty() {
            self.latency_us
                .add(&*latency)
                .expect("they have the same bounds");
            latency.reset();
        }
        self.samples.push(sample);
        sample
    }

    /// All have joined and nothing is said yet.
    pub(super) fn joined(&mut self) {
        let rss = self.rss(proc::rss_exact);
        if let Some((before, cost)) = &mut self.server
            && let Some(now) = Reading::of(cost.pid)
        {
            let spent = now.since(before);
            cost.joining_us = spent.user_us + spent.system_us;
            cost.rss_joined_bytes = rss;
        }
    }

    /// The speaking begins.
    pub(super) fn speaking(&mut self) {
        if let Some((before, cost)) = &mut self.server
            && let Some(now) = Reading::of(cost.pid)
        {
            *before = now;
        }
    }

    /// The last message was heard, or given up.
    pub(super) fn spoken(&mut self) {
        if let Some((before, cost)) = &mut self.server
            && let Some(now) = Reading::of(cost.pid)
        {
            let spent = now.since(before);
            cost.user_us = spent.user_us;
            cost.system_us = spent.system_us;
            cost.voluntary_switches = spent.voluntary;
            cost.involuntary_switches = spent.involuntary;
        }
    }

    /// Some time after all have left.
    pub(super) fn left(&mut self) {
        let rss = self.rss(proc::rss_exact);
        if let Some((_, cost)) = &mut self.server {
            cost.rss_after_bytes = rss;
        }
    }

    /// What the server's process spent, where its pid is known.
    pub(super) fn server(&self) -> Option<ServerCost> {
        self.server.as_ref().map(|(_, cost)| *cost)
    }

    fn rss(&mut self, read: fn(u32) -> Option<u64>) -> u64 {
        let Some((_, cost)) = &mut self.server else {
            return 0;
        };
        let rss = read(cost.pid).unwrap_or(0);
        cost.rss_peak_bytes = cost.rss_peak_bytes.max(rss);
        rss
    }
}
