//! What a process spent, read from `/proc`.

use std::fs::read_to_string;

/// Processor time and context switches of a process, all its threads together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Processor time in its own code, in microseconds.
    pub(super) user_us: u64,
    /// Processor time in the kernel, in microseconds.
    pub(super) system_us: u64,
    /// Times that it gave up its processor by itself.
    pub(super) voluntary: u64,
    /// Times that its processor was taken from it.
    pub(super) involuntary: u64,
}

/// What was spent up to now, in the kernel's own units: the split of ticks is coarse, the sum is not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    user_ticks: u64,
    system_ticks: u64,
    cpu_ns: Option<u64>,
    voluntary: u64,
    involuntary: u64,
}

impl Reading {
    /// Reads what process `pid` spent; `None` where there is no such process.
    pub(super) fn of(pid: u32) -> Option<Reading> {
        let stat = read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (user_ticks, system_ticks) = ticks(&stat)?;
        let mut reading = Reading {
            user_ticks,
            system_ticks,
            cpu_ns: Some(0),
            ..Reading::default()
        };
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))
            .ok()?
            .flatten()
        {
            let file = |name| read_to_string(task.path().join(name)).unwrap_or_default();
            let ns = first_number(&file("schedstat"));
            reading.cpu_ns = reading.cpu_ns.zip(ns).map(|(sum, ns)| sum + ns);
            let status = file("status");
            reading.voluntary += field(&status, "voluntary_ctxt_switches:").unwrap_or(0);
            reading.involuntary += field(&status, "nonvoluntary_ctxt_switches:").unwrap_or(0);
        }
        Some(reading)
    }

    /// What was spent since `earlier`.
    pub(super) fn since(&self, earlier: &Reading) -> Usage {
        /// The kernel shows times in hundredths of a second (`USER_HZ`).
        const TICK_US: u64 = 10_000;
        let user = self.user_ticks.saturating_sub(earlier.user_ticks);
        let system = self.system_ticks.saturating_sub(earlier.system_ticks);
        let ticks = user + system;
        let precise = self.cpu_ns.zip(earlier.cpu_ns);
        let total_us = match precise.map(|(now, then)| now.saturating_sub(then) / 1000) {
            Some(us) if us > 0 => us,
            _ => ticks * TICK_US,
        };
        let user_us = (total_us * user).checked_div(ticks).unwrap_or(total_us);
        Usage {
            user_us,
            system_us: total_us - user_us,
            voluntary: self.voluntary.saturating_sub(earlier.voluntary),
            involuntary: self.involuntary.saturating_sub(earlier.involuntary),
        }
    }
}

/// Resident memory now, in bytes, as the kernel counts it page by page: exact, and slow.
pub(super) fn rss_exact(pid: u32) -> Option<u64> {
    let rollup = read_to_string(format!("/proc/{pid}/smaps_rollup"));
    let kib = rollup.ok().and_then(|text| field(&text, "Rss:"));
    kib.map(|kib| kib * 1024).or_else(|| rss(pid))
}

/// Resident memory now, in bytes.
pub(super) fn rss(pid: u32) -> Option<u64> {
    let status = read_to_string(format!("/proc/{pid}/status")).ok()?;
    field(&status, "VmRSS:").map(|kib| kib * 1024)
}

/// Descriptors that this process has open.
pub(super) fn open_descriptors() -> usize {
    // One of them is that of the directory itself.
    std::fs::read_dir("/proc/self/fd").map_or(8, |entries| entries.count())
}

/// The range of ports that the kernel gives to those who ask for none.
pub(super) fn local_ports() -> Option<(u32, u32)> {
    let text = read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut numbers = text.split_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// User and system time of a `stat` line; the name in it may hold anything.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    first_number(line)
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_parentheses_does_not_confuse() {
        let stat = "1 (a ) b) S 0 1 1 0 -1 4 100 0 0 0 12 34 0 0 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some((12, 34)));
        assert_eq!(ticks("nonsense"), None);
    }

    #[test]
    fn fields_of_a_status() {
        let status =
            "VmRSS:\t    1234 kB\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t9\n";
        assert_eq!(field(status, "VmRSS:"), Some(1234));
        assert_eq!(field(status, "voluntary_ctxt_switches:"), Some(7));
        assert_eq!(field(status, "nonvoluntary_ctxt_switches:"), Some(9));
        assert_eq!(field(status, "VmHWM:"), None);
    }

    #[test]
    fn the_split_is_that_of_the_ticks_and_the_sum_is_precise() {
        let reading = |user_ticks, system_ticks, cpu_ns| Reading {
            user_ticks,
            system_ticks,
            cpu_ns,
            ..Reading::default()
        };
        let spent = reading(11, 33, Some(444_000_000)).since(&reading(1, 3, Some(4_000_000)));
        assert_eq!((spent.user_us, spent.system_us), (110_000, 330_000));
        let spent = reading(11, 33, None).since(&reading(1, 3, None));
        assert_eq!((spent.user_us, spent.system_us), (100_000, 300_000));
        let spent = reading(1, 3, Some(900_000)).since(&reading(1, 3, Some(0)));
        assert_eq!((spent.user_us, spent.system_us), (900, 0));
    }

    #[test]
    fn this_process_is_there() {
        let pid = std::process::id();
        assert!(Reading::of(pid).is_some() && rss_exact(pid) > Some(0) && rss(pid) > Some(0));
        assert!(Reading::of(u32::MAX).is_none());
        assert!(open_descriptors() >= 3);
    }
}
