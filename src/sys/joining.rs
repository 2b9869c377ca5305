//! What a server that comes to a cluster begins with on disk.

use std::path::PathBuf;
use std::time::Duration;

use crate::cluster;
use crate::limits::CLUSTER_COPY_TRIES;
use crate::store;

/// What is known of the cluster that a server is to be of.
#[derive(Debug, Default)]
pub(super) struct Joining {
    /// Where something is kept.
    data: Option<PathBuf>,
    /// The cluster that has what is kept there.
    id: Option<u64>,
}

impl Joining {
    /// As [`super::System::prepare_data`]. `run` is random, and nobody else's.
    pub(super) fn prepare(
        &mut self,
        options: &cluster::EngineOptions,
        data: &store::Options,
        run: &str,
    ) -> Result<bool, String> {
        let mut visit = cluster::visit(options)?;
        let (own, shown) = (store::standing(&data.dir)?, data.dir.display());
        (self.data, self.id) = (Some(data.dir.clone()), own.cluster);
        let Some(state) = visit.state else {
            // It is the first.
            return Ok(true);
        };
        match own.cluster {
            Some(id) if visit.id.is_some_and(|it| it != id) => {
                return Err(format!("what is kept in {shown} is of another cluster"));
            }
            None if !own.is_empty => {
                return Err(format!(
                    "what is kept in {shown} is of no cluster, and this one has begun: begin with an empty directory"
                ));
            }
            _ => {}
        }
        if own.applied >= Some(state) {
            return Ok(true);
        }
        for at in 0..CLUSTER_COPY_TRIES {
            let question = format!("{run}-{at}");
            let copied =
                store::replace(&data.dir, state, &mut |write| visit.copy(&question, write))?;
            if copied {
                log::info!("what other servers of the cluster have was copied to {shown}");
                self.id = visit.id;
                return Ok(true);
            }
            if !visit.has_others()? {
                break;
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        log::warn!("no server of the cluster has what was said before: it is not in {shown}");
        Ok(false)
    }

    /// Settles which cluster it is: that of what is kept here, or a new one, which `drawn` is called.
    ///
    /// # Errors
    /// It is another than what is kept here is of.
    pub(super) fn settle(
        &mut self,
        options: &cluster::EngineOptions,
        drawn: u64,
    ) -> Result<(), String> {
        let id = cluster::visit(options)?.settle(self.id.unwrap_or(drawn >> 1))?;
        if self.id.is_some_and(|own| own != id) {
            return Err("what is kept here is of another cluster".into());
        }
        self.id = Some(id);
        Ok(())
    }

    /// Copies what is kept here for others from now on. Returns which cluster it is.
    ///
    /// # Errors
    /// One line that says that no thread could be started.
    pub(super) fn serve(&mut self, options: &cluster::EngineOptions) -> Result<u64, String> {
        let id = self.id.unwrap_or_default();
        if let Some(dir) = self.data.take() {
            let make = move |name: &str| store::make_copy(&dir, name);
            cluster::serve(options.clone(), id, Box::new(make))?;
        }
        Ok(id)
    }
}
