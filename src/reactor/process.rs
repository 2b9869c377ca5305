//! What the process takes of the machine, as Linux tells it.

use std::path::Path;

use crate::sys::System;
use crate::web::metrics::ProcessFigures;

use super::timers::Tick;

/// Milliseconds of a tick of `/proc/PID/stat`: on all of Linux's machines that there is Rust for, 100 are a second.
const MS_PER_TICK: u64 = 10;

pub(super) fn figures(system: &impl System, uptime: Tick) -> ProcessFigures {
    ProcessFigures {
        started_ms: system.unix_ms().saturating_sub(uptime),
        cpu_ms: cpu_ms(system),
        descriptors: system.open_descriptors(),
        descriptors_max: number(system, "/proc/self/limits", "Max open files"),
        resident_bytes: number(system, "/proc/self/status", "VmRSS:").map(|kib| kib * 1024),
    }
}

/// User's and system's time: the 14th and the 15th word. The second is the program's name, with blanks if it likes.
fn cpu_ms(system: &impl System) -> Option<u64> {
    let stat = text(system, "/proc/self/stat")?;
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut words = behind_name.split_whitespace().skip(11);
    let user: u64 = words.next()?.parse().ok()?;
    let kernel: u64 = words.next()?.parse().ok()?;
    Some((user + kernel) * MS_PER_TICK)
}

/// The first number of the line that begins so.
fn number(system: &impl System, path: &str, begins: &str) -> Option<u64> {
    let text = text(system, path)?;
    let line = text.lines().find_map(|line| line.strip_prefix(begins))?;
    line.split_whitespace().next()?.parse().ok()
}

fn text(system: &impl System, path: &str) -> Option<String> {
    String::from_utf8(system.read(Path::new(path)).ok()?).ok()
}
