//! The servers of a cluster, as its Redis has them: whose lease holds, who is to go.

use redis::{RedisResult, Script, Value, cmd};

use crate::model::{NodeEntry, NodeId};

use super::calls::EngineNode;
use super::link::EngineLink;
use super::scripts::{DRAIN, END_LEASE, NODES};

impl EngineLink {
    /// Tells which connection is this server's, and where people reach it.
    pub(super) fn tell_itself(&mut self) -> RedisResult<()> {
        let client: u64 = cmd("CLIENT").arg("ID").query(&mut self.connection)?;
        let address = self.address_told.as_deref().unwrap_or_default();
        let told = cmd("HSET")
            .arg(self.node_key(&self.name))
            .arg(&["client", &client.to_string()])
            .arg(&["address", address])
            .to_owned();
        told.query(&mut self.connection)
    }

    /// The servers that have ever enrolled, by their names.
    pub(super) fn all_nodes(&mut self) -> RedisResult<Vec<EngineNode>> {
        type Row = (String, u16, String, String, String, String, String);
        let rows: Vec<Row> = Script::new(NODES)
            .key(self.key("nodes"))
            .arg(self.key(""))
            .invoke(&mut self.connection)?;
        let of_row = |(name, node, alive, client, address, drain, lease): Row| EngineNode {
            node: NodeId(node),
            client,
            entry: NodeEntry {
                address: Some(address).filter(|it| !it.is_empty()),
                is_here: name == self.name,
                is_member: alive == "1",
                has_lease: lease == "1",
                is_draining: drain == "1",
                name,
            },
        };
        let mut nodes: Vec<EngineNode> = rows.into_iter().map(of_row).collect();
        nodes.sort_by(|one, other| one.entry.name.cmp(&other.entry.name));
        Ok(nodes)
    }

    /// Those of some connections that are open; all of them, where it may not be asked.
    pub(super) fn open_of(&mut self, clients: &[String]) -> RedisResult<Vec<String>> {
        if clients.is_empty() {
            return Ok(Vec::new());
        }
        let listed: RedisResult<String> = cmd("CLIENT")
            .arg(&["LIST", "ID"])
            .arg(clients)
            .query(&mut self.connection);
        let listed = match listed {
            Err(e) if e.code() == Some("NOPERM") => return Ok(clients.to_vec()),
            listed => listed?,
        };
        let words = listed.lines().filter_map(|line| line.split(' ').next());
        let ids = words.filter_map(|word| word.strip_prefix("id="));
        Ok(ids.map(String::from).collect())
    }

    /// Ends the lease of a server whose connection has ended, unless it has come by another.
    pub(super) fn end_lease_of(&mut self, name: &str, client: &str) -> RedisResult<()> {
        Script::new(END_LEASE)
            .key(self.node_key(name))
            .key(self.lease_key(name))
            .arg(client)
            .invoke(&mut self.connection)
    }

    /// Has a server be drained that has enrolled.
    pub(super) fn have_drained(&mut self, name: &str) -> RedisResult<()> {
        Script::new(DRAIN)
            .key(self.key("nodes"))
            .key(self.node_key(name))
            .arg(name)
            .invoke(&mut self.connection)
    }

    /// How many batches there were ever; 0 where there is no log.
    pub(super) fn count_ever(&mut self) -> RedisResult<u64> {
        let log = self.key("log");
        let has_log: u8 = cmd("EXISTS").arg(&log).query(&mut self.connection)?;
        if has_log == 0 {
            return Ok(0);
        }
        let info: Value = cmd("XINFO")
            .arg("STREAM")
            .arg(&log)
            .query(&mut self.connection)?;
        let Value::Array(fields) = info else {
            return Ok(0);
        };
        let added = fields.chunks(2).find_map(|pair| match pair {
            [Value::BulkString(name), Value::Int(added)] if name == b"entries-added" => {
                u64::try_from(*added).ok()
            }
            _ => None,
        });
        Ok(added.unwrap_or(0))
    }
}
