//! The limit of open files, and what may stand in a crowd's way.

use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit, setrlimit};

use super::proc;
use super::table::grouped;

/// Descriptors kept for the poll, the timer, signals, `/proc` and whatever else comes up.
const KEPT: usize = 24;

/// Raises the soft limit of descriptors to the hard one; returns what may be open then.
pub(super) fn raise() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // Where it is refused the soft limit goes on to hold, and is what is returned.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Can `sockets` be open at once?
///
/// # Errors
/// A sentence that says which limit stands in the way, and what to do.
pub(super) fn check(sockets: usize) -> Result<(), String> {
    let allowed = raise();
    let needed = (sockets + KEPT + proc::open_descriptors()) as u64;
    if needed <= allowed {
        return Ok(());
    }
    let fit = allowed.saturating_sub(needed - sockets as u64);
    Err(format!(
        "{} connections need {} descriptors, and the hard limit of open files is {}: raise it \
         (ulimit -Hn, LimitNOFILE=), or take at most {} clients",
        grouped(sockets as u64),
        grouped(needed),
        grouped(allowed),
        grouped(fit)
    ))
}

/// What a failed attempt to open a connection says about the limit that stands in the way; `None`
/// where it is about the server.
pub(super) fn explain(error: &io::Error, open: usize, sources: usize) -> Option<String> {
    match Errno::from_io_error(error)? {
        Errno::MFILE => Some(format!(
            "descriptors ran out at {open} connections: raise the limit of open files (ulimit -n)"
        )),
        Errno::NFILE => Some(format!(
            "the whole system's descriptors ran out at {open} connections: raise fs.file-max"
        )),
        Errno::ADDRNOTAVAIL | Errno::ADDRINUSE => {
            let (first, last) = proc::local_ports().unwrap_or((32768, 60999));
            let count = last.saturating_sub(first) + 1;
            Some(format!(
                "local ports ran out at {open} connections from {sources} source address(es): \
                 net.ipv4.ip_local_port_range {first}-{last} gives {count} for each; \
                 spread the clients, as in --source 127.0.0.2-127.0.0.9"
            ))
        }
        Errno::NOBUFS | Errno::NOMEM => Some(format!(
            "the system has no memory for more than {open} sockets (net.ipv4.tcp_mem)"
        )),
        _ => None,
    }
}
