//! The tool as its users run it: the real binary against servers on the loopback interface.

mod call;
mod probe;
mod proxy;
mod readme;
mod tls;
mod tls_front;
mod tool;
mod watch;
