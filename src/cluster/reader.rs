//! The thread that reads the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::RedisResult;

use crate::limits::{CLUSTER_BLOCK_MS, CLUSTER_READ_COUNT, CLUSTER_REPLY_MS, CLUSTER_RETRY_MS};

use super::{EngineLine, EngineNews, Position};

/// Reads behind a place until the server ends.
pub(super) fn run(shared: Arc<EngineLine>, after: Position) {
    let mut after = after;
    while let Err(e) = read(&shared, &mut after) {
        if shared.is_closing() {
            return;
        }
        if shared.is_reading.swap(false, Ordering::AcqRel) {
            log::error!("the cluster's engine can't be read from: {e}");
        }
        std::thread::sleep(Duration::from_millis(CLUSTER_RETRY_MS));
    }
}

/// `Ok`: the server ends.
fn read(shared: &EngineLine, after: &mut Position) -> RedisResult<()> {
    let mut link = shared.link(Duration::from_millis(CLUSTER_BLOCK_MS + CLUSTER_REPLY_MS))?;
    let standing = link.standing()?;
    if let Some(why) = loss(&standing, *after) {
        shared.tell(EngineNews::Fatal(why));
        return Ok(());
    }
    loop {
        let block = Duration::from_millis(CLUSTER_BLOCK_MS);
        let batches = link.read(*after, CLUSTER_READ_COUNT, block)?;
        shared.is_reading.store(true, Ordering::Release);
        for (at, before, batch) in batches {
            if before != *after {
                let why = format!(
                    "the engine has lost what was said: {at} comes after {before} there, and after {after} here"
                );
                shared.tell(EngineNews::Fatal(why));
                return Ok(());
            }
            *after = at;
            if !shared.tell(EngineNews::Read(at, batch)) {
                return Ok(());
            }
        }
        if shared.is_closing() {
            return Ok(());
        }
    }
}

/// Why the log can't be read on from a place.
fn loss(standing: &super::link::EngineStanding, after: Position) -> Option<String> {
    if standing.last < after {
        return Some(format!(
            "the engine has lost what was said: it has the log up to {}, and this server up to {after}",
            standing.last
        ));
    }
    (standing.cut > after).then(|| {
        format!(
            "this server is too far behind: the log begins after {}, and it has read up to {after}",
            standing.cut
        )
    })
}
