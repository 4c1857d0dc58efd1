//! Reading: by the connection's thread, or by a caller that waits for its reply.
//!
//! A reply that one thread reads for another costs a switch of threads, which takes about as long as all the rest of a
//! call to a server nearby. So the connection's thread, once it has delivered the last reply that was waited for, leaves
//! the socket to callers while calls keep coming.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use electrum_proto::ConnId;

use super::engine::{Ended, Engine, ReadOutcome};
use super::socket::{Runtime, Socket};
use super::state::{LEASE, REST, Reader};
use super::sync::{Ordering::SeqCst, current, park};
use super::waiting::Waiting;

/// The most bytes of one read.
const READ_SIZE: usize = 64 * 1024;

impl<R: Runtime> Engine<R> {
    /// The thread of a connection: reads from the socket that it dialled until the connection ends.
    pub(crate) fn run_connection(self: &Arc<Self>, conn: ConnId, socket: io::Result<R::Socket>) {
        let Some(socket) = self.dialled(conn, socket) else { return };
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let calls = self.calls.load(SeqCst);
            loop {
                if self.read(conn, &socket, &mut buffer) == Err(Ended) {
                    return;
                }
                if self.waiting.load(SeqCst) == 0 && self.calls.load(SeqCst) != calls {
                    break;
                }
            }
            match self.rest(conn, &socket, buffer) {
                Some(taken) => buffer = taken,
                None => return,
            }
        }
    }

    /// Leaves the socket to callers until none came for a while, or one returned it.
    fn rest(&self, conn: ConnId, socket: &R::Socket, buffer: Vec<u8>) -> Option<Vec<u8>> {
        if socket.limit_reads(Some(LEASE)).is_err() {
            // Callers could not return it.
            return Some(buffer);
        }
        let mut state = self.state.lock();
        state.open_as(conn)?.reader = Reader::Free(buffer);
        let mut is_rested = false;
        loop {
            if let Some(buffer) = state.open_as(conn)?.reclaim(is_rested) {
                // If it stays limited, reads only end more often.
                let _ = socket.limit_reads(None);
                return Some(buffer);
            }
            let calls = self.calls.load(SeqCst);
            state = self.state.sleep(state, &self.unread, Some(REST));
            is_rested = self.calls.load(SeqCst) == calls;
        }
    }

    /// Makes a call and waits for its reply, reading meanwhile if no other thread does.
    pub(crate) fn block_on<F: Future>(self: &Arc<Self>, call: impl FnOnce() -> F) -> F::Output {
        // Counted before the call is made, so that the connection's thread does not rest when it has read the reply.
        let waiting = Waiting::new(&self.waiting, current());
        let waker = Waker::from(Arc::clone(&waiting.waiter));
        let mut context = Context::from_waker(&waker);
        let mut call = pin!(call());
        if let Poll::Ready(output) = call.as_mut().poll(&mut context) {
            return output;
        }
        // Calls that end at once are none for which the connection's thread should leave the socket.
        self.calls.fetch_add(1, SeqCst);
        if let Some(mut lease) = self.lease() {
            // Looked at first, for the last reader may have read this reply.
            while !waiting.waiter.is_done() && lease.read() == Ok(ReadOutcome::Received) {}
            lease.has_reply = waiting.waiter.is_done();
        }
        // Others read meanwhile: a long reply takes long to decode.
        loop {
            if let Poll::Ready(output) = call.as_mut().poll(&mut context) {
                return output;
            }
            park();
        }
    }

    /// The socket, if no thread reads from it.
    fn lease(self: &Arc<Self>) -> Option<Lease<'_, R>> {
        let mut state = self.state.lock();
        let open = state.open()?;
        let buffer = open.lease()?;
        Some(Lease { engine: self, conn: open.conn, socket: Arc::clone(&open.socket), buffer, has_reply: false })
    }
}

/// The right of a caller to read. Dropping it leaves the socket to the next caller, or returns it.
struct Lease<'a, R: Runtime> {
    engine: &'a Arc<Engine<R>>,
    conn: ConnId,
    socket: Arc<R::Socket>,
    buffer: Vec<u8>,
    /// The caller needs no more reads. If it gives up without, another thread must read on.
    has_reply: bool,
}

impl<R: Runtime> Lease<'_, R> {
    fn read(&mut self) -> Result<ReadOutcome, Ended> {
        self.engine.read(self.conn, &self.socket, &mut self.buffer)
    }
}

impl<R: Runtime> Drop for Lease<'_, R> {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut state = self.engine.state.lock();
        let Some(open) = state.open_as(self.conn) else { return };
        // A caller that waits now found that another one reads.
        if self.has_reply && self.engine.waiting.load(SeqCst) == 0 {
            open.reader = Reader::Free(buffer);
        } else {
            open.reader = Reader::Returned(buffer);
            self.engine.unread.notify_all();
        }
    }
}
