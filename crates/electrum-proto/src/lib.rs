//! The Electrum protocol as a machine without I/O: facts in, actions out.
