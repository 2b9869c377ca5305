//! Files that are sent: each piece is handed to the store, and nothing more of the connection is read until it is
//! written.

use crate::dialect::http::{Response, ResponseMode};
use crate::limits::UPLOAD_BYTES_PER_S;
use crate::model::{ConnId, ErrorCode, FileClaim, SharedFile};
use crate::store::{FileAnswer, FileFailure, FileOrder};
use crate::sys::System;
use crate::web::{UploadRequest, api, files};

use super::Reactor;
use super::apply::Input;
use super::sharing::SharedPost;
use super::transfers::Sharer;

impl<S: System> Reactor<S> {
    /// Begins to take in a file, by who may share it.
    pub(super) fn begin_upload(
        &mut self,
        id: ConnId,
        mode: ResponseMode,
        upload: UploadRequest,
    ) -> Result<(), Response> {
        self.spend(id, COST);
        let UploadRequest {
            room,
            by,
            name,
            mime,
            len,
        } = upload;
        let (nick, is_bot) = self.poster(id, by, None)?;
        if !self.has_room_for_upload(id) {
            return Err(files::too_many());
        }
        let now = self.clock.moment;
        let Some(connection) = self.connections.get_mut(id) else {
            return Ok(());
        };
        let owner = self
            .hub
            .check_sharing(connection.peer, &nick, is_bot, &room, now)
            .map_err(|code| api::refused(&code))?;
        let claim = FileClaim {
            room: room.clone(),
            owner,
            name,
            mime,
            len,
        };
        let by = Sharer::Holder { nick, is_bot };
        let at = self.transfers.begin_upload(id, mode, (by, room), None);
        self.hold_for_file(id);
        let claim = Box::new(claim);
        self.order(FileOrder::Begin { at, claim });
        Ok(())
    }

    /// A piece of a file came.
    pub(super) fn take_piece(&mut self, id: ConnId, bytes: Vec<u8>) {
        let Some(upload) = self.transfers.upload(id) else {
            return;
        };
        let at = upload.at;
        let now = self.clock.now;
        let ms = bytes.len() as u64 * 1000 / UPLOAD_BYTES_PER_S;
        self.hold_for_file(id);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.allow_more(ms, now);
        }
        self.order(FileOrder::Append { at, bytes });
    }

    /// No more of a file will come.
    pub(super) fn end_pieces(&mut self, id: ConnId, is_whole: bool) {
        let Some(upload) = self.transfers.upload(id) else {
            return;
        };
        let at = upload.at;
        if !is_whole {
            return self.refuse_upload(id, &files::cut_off());
        }
        if self.end_part(id) {
            return;
        }
        self.hold_for_file(id);
        self.order(FileOrder::Finish { at });
    }

    /// What the store says of a file that is taken in.
    pub(super) fn hear_of_upload(&mut self, at: u64, answer: FileAnswer) {
        if let (FileAnswer::Taken(Ok(offset)), Some(ticket)) =
            (&answer, self.transfers.tickets.of_transfer(at))
        {
            ticket.note_offset(*offset, self.clock.now);
        }
        let Some(id) = self.transfers.uploader(at) else {
            if let FileAnswer::Stored(Ok(file)) = answer {
                // Who sent it is gone, and may begin again.
                if let Some(ticket) = self.transfers.tickets.of_transfer(at) {
                    (ticket.at, ticket.offset) = (None, 0);
                }
                self.order(FileOrder::Remove(vec![file.id]));
            }
            return;
        };
        let is_open = self.connections.get_open(id).is_some();
        match answer {
            FileAnswer::Taken(Ok(_)) if is_open => {
                if let Some(connection) = self.connections.get_open(id) {
                    connection.unthrottle();
                }
                self.connections.make_ready(id);
            }
            FileAnswer::Taken(Ok(_)) => self.abort_upload(id),
            FileAnswer::Stored(Ok(file)) => self.share(id, file),
            FileAnswer::Taken(Err(failure)) | FileAnswer::Stored(Err(failure)) => {
                let code = match failure {
                    FileFailure::TooLong => {
                        ErrorCode::FileTooLong(self.site.file_bytes_max.unwrap_or(0))
                    }
                    FileFailure::Full => ErrorCode::FilesFull,
                    FileFailure::Broken => ErrorCode::StoreFailed,
                };
                let by = self.transfers.upload(id).map(|upload| upload.by.clone());
                self.refuse_upload(id, &api::refused(&code));
                if let Some(Sharer::Ticket { secret, .. }) = by {
                    self.transfers.tickets.remove(&secret);
                }
            }
            FileAnswer::Opened(_) | FileAnswer::Piece(_) => {}
        }
    }

    /// A file is on disk: it is told to the room.
    fn share(&mut self, id: ConnId, file: SharedFile) {
        let Some(upload) = self.transfers.end_upload(id) else {
            return;
        };
        let (who, mode, room) = (id, upload.mode, upload.room);
        let by = upload.by;
        if let Sharer::Ticket { secret, .. } = &by {
            self.transfers.tickets.remove(secret);
        }
        let shared = SharedPost { room, by, file };
        self.apply(Input::Share { who, mode, shared });
    }

    /// A file is not taken in.
    fn refuse_upload(&mut self, id: ConnId, response: &Response) {
        let mode = self.transfers.upload(id).map(|upload| upload.mode);
        self.abort_upload(id);
        if let (Some(mode), Some(connection)) = (mode, self.connections.get_open(id)) {
            connection.unthrottle();
            self.respond(id, mode, response);
        }
    }
}

/// What beginning to send a file costs, in tokens: it is work beside the loop, and room on the disk.
const COST: u64 = 3;
