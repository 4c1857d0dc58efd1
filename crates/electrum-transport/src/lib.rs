//! Electrum server addresses, and the byte layers between a socket and the protocol.
