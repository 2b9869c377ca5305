//! What is asked of the engine for copies ([`super::copy`]), and which cluster it has.

use redis::cmd;

use crate::limits::CLUSTER_COPY_WAIT_MS;

use super::calls::Answered;
use super::link::EngineLink;

impl EngineLink {
    /// Which cluster it is.
    pub(super) fn id(&mut self) -> Answered<Option<u64>> {
        let key = self.key("id");
        Ok(cmd("GET").arg(key).query(&mut self.connection)?)
    }

    /// It is that one, unless it is one already, which is returned.
    pub(super) fn settle_id(&mut self, id: u64) -> Answered<u64> {
        let key = self.key("id");
        let set = cmd("SET").arg(key).arg(id).arg("NX").to_owned();
        set.query::<Option<String>>(&mut self.connection)?;
        Ok(self.id()?.unwrap_or(id))
    }

    /// Asks all servers for a copy.
    pub(super) fn ask_copy(&mut self, question: &str) -> Answered<()> {
        let key = self.key("wanted");
        cmd("RPUSH")
            .arg(&key)
            .arg(question)
            .query::<u64>(&mut self.connection)?;
        self.let_expire(&key)
    }

    /// A question for a copy, which nobody else takes.
    pub(super) fn take_question(&mut self) -> Answered<Option<String>> {
        let key = self.key("wanted");
        Ok(cmd("LPOP").arg(key).query(&mut self.connection)?)
    }

    /// Adds a piece of a copy.
    pub(super) fn put_piece(&mut self, question: &str, piece: &[u8]) -> Answered<()> {
        let key = self.key(&format!("copy:{question}"));
        cmd("RPUSH")
            .arg(&key)
            .arg(piece)
            .query::<u64>(&mut self.connection)?;
        self.let_expire(&key)
    }

    /// How many of its pieces wait.
    pub(super) fn pieces(&mut self, question: &str) -> Answered<usize> {
        let key = self.key(&format!("copy:{question}"));
        Ok(cmd("LLEN").arg(key).query(&mut self.connection)?)
    }

    /// Takes the next piece.
    pub(super) fn take_piece(&mut self, question: &str) -> Answered<Option<Vec<u8>>> {
        let key = self.key(&format!("copy:{question}"));
        Ok(cmd("LPOP").arg(key).query(&mut self.connection)?)
    }

    /// What nobody takes is gone by itself.
    fn let_expire(&mut self, key: &str) -> Answered<()> {
        let expire = cmd("PEXPIRE")
            .arg(key)
            .arg(2 * CLUSTER_COPY_WAIT_MS)
            .to_owned();
        Ok(expire.query(&mut self.connection)?)
    }
}
