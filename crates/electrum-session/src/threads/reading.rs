//! Reads from the socket, in the connection's thread or in the thread of a caller that waits for its reply.
//!
//! A reply that one thread reads for another costs a thread switch, which takes about as long as the rest of a call to
//! a nearby server. So the connection's thread, once it has delivered all replies that callers wait for, leaves the
//! socket to callers while calls keep coming.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use electrum_proto::ConnId;

use super::engine::{Ended, Engine, ReadOutcome};
use super::socket::{Runtime, Socket};
use super::state::{LEASE, LOAN, Reader};
use super::sync::{Ordering::SeqCst, current, park};
use super::waiting::Waiting;

/// The most bytes of one read.
const READ_SIZE: usize = 64 * 1024;

impl<R: Runtime> Engine<R> {
    /// Runs the thread of a connection, which reads from the socket that it dialled until the connection ends.
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
            match self.lend(conn, &socket, buffer) {
                Some(taken) => buffer = taken,
                None => return,
            }
        }
    }

    /// Lends the socket to callers until none has come for [`LOAN`], or one returns it. Returns the buffer, or `None`
    /// if the connection has ended.
    fn lend(&self, conn: ConnId, socket: &R::Socket, buffer: Vec<u8>) -> Option<Vec<u8>> {
        if socket.limit_reads(Some(LEASE)).is_err() {
            // A caller that reads without a limit could not return the socket.
            return Some(buffer);
        }
        let mut state = self.state.lock();
        state.open_as(conn)?.reader = Reader::Free(buffer);
        let mut is_over = false;
        loop {
            if let Some(buffer) = state.open_as(conn)?.reclaim(is_over) {
                // If this fails, reads only end more often.
                let _ = socket.limit_reads(None);
                return Some(buffer);
            }
            let calls = self.calls.load(SeqCst);
            state = self.state.sleep(state, &self.unread, Some(LOAN));
            is_over = self.calls.load(SeqCst) == calls;
        }
    }

    /// Makes a call and blocks until its reply is there, reading from the socket meanwhile if no other thread does.
    pub(crate) fn block_on<F: Future>(self: &Arc<Self>, call: impl FnOnce() -> F) -> F::Output {
        // Counted before the call is made, so that the connection's thread does not lend the socket when it has read the reply.
        let waiting = Waiting::new(&self.waiting, current());
        let waker = Waker::from(Arc::clone(&waiting.waiter));
        let mut context = Context::from_waker(&waker);
        let mut call = pin!(call());
        if let Poll::Ready(output) = call.as_mut().poll(&mut context) {
            return output;
        }
        self.read_for(&waiting);
        // The lease has ended: another thread can read while this one decodes its reply.
        loop {
            if let Poll::Ready(output) = call.as_mut().poll(&mut context) {
                return output;
            }
            park();
        }
    }

    /// Polls the future of something that may come at any time, and reads from the socket while bytes keep coming, if no
    /// other thread does. Returns its output, if it is ready by then.
    ///
    /// The calling thread does not count as waiting afterwards: it may wait for long, and the socket would never be lent
    /// to callers meanwhile.
    pub(crate) fn read_on<F: Future>(self: &Arc<Self>, mut next: Pin<&mut F>) -> Option<F::Output> {
        let waiting = Waiting::new(&self.waiting, current());
        let waker = Waker::from(Arc::clone(&waiting.waiter));
        let mut context = Context::from_waker(&waker);
        if let Poll::Ready(output) = next.as_mut().poll(&mut context) {
            return Some(output);
        }
        self.read_for(&waiting);
        match next.poll(&mut context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    /// Reads from the socket until the waiting thread is woken, or no byte comes for [`LEASE`], if no other thread reads.
    fn read_for(self: &Arc<Self>, waiting: &Waiting) {
        // Not counted if it ends at once: the connection's thread leaves the socket only to threads that wait.
        self.calls.fetch_add(1, SeqCst);
        if let Some(mut lease) = self.lease() {
            // Checked before the first read: the thread that read until now may have delivered this reply.
            while !waiting.waiter.is_done() && lease.read() == Ok(ReadOutcome::Received) {}
            lease.has_reply = waiting.waiter.is_done();
        }
    }

    /// Takes over reading from the socket, if no other thread reads.
    fn lease(self: &Arc<Self>) -> Option<Lease<'_, R>> {
        let mut state = self.state.lock();
        let open = state.open()?;
        let buffer = open.lease()?;
        Some(Lease { engine: self, conn: open.conn, socket: Arc::clone(&open.socket), buffer, has_reply: false })
    }
}

/// A caller's exclusive right to read from the socket. Dropping it leaves the socket to the next caller, or returns it
/// to the connection's thread.
struct Lease<'a, R: Runtime> {
    engine: &'a Arc<Engine<R>>,
    conn: ConnId,
    socket: Arc<R::Socket>,
    buffer: Vec<u8>,
    /// Whether the caller has its reply. If not, the connection's thread must read on.
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
        // A caller that is waiting now saw that another one reads, and does not read itself.
        if self.has_reply && self.engine.waiting.load(SeqCst) == 0 {
            open.reader = Reader::Free(buffer);
        } else {
            open.reader = Reader::Returned(buffer);
            self.engine.unread.notify_all();
        }
    }
}
