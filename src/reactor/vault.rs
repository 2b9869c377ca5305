//! What the store is told of files, and that connections wait for it.

use crate::limits::{UPLOADS_MAX, UPLOADS_PER_ADDRESS};
use crate::model::ConnId;
use crate::store::FileOrder;
use crate::sys::{Mailbox as _, System};

use super::Reactor;
use super::timers::Tick;
use super::transfers::Sharer;

impl<S: System> Reactor<S> {
    /// Has something done about a file.
    pub(super) fn order(&self, order: FileOrder) {
        if let Some(store) = &self.store {
            // Where no files are shared none is asked for.
            let _ = store.file(order);
        }
    }

    /// Nothing that the connection asks is handled before the store has answered.
    pub(super) fn hold_for_file(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.touch(id) {
            connection.hold(Tick::MAX);
        }
    }

    /// Do as many files come as may, at all or from that address?
    pub(super) fn has_room_for_upload(&self, id: ConnId) -> bool {
        let limits_loopback = self.limits.limits_loopback;
        let address = |id| {
            let peer = self.connections.get(id)?.peer;
            peer.counted_address(limits_loopback)
        };
        let own = address(id);
        let all = self.transfers.uploaders().count();
        let others = self.transfers.uploaders();
        let of_address = others.filter(|&other| own.is_some() && address(other) == own);
        all < UPLOADS_MAX && of_address.count() < UPLOADS_PER_ADDRESS
    }

    /// Nothing more comes of a file over a connection.
    pub(super) fn abort_upload(&mut self, id: ConnId) {
        let Some(upload) = self.transfers.end_upload(id) else {
            return;
        };
        if let Sharer::Ticket { secret, .. } = &upload.by
            && let Some(ticket) = self.transfers.tickets.get_mut(secret)
        {
            // It can be gone on with.
            ticket.over = None;
            return;
        }
        self.order(FileOrder::Abort { at: upload.at });
    }

    /// A file is sent, or will not be.
    pub(super) fn abort_download(&mut self, id: ConnId) {
        if let Some(download) = self.transfers.end_download(id) {
            self.order(FileOrder::Close { at: download.at });
        }
    }

    /// A connection is gone, or is to go: nothing more is sent over it.
    pub(super) fn end_transfers(&mut self, id: ConnId) {
        self.abort_upload(id);
        self.abort_download(id);
    }
}
