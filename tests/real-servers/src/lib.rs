//! A real bitcoind and real ElectrumX servers on loopback, for tests.
