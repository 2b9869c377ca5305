//! Who is muted.

/// A mute. Each connection has an address of its own, of the connection's number.
struct Hush {
    names: Vec<String>,
    ids: Vec<u32>,
    /// Whoever comes from there later is muted as well.
    address: Option<u32>,
}

#[derive(Default)]
pub(super) struct Hushes(Vec<Hush>);

impl Hushes {
    pub(super) fn hold(&self, id: u32, key: &str) -> bool {
        let mut hushes = self.0.iter();
        hushes.any(|hush| hush.ids.contains(&id) || hush.names.iter().any(|name| name == key))
    }

    pub(super) fn remove(&mut self, id: Option<u32>, key: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|Hush { names, ids, .. }| {
            !names.iter().any(|name| name == key) && !id.is_some_and(|id| ids.contains(&id))
        });
        self.0.len() < before
    }

    pub(super) fn put(&mut self, id: u32, key: &str) {
        self.remove(Some(id), key);
        let is_anothers = self.0.iter().any(|hush| hush.address == Some(id));
        self.0.push(Hush {
            names: vec![key.into()],
            ids: vec![id],
            address: (!is_anothers).then_some(id),
        });
    }

    /// Somebody is gone: whoever comes at its connection is another.
    pub(super) fn forget(&mut self, id: u32) {
        for hush in &mut self.0 {
            hush.ids.retain(|&other| other != id);
        }
    }

    /// Whoever is muted stays so.
    pub(super) fn follow(&mut self, id: u32, key: &str) {
        let find = |is_of: &dyn Fn(&Hush) -> bool| self.0.iter().position(is_of);
        let by_id = find(&|hush| hush.ids.contains(&id));
        let by_name = find(&|hush| hush.names.iter().any(|name| name == key));
        let by_address = find(&|hush| hush.address == Some(id));
        let Some(at) = by_id.or(by_name).or(by_address) else {
            return;
        };
        if by_id.is_none() {
            self.0[at].ids.push(id);
        }
        if by_name.is_none() {
            self.0[at].names.push(key.into());
        }
    }
}
