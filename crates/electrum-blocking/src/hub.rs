//! Who drives: the calling thread while it waits for its answer, or the thread in the background.
//!
//! A thread that hands its call to another one and its answer back is put to sleep and woken twice; one that moves the
//! bytes itself is not. So whoever waits, for an answer or for a change, drives if nobody else does, and the thread in
//! the background, once it has served a call, leaves the socket to the next caller for a moment.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst, fence};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::io::{Ended, Io};

/// How long the thread in the background leaves the socket to callers. Changes of topics may come later by as much.
const REST: Duration = Duration::from_millis(5);

/// The socket, for whoever has its lock, and what those need to know of each other who have not.
pub(crate) struct Hub {
    io: Mutex<Io>,
    pub(crate) alarm: Arc<Alarm>,
}

/// What others set who want something of the thread that drives.
pub(crate) struct Alarm {
    waker: Arc<mio::Waker>,
    /// There is something new for whoever drives.
    is_raised: AtomicBool,
    /// Whoever drives sleeps, or is about to.
    is_asleep: AtomicBool,
    /// Callers whose answers have not come.
    waiting: AtomicUsize,
    /// Calls so far that had to wait.
    calls: AtomicUsize,
    background: OnceLock<Thread>,
    /// The thread in the background is to drive.
    is_called: AtomicBool,
    /// The thread in the background sleeps until it is called.
    is_off: AtomicBool,
}

impl Alarm {
    pub(crate) fn new(waker: Arc<mio::Waker>) -> Self {
        Self {
            waker,
            is_raised: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            background: OnceLock::new(),
            is_called: AtomicBool::new(false),
            is_off: AtomicBool::new(false),
        }
    }

    /// There is something new for whoever drives.
    pub(crate) fn raise(&self) {
        self.is_raised.store(true, SeqCst);
        if self.is_asleep.load(SeqCst) {
            // It can only fail if the system is out of resources that it was given already.
            let _ = self.waker.wake();
        } else if self.waiting.load(SeqCst) == 0 {
            self.call_background();
        }
    }

    /// Whoever drives is about to look.
    pub(crate) fn hush(&self) {
        self.is_raised.store(false, SeqCst);
    }

    /// Sleeps, unless there is something new. Whoever raises the alarm afterwards sees that somebody sleeps.
    pub(crate) fn sleep(&self, sleep: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.is_asleep.store(true, SeqCst);
        let slept = if self.is_raised.load(SeqCst) { Ok(()) } else { sleep() };
        self.is_asleep.store(false, SeqCst);
        slept
    }

    fn call_background(&self) {
        self.is_called.store(true, SeqCst);
        if let Some(background) = self.background.get() {
            background.unpark();
        }
    }
}

impl Hub {
    pub(crate) fn new(io: Io, alarm: Arc<Alarm>) -> Self {
        Self { io: Mutex::new(io), alarm }
    }

    /// Makes a call and waits for it, driving meanwhile if nobody else does.
    pub(crate) fn block_on<F: Future>(&self, call: impl FnOnce() -> F) -> F::Output {
        // Counted before the call is made, so that the thread in the background is not called because of it.
        let waiting = Waiting::new(&self.alarm);
        let waker = Waker::from(Arc::clone(&waiting.0));
        let mut context = Context::from_waker(&waker);
        let mut call = pin!(call());
        let mut output = None;
        let mut poll = || {
            if let Poll::Ready(value) = call.as_mut().poll(&mut context) {
                output = Some(value);
                return true;
            }
            false
        };
        if !poll() {
            // One that ended at once is none for which the thread in the background should leave the socket.
            self.alarm.calls.fetch_add(1, SeqCst);
            if let Some(mut io) = self.try_lock() {
                // Should the client be closed meanwhile, the call ends with it.
                io.drive(&self.alarm, &mut poll);
                drop(io);
                self.leave();
            }
        }
        loop {
            if let Some(output) = output {
                return output;
            }
            thread::park();
            if let Poll::Ready(value) = call.as_mut().poll(&mut context) {
                output = Some(value);
            }
        }
    }

    /// Somebody else may have to go on, now that this thread does not drive any more.
    fn leave(&self) {
        fence(SeqCst);
        let alarm = &self.alarm;
        if alarm.waiting.load(SeqCst) > 0 || alarm.is_raised.load(SeqCst) || alarm.is_off.load(SeqCst) {
            alarm.call_background();
        }
    }

    /// The thread in the background: drives while no caller does.
    pub(crate) fn run(&self) {
        self.alarm.background.get_or_init(thread::current);
        let alarm = &self.alarm;
        // However this ends, callers are not left to wait for what nobody does.
        let _end = self.io.lock().unwrap_or_else(PoisonError::into_inner).close_on_drop();
        loop {
            let mut io = self.io.lock().unwrap_or_else(PoisonError::into_inner);
            alarm.is_called.store(false, SeqCst);
            let calls = alarm.calls.load(SeqCst);
            let served = || alarm.waiting.load(SeqCst) == 0 && alarm.calls.load(SeqCst) != calls;
            if io.drive(alarm, served) == Ended::Closed {
                return;
            }
            drop(io);
            fence(SeqCst);
            // A caller who came too early to find the lock free waits for somebody to drive.
            if alarm.waiting.load(SeqCst) == 0 {
                self.rest();
            }
        }
    }

    /// Leaves the socket to callers, until none has come for a while.
    fn rest(&self) {
        let alarm = &self.alarm;
        let mut before = alarm.calls.load(SeqCst);
        while !alarm.is_called.load(SeqCst) {
            thread::park_timeout(REST);
            let calls = alarm.calls.load(SeqCst);
            if calls == before {
                break;
            }
            before = calls;
        }
        // A call that takes long: its caller drives, and says so when it is done.
        alarm.is_off.store(true, SeqCst);
        while !alarm.is_called.load(SeqCst) && self.try_lock().is_none() {
            thread::park();
        }
        alarm.is_off.store(false, SeqCst);
    }

    /// What was counted or noted before is seen by whoever has the lock now, once that thread has let go of it.
    fn try_lock(&self) -> Option<MutexGuard<'_, Io>> {
        fence(SeqCst);
        match self.io.try_lock() {
            Ok(io) => Some(io),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

/// A caller who counts as waiting until there is an answer.
struct Waiting(Arc<Waiter>);

impl Waiting {
    fn new(alarm: &Arc<Alarm>) -> Self {
        alarm.waiting.fetch_add(1, SeqCst);
        Self(Arc::new(Waiter { thread: thread::current(), alarm: Arc::clone(alarm), is_done: AtomicBool::new(false) }))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.done();
    }
}

/// Wakes the thread of a caller.
struct Waiter {
    thread: Thread,
    alarm: Arc<Alarm>,
    is_done: AtomicBool,
}

impl Waiter {
    fn done(&self) {
        if !self.is_done.swap(true, SeqCst) {
            self.alarm.waiting.fetch_sub(1, SeqCst);
        }
    }
}

impl Wake for Waiter {
    fn wake(self: Arc<Self>) {
        self.done();
        self.thread.unpark();
    }
}
