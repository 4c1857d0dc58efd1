//! An Electrum client on std sockets, one thread per client.
