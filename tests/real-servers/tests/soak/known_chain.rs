//! What is known of the chain from bitcoind, for clients to check answers by.

use real_servers::anyone_can_spend;
use serde_json::{Value, json};

/// What the process of the clients gets to know when it starts.
#[derive(Debug)]
pub(crate) struct KnownChain {
    /// Where the clients connect.
    pub(crate) address: String,
    pub(crate) seed: u64,
    pub(crate) scripts: u32,
    /// The transactions that paid the scripts before anything else did, [`KnownChain::PAID_TOGETHER`] scripts each.
    pub(crate) first_payments: Vec<String>,
    /// One of those in full.
    pub(crate) known_transaction: String,
    /// The headers from the genesis block on, so far as no reorganisation comes.
    pub(crate) headers: Vec<String>,
}

impl KnownChain {
    pub(crate) const PAID_TOGETHER: u32 = 100;
    /// What goes to and from scripts during the run are multiples of this.
    pub(crate) const STEP: u64 = 100_000;

    /// The output script of this number.
    pub(crate) fn script(number: u32) -> Vec<u8> {
        anyone_can_spend(number + 1)
    }

    /// What the script got before, in satoshi. It is never spent, and tells scripts apart: it is below [`KnownChain::STEP`].
    pub(crate) fn first_amount(number: u32) -> u64 {
        10_000 + u64::from(number)
    }

    pub(crate) fn first_payment(&self, number: u32) -> &str {
        &self.first_payments[(number / Self::PAID_TOGETHER) as usize]
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "address": self.address,
            "seed": self.seed,
            "scripts": self.scripts,
            "first_payments": self.first_payments,
            "known_transaction": self.known_transaction,
            "headers": self.headers,
        })
    }

    pub(crate) fn from_json(json: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        let texts = |value: &Value| value.as_array().expect("a list").iter().map(text).collect();
        Self {
            address: text(&json["address"]),
            seed: json["seed"].as_u64().expect("a number"),
            scripts: json["scripts"].as_u64().and_then(|count| count.try_into().ok()).expect("a number"),
            first_payments: texts(&json["first_payments"]),
            known_transaction: text(&json["known_transaction"]),
            headers: texts(&json["headers"]),
        }
    }
}
