//! What users and rooms say of themselves by keys, for programs that show it.

use crate::chat::{Entry, MetadataOf};
use crate::model::{ConnId, ErrorCode, MetadataTarget};

use super::decision::Decision;
use super::state::Hub;

impl Hub {
    pub(super) fn set_metadata(
        &mut self,
        who: ConnId,
        target: MetadataTarget,
        key: String,
        value: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        let by = self.own_id(who)?;
        let of = match target {
            MetadataTarget::Room(name) => {
                let room = self.chat.rooms().find(&name);
                MetadataOf::Room(room.ok_or(ErrorCode::NoRoomToShow(name))?)
            }
            MetadataTarget::User(nick) => match self.chat.users().find(nick.as_str()) {
                Some(user) => MetadataOf::User(user),
                None => return Err(ErrorCode::NotOperator),
            },
        };
        let entry = Entry::SetMetadata { by, of, key, value };
        Decision::entry(entry)
    }
}
