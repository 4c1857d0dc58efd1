//! An Electrum client on smol.
