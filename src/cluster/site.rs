//! The Redis of a cluster, as its servers ask it.

use std::time::{Duration, Instant};

use crate::model::Secret;

use super::EngineOptions;
use super::calls::{Answered, EngineSite};
use super::link::EngineLink;

/// Where a Redis is asked.
pub struct RedisSite {
    options: EngineOptions,
    password: Option<Secret>,
    begun: Instant,
}

impl RedisSite {
    /// # Errors
    /// One line that says why the file with the password can't be read.
    pub fn new(options: &EngineOptions) -> Result<RedisSite, String> {
        Ok(RedisSite {
            options: options.clone(),
            password: password(options)?,
            begun: Instant::now(),
        })
    }
}

impl EngineSite for RedisSite {
    type Calls = EngineLink;

    fn open(&self, wait: Duration) -> Answered<EngineLink> {
        Ok(EngineLink::open(
            &self.options,
            self.password.as_ref(),
            wait,
        )?)
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn rest(&self, time: Duration) -> bool {
        std::thread::sleep(time);
        true
    }

    fn replicas(&self) -> u64 {
        self.options.replicas
    }

    fn address(&self) -> String {
        let (host, port) = &self.options.address.hosts[0];
        format!("{host}:{port}")
    }
}

/// The first line of the file with the engine's password.
fn password(options: &EngineOptions) -> Result<Option<Secret>, String> {
    let Some(path) = &options.password_file else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(text.lines().next().map(Secret::new))
}
