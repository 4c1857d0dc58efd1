//! The tool as its users run it: the real binary against servers on the loopback interface.

mod call;
mod probe;
mod readme;
mod tool;
mod watch;
