//! Files on their way: what is under way on each connection. Pure: the store, the hub and the time are the caller's.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::dialect::http::ResponseMode;
use crate::limits::FILE_PIECE_BYTES;
use crate::model::{ConnId, Nick, RoomName};
use crate::web::DownloadRequest;

use super::tickets::Tickets;

/// All that is under way.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    /// Whose each transfer is. Invariant: of each a connection has an upload or a download.
    owners: BTreeMap<u64, ConnId>,
    uploads: BTreeMap<ConnId, Upload>,
    downloads: BTreeMap<ConnId, Download>,
    pub(super) tickets: Tickets,
    /// What the last transfer is called.
    last: u64,
}

/// A file that a connection sends.
#[derive(Debug)]
pub(super) struct Upload {
    /// What the transfer is called by the store.
    pub(super) at: u64,
    pub(super) mode: ResponseMode,
    pub(super) by: Sharer,
    pub(super) room: RoomName,
}

/// Who shares a file.
#[derive(Debug, Clone)]
pub(super) enum Sharer {
    /// Who has a token.
    Holder {
        nick: Nick,
        /// As a bot with an account?
        is_bot: bool,
    },
    /// Who has a ticket, for the session that asked for it.
    Ticket { secret: String, who: ConnId },
}

/// A file that a connection is sent.
#[derive(Debug)]
pub(super) struct Download {
    /// What the transfer is called by the store.
    pub(super) at: u64,
    pub(super) mode: ResponseMode,
    pub(super) request: Box<DownloadRequest>,
    /// What is to be read of it yet.
    left: Range<u64>,
    /// Is a piece of it being read?
    is_reading: bool,
}

impl Transfers {
    pub(super) fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// What the next transfer is called.
    fn name(&mut self, id: ConnId) -> u64 {
        self.last += 1;
        self.owners.insert(self.last, id);
        self.last
    }

    /// Who sends files.
    pub(super) fn uploaders(&self) -> impl Iterator<Item = ConnId> {
        self.uploads.keys().copied()
    }

    pub(super) fn downloads_len(&self) -> usize {
        self.downloads.len()
    }

    /// A connection begins to send a file, or goes on with one that is called so already. Returns what that is
    /// called.
    pub(super) fn begin_upload(
        &mut self,
        id: ConnId,
        mode: ResponseMode,
        (by, room): (Sharer, RoomName),
        known: Option<u64>,
    ) -> u64 {
        let at = match known {
            Some(at) => {
                self.owners.insert(at, id);
                at
            }
            None => self.name(id),
        };
        let upload = Upload { at, mode, by, room };
        self.uploads.insert(id, upload);
        at
    }

    pub(super) fn upload(&mut self, id: ConnId) -> Option<&mut Upload> {
        self.uploads.get_mut(&id)
    }

    /// Whose upload is called that.
    pub(super) fn uploader(&self, at: u64) -> Option<ConnId> {
        let owner = self.owners.get(&at).copied();
        owner.filter(|id| self.uploads.contains_key(id))
    }

    pub(super) fn end_upload(&mut self, id: ConnId) -> Option<Upload> {
        let upload = self.uploads.remove(&id)?;
        self.owners.remove(&upload.at);
        Some(upload)
    }

    /// A connection begins to be sent a file. Returns what that is called.
    pub(super) fn begin_download(
        &mut self,
        id: ConnId,
        mode: ResponseMode,
        request: Box<DownloadRequest>,
    ) -> u64 {
        let at = self.name(id);
        let download = Download {
            at,
            mode,
            request,
            left: 0..0,
            is_reading: true,
        };
        self.downloads.insert(id, download);
        at
    }

    pub(super) fn download(&mut self, id: ConnId) -> Option<&mut Download> {
        self.downloads.get_mut(&id)
    }

    pub(super) fn has_download(&self, id: ConnId) -> bool {
        self.downloads.contains_key(&id)
    }

    /// Whose download is called that.
    pub(super) fn downloader(&self, at: u64) -> Option<ConnId> {
        let owner = self.owners.get(&at).copied();
        owner.filter(|id| self.downloads.contains_key(id))
    }

    pub(super) fn end_download(&mut self, id: ConnId) -> Option<Download> {
        let download = self.downloads.remove(&id)?;
        self.owners.remove(&download.at);
        Some(download)
    }

    /// Every connection that sends or is sent a file.
    pub(super) fn ids(&self) -> Vec<ConnId> {
        self.owners.values().copied().collect()
    }
}

impl Download {
    /// That part of the file is to be read.
    pub(super) fn set_part(&mut self, part: Range<u64>) {
        self.left = part;
        self.is_reading = false;
    }

    /// A piece was read. `false`: it is not the one that was wanted.
    pub(super) fn note_piece(&mut self, len: usize) -> bool {
        let is_wanted = len == self.piece_len();
        self.left.start += len as u64;
        self.is_reading = false;
        is_wanted
    }

    /// Is all of it read?
    pub(super) fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    /// What is to be read next, if that is not under way: from where on, and how much.
    pub(super) fn next_piece(&mut self) -> Option<(u64, usize)> {
        if self.is_reading || self.is_over() {
            return None;
        }
        self.is_reading = true;
        Some((self.left.start, self.piece_len()))
    }

    fn piece_len(&self) -> usize {
        let left = self.left.end - self.left.start;
        usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(FILE_PIECE_BYTES)
    }
}
