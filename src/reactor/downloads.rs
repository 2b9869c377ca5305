//! Files that are asked for: a piece is read when what was sent before is taken, so that each connection holds one.

use crate::dialect::http::{Response, ResponseMode};
use crate::limits::{DOWNLOADS_MAX, PIECE_MS};
use crate::model::ConnId;
use crate::store::{FileAnswer, FileOrder, FoundFile};
use crate::sys::System;
use crate::web::{DownloadRequest, Poster, files};

use super::Reactor;
use super::phase::{Phase, Reason};

impl<S: System> Reactor<S> {
    /// Begins to send a file, to who has its token; whoever has one of its own is looked at when it is known where
    /// the file was shared.
    pub(super) fn begin_download(
        &mut self,
        id: ConnId,
        mode: ResponseMode,
        request: Box<DownloadRequest>,
    ) -> Result<(), Response> {
        let now_ms = self.clock.moment.unix_ms;
        let token = request.token.as_deref().unwrap_or_default();
        if request.by.is_none() && !self.links.admits(request.id, token, now_ms) {
            return Err(files::not_found());
        }
        if self.transfers.downloads_len() >= DOWNLOADS_MAX {
            return Err(files::too_many());
        }
        let file = request.id;
        let at = self.transfers.begin_download(id, mode, request);
        self.hold_for_file(id);
        self.order(FileOrder::Open { at, id: file });
        Ok(())
    }

    /// What the store says of a file that is read.
    pub(super) fn hear_of_download(&mut self, at: u64, answer: FileAnswer) {
        let Some(id) = self.transfers.downloader(at) else {
            return;
        };
        if self.connections.get_open(id).is_none() {
            return self.abort_download(id);
        }
        match answer {
            FileAnswer::Opened(found) => match found.filter(|found| self.may_have(id, found)) {
                Some(found) => self.begin_sending(id, &found),
                None => {
                    let mode = self.transfers.download(id).map(|download| download.mode);
                    self.abort_download(id);
                    if let Some(mode) = mode {
                        self.respond(id, mode, &files::not_found());
                        self.resume_reading(id);
                    }
                }
            },
            FileAnswer::Piece(bytes) => self.send_piece(id, &bytes),
            FileAnswer::Taken(_) | FileAnswer::Stored(_) => {}
        }
    }

    /// May whoever asks have that file?
    fn may_have(&mut self, id: ConnId, found: &FoundFile) -> bool {
        let Some(download) = self.transfers.download(id) else {
            return false;
        };
        let Some(by) = download.request.by.clone() else {
            return true;
        };
        let Some(peer) = self.connections.get_mut(id).map(|it| it.peer) else {
            return false;
        };
        let now = self.clock.moment;
        let bot = match by {
            Poster::Named(_) => None,
            by @ Poster::Bot(_) => match self.poster(id, by, None) {
                Ok((bot, _)) => Some(bot),
                Err(_) => return false,
            },
        };
        let may_read = self.hub.check_reading(peer, bot.as_ref(), &found.room, now);
        may_read.is_ok()
    }

    fn begin_sending(&mut self, id: ConnId, found: &FoundFile) {
        let now = self.clock.moment;
        let Some(download) = self.transfers.download(id) else {
            return;
        };
        let mode = download.mode;
        let mut head = Vec::new();
        let part = download
            .request
            .write_head(&found.file, mode, now, &mut head);
        download.set_part(part.clone());
        if part.is_empty() {
            self.abort_download(id);
            self.respond_with(id, mode.closes(), |out| out.extend_from_slice(&head));
            return self.resume_reading(id);
        }
        self.respond_with(id, false, |out| out.extend_from_slice(&head));
        self.go_on_sending(id);
    }

    fn send_piece(&mut self, id: ConnId, bytes: &[u8]) {
        let Some(download) = self.transfers.download(id) else {
            return;
        };
        // The peer was told of more than there is: it is not to take a part for the whole.
        if !download.note_piece(bytes.len()) {
            self.abort_download(id);
            return self
                .connections
                .doom(id, Reason::Broken(std::io::ErrorKind::Other));
        }
        let (is_over, mode) = (download.is_over(), download.mode);
        self.respond_with(id, is_over && mode.closes(), |out| {
            out.extend_from_slice(bytes);
        });
        if is_over {
            self.abort_download(id);
            self.resume_reading(id);
        } else if let Some(connection) = self.connections.get_mut(id) {
            connection.wait_until(self.clock.now + PIECE_MS);
        }
    }

    /// What it asks next is handled.
    fn resume_reading(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_open(id) {
            connection.unthrottle();
            self.connections.make_ready(id);
        }
    }

    /// Has the next piece read for a connection that has taken the one before.
    pub(super) fn go_on_sending(&mut self, id: ConnId) {
        let connection = self.connections.get(id);
        let is_ready = connection.is_some_and(|it| it.owes_nothing() && it.phase == Phase::Open);
        let Some(download) = self.transfers.download(id).filter(|_| is_ready) else {
            return;
        };
        let at = download.at;
        if let Some((from, len)) = download.next_piece() {
            self.order(FileOrder::Read { at, from, len });
        }
    }
}
