//! Topics that can be subscribed, with their methods and parameters on each version.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::json::{DecodeError, Params, RawJson, Read, Reader, hex, read, required, wrong};
use crate::operations::{
    HeadersSubscribe, OutPointSubscribe, OutPointUnsubscribe, ScriptSubscribe, ScriptUnsubscribe, method_for_script,
    outpoint_params, param_for_script, read_status,
};
use crate::request::{Method, NotInVersion, Request};
pub use crate::types::Tip;
use crate::types::{OutPoint, OutPointStatus, Script, ScriptHash, ScriptStatus};
use crate::version::ProtocolVersion;

/// A topic to subscribe to: something whose changes a server reports.
///
/// # Example
/// ```
/// use electrum_proto::types::Script;
/// use electrum_proto::{ProtocolVersion, Topic};
///
/// let topic = Topic::Script(Script::from_hex("51")?);
/// assert_eq!(topic.method(ProtocolVersion::V1_4)?, "blockchain.scripthash.subscribe");
/// assert_eq!(topic.method(ProtocolVersion::V1_7)?, "blockchain.scriptpubkey.subscribe");
/// // Of which only the hash is known.
/// let topic = Topic::ScriptHash(Script::from_hex("51")?.scripthash());
/// assert_eq!(topic.method(ProtocolVersion::V1_4)?, "blockchain.scripthash.subscribe");
/// assert!(topic.method(ProtocolVersion::V1_7).is_err());
/// assert_eq!(Topic::Headers.method(ProtocolVersion::V1_1)?, "blockchain.headers.subscribe");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Topic {
    /// The tip of the chain. Protocol documentation: `blockchain.headers.subscribe`. All versions.
    ///
    /// Tips are not gapless: servers skip heights, repeat them and go back, and announce no reorganisation to the same
    /// height.
    #[doc(alias = "blockchain.headers.subscribe")]
    #[doc(alias = "block_headers_subscribe")]
    Headers,
    /// The history of a script. Protocol documentation: `blockchain.scripthash.subscribe` (1.1 to 1.6),
    /// `blockchain.scriptpubkey.subscribe` (from 1.7).
    #[doc(alias = "blockchain.scripthash.subscribe")]
    #[doc(alias = "blockchain.scriptpubkey.subscribe")]
    #[doc(alias = "script_subscribe")]
    Script(Script),
    /// The history of a script of which only the hash is known. Protocol documentation:
    /// `blockchain.scripthash.subscribe`. Versions 1.1 to 1.6.
    #[doc(alias = "blockchain.scripthash.subscribe")]
    #[doc(alias = "script_subscribe")]
    ScriptHash(ScriptHash),
    /// The state of an output: whether it exists, and what spends it. Protocol documentation:
    /// `blockchain.outpoint.subscribe`. From 1.7.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::types::{Script, TxHeight};
    /// use electrum_proto::{Topic, Update};
    ///
    /// # let (mut client, conn) = ready_client_of("1.7");
    /// let outpoint = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0".parse()?;
    /// client.subscribe(Timestamp::ZERO, Topic::OutPoint { outpoint, script: Script::new([0x51]) })?;
    /// # let _ = client.poll();
    /// # server_says(&mut client, conn, r#"{"id":2,"result":{"funder_height":153}}"#);
    /// let Action::Event(Event::Update { value: Update::OutPoint(status), .. }) = client.poll() else { panic!("it is known") };
    /// assert_eq!((status.funder_height, status.spender), (Some(TxHeight::Confirmed(153)), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "blockchain.outpoint.subscribe")]
    #[doc(alias = "outpoint_subscribe")]
    OutPoint {
        /// The output.
        outpoint: OutPoint,
        /// The script that it pays to, which helps the server to find it.
        script: Script,
    },
    /// A subscription that a server has of its own. Its notifications are those of the same method
    /// whose first parameters are these.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::{Topic, Update, serde_json::json};
    ///
    /// # let (mut client, conn) = ready_client();
    /// // Fulcrum's proofs of double spending.
    /// let topic = Topic::Raw { method: "blockchain.transaction.dsproof.subscribe".into(), params: vec![json!("4a5e")] };
    /// client.subscribe(Timestamp::ZERO, topic)?;
    /// # let _ = client.poll();
    /// # server_says(&mut client, conn, r#"{"id":2,"result":null}"#);
    /// # let event = r#"{"method":"blockchain.transaction.dsproof.subscribe","params":["4a5e",{"dspid":"33b0"}]}"#;
    /// # server_says(&mut client, conn, event);
    /// let mut values = vec![];
    /// while let Action::Event(Event::Update { value, .. }) = client.poll() {
    ///     values.push(value);
    /// }
    /// // The answer to the subscription, then all parameters of each notification.
    /// let proof = r#"["4a5e",{"dspid":"33b0"}]"#.into();
    /// assert_eq!(values, [Update::RawResult("null".into()), Update::RawNotification(proof)]);
    /// # Ok::<(), electrum_proto::Rejected<Topic>>(())
    /// ```
    #[doc(alias = "raw_subscribe")]
    Raw {
        /// The method, as it stands on the wire.
        method: String,
        /// The positional parameters.
        params: Vec<serde_json::Value>,
    },
}

/// A value of a topic.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::{Topic, Update, types::Script};
///
/// # let (mut client, conn) = ready_client();
/// client.subscribe(Timestamp::ZERO, Topic::Script(Script::new([0x51])))?;
/// # let _ = client.poll();
/// # server_says(&mut client, conn, r#"{"id":2,"result":null}"#);
/// let Action::Event(Event::Update { value, .. }) = client.poll() else { panic!("it was answered") };
/// let line = match &value {
///     Update::Script(None) => "it was never paid to".to_owned(),
///     Update::Script(Some(status)) => format!("its history changed: {status}"),
///     Update::Headers(tip) => format!("the chain has reached height {}", tip.height),
///     Update::OutPoint(status) => format!("{status:?}"),
///     Update::RawResult(json) | Update::RawNotification(json) => json.to_string(),
/// };
/// assert_eq!(line, "it was never paid to");
/// # Ok::<(), electrum_proto::Rejected<Topic>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The tip of the chain.
    Headers(Tip),
    /// The status of a script: a digest of its history, or `None` if it has no history.
    Script(Option<ScriptStatus>),
    /// Whether an output exists, and what spends it.
    OutPoint(OutPointStatus),
    /// What the server answered to a raw subscription, as JSON.
    RawResult(Arc<str>),
    /// The parameters of a notification to a raw subscription, as JSON.
    RawNotification(Arc<str>),
}

/// How the client learned of a value.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::{Origin, Topic, Update};
///
/// # let (mut client, conn) = ready_client();
/// client.subscribe(Timestamp::ZERO, Topic::Headers)?;
/// # let _ = client.poll();
/// # let tip = |height| format!(r#"{{"height":{height},"hex":"{}"}}"#, "00".repeat(80));
/// # server_says(&mut client, conn, &format!(r#"{{"id":2,"result":{}}}"#, tip(153)));
/// # let event = format!(r#"{{"method":"blockchain.headers.subscribe","params":[{}]}}"#, tip(154));
/// # server_says(&mut client, conn, &event);
/// let mut lines = vec![];
/// while let Action::Event(Event::Update { value: Update::Headers(tip), origin, .. }) = client.poll() {
///     lines.push(match origin {
///         Origin::Subscribed => format!("begins at {}", tip.height),
///         Origin::Live => format!("now at {}", tip.height),
///         Origin::Resumed => format!("back, and at {}", tip.height),
///     });
/// }
/// assert_eq!(lines, ["begins at 153", "now at 154"]);
/// # Ok::<(), electrum_proto::Rejected<Topic>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The first value of the subscription.
    Subscribed,
    /// A change that the server reported.
    Live,
    /// A difference that was found when the subscription was made again: the value changed while the link was down,
    /// or another server has a different one.
    Resumed,
}

/// The id of a subscription. Ids never repeat on a client.
///
/// # Example
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
/// # use example::*;
/// use electrum_proto::{Topic, types::Script};
/// use std::collections::HashMap;
///
/// # let (mut client, conn) = ready_client();
/// let sub = client.subscribe(Timestamp::ZERO, Topic::Script(Script::new([0x51])))?;
/// let accounts = HashMap::from([(sub, "savings")]);
/// # let _ = client.poll();
/// # server_says(&mut client, conn, r#"{"id":2,"result":null}"#);
/// let Action::Event(Event::Update { sub: of, .. }) = client.poll() else { panic!("it was answered") };
/// assert_eq!(accounts.get(&of), Some(&"savings"));
/// assert!(client.unsubscribe(Timestamp::ZERO, of));
/// # Ok::<(), electrum_proto::Rejected<Topic>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubId {
    pub(crate) serial: u64,
    pub(crate) place: u32,
}

impl fmt::Debug for SubId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubId({})", self.serial)
    }
}

/// The key that identifies a topic: a script and its hash are one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Headers,
    Script(ScriptHash),
    OutPoint(OutPoint),
    /// The method, and each parameter as compact JSON.
    Raw(String, Vec<String>),
}

impl Topic {
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Headers => Key::Headers,
            Self::Script(script) => Key::Script(script.scripthash()),
            Self::ScriptHash(hash) => Key::Script(*hash),
            Self::OutPoint { outpoint, .. } => Key::OutPoint(*outpoint),
            Self::Raw { method, params } => Key::Raw(method.clone(), params.iter().map(ToString::to_string).collect()),
        }
    }

    /// Returns the method that subscribes to the topic on `version`.
    ///
    /// # Errors
    /// [`NotInVersion`] if there is none, or if it takes the script and only the hash is known.
    pub fn method(&self, version: ProtocolVersion) -> Result<Cow<'_, str>, NotInVersion> {
        match self {
            Self::Headers => HeadersSubscribe.method(version),
            Self::Script(_) => method_for_script::<ScriptSubscribe>(true, version),
            Self::ScriptHash(_) => method_for_script::<ScriptSubscribe>(false, version),
            Self::OutPoint { .. } => Method::of_version(OutPointSubscribe::NAME, OutPointSubscribe::METHODS, version),
            Self::Raw { method, .. } => Ok(Cow::Borrowed(method)),
        }
    }

    pub(crate) fn params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        match self {
            Self::Headers => HeadersSubscribe.params(version, params),
            Self::Script(script) => param_for_script(script, version, params),
            Self::ScriptHash(hash) => {
                params.hex(hash.as_display_bytes());
            }
            Self::OutPoint { outpoint, script } => {
                outpoint_params(*outpoint, params);
                params.hex(script.as_bytes());
            }
            Self::Raw { params: values, .. } => {
                for value in values {
                    params.json(value);
                }
            }
        }
    }

    /// Returns the method that ends a subscription to the topic on `version`, if there is one.
    pub(crate) fn ending(&self, version: ProtocolVersion) -> Option<&'static str> {
        let methods = match self {
            Self::Script(_) | Self::ScriptHash(_) => ScriptUnsubscribe::METHODS,
            Self::OutPoint { .. } => OutPointUnsubscribe::METHODS,
            Self::Headers | Self::Raw { .. } => &[],
        };
        methods.iter().find(|method| method.is_in(version)).map(|method| method.name)
    }

    /// Writes the parameters of that method.
    pub(crate) fn ending_params(&self, version: ProtocolVersion, params: &mut Params<'_>) {
        match self {
            Self::OutPoint { outpoint, .. } => outpoint_params(*outpoint, params),
            _ => self.params(version, params),
        }
    }

    /// Decodes the answer to a subscription.
    pub(crate) fn decode_result(&self, result: RawJson<'_>) -> Result<Update, DecodeError> {
        match self {
            Self::Headers => read(result, Tip::read).map(Update::Headers),
            Self::Script(_) | Self::ScriptHash(_) => read(result, read_status).map(Update::Script),
            Self::OutPoint { .. } => read(result, OutPointStatus::read).map(Update::OutPoint),
            Self::Raw { .. } => result.to_json_text().map(|text| Update::RawResult(text.into())),
        }
    }
}

/// A parsed notification.
#[derive(Debug, PartialEq)]
pub(crate) enum Notification {
    /// The topic has a new value.
    Value(Key, Update),
    /// The topic has a new value, which cannot be read.
    Odd(Key),
    /// The method is not one of the protocol, or the topic cannot be read.
    Foreign,
}

/// Parses a notification.
#[inline]
pub(crate) fn of_notification(method: &str, params: RawJson<'_>) -> Notification {
    let (value, about) = match method {
        "blockchain.headers.subscribe" => {
            let tip = read(params, |params| first(params, Tip::read)).ok();
            (tip.map(|tip| (Key::Headers, Update::Headers(tip))), Some(Key::Headers))
        }
        "blockchain.scripthash.subscribe" | "blockchain.scriptpubkey.subscribe" => match read(params, script_changed) {
            Ok(value) => (Some(value), None),
            Err(_) => (None, read(params, |params| first(params, script_named)).ok().map(Key::Script)),
        },
        "blockchain.outpoint.subscribe" => match read(params, outpoint_changed) {
            Ok(value) => (Some(value), None),
            Err(_) => (None, read(params, outpoint_named).ok().map(Key::OutPoint)),
        },
        _ => (None, None),
    };
    match (value, about) {
        (Some((key, value)), _) => Notification::Value(key, value),
        (None, Some(key)) => Notification::Odd(key),
        (None, None) => Notification::Foreign,
    }
}

/// Reads the first parameter and skips the others, since later versions may add some.
fn first<'a, T>(params: &mut Reader<'a>, mut value: impl FnMut(&mut Reader<'a>) -> Read<T>) -> Read<T> {
    let mut found = None;
    params.array(|params, index| {
        match index {
            0 => found = Some(value(params)?),
            _ => drop(params.skip()?),
        }
        Ok(())
    })?;
    required(found, "[0]")
}

/// Reads `[scripthash, status]`. Servers of 1.7 name the scripthash although the script was subscribed; a script is
/// accepted too.
fn script_changed(params: &mut Reader<'_>) -> Read<(Key, Update)> {
    let (mut about, mut status) = (None, None);
    params.array(|params, index| {
        match index {
            0 => about = Some(script_named(params)?),
            1 => status = Some(read_status(params)?),
            _ => drop(params.skip()?),
        }
        Ok(())
    })?;
    Ok((Key::Script(required(about, "[0]")?), Update::Script(required(status, "[1]")?)))
}

fn script_named(params: &mut Reader<'_>) -> Read<ScriptHash> {
    if let Some(hash) = params.plain_hash()? {
        return Ok(ScriptHash::from_display_bytes(hash));
    }
    let digits = params.hex_digits()?;
    let of_script = || Some(ScriptHash::of(&hex::decode(&digits).ok()?));
    ScriptHash::from_hex(&digits).ok().or_else(of_script).ok_or_else(|| wrong("neither a scripthash nor a script"))
}

/// Reads `[txid, index, status]`.
fn outpoint_changed(params: &mut Reader<'_>) -> Read<(Key, Update)> {
    let (mut txid, mut vout, mut status) = (None, None, None);
    params.array(|params, index| {
        match index {
            0 => txid = Some(crate::types::Txid::from_display_bytes(params.hash()?)),
            1 => vout = Some(params.u32()?),
            2 => status = Some(OutPointStatus::read(params)?),
            _ => drop(params.skip()?),
        }
        Ok(())
    })?;
    let outpoint = OutPoint::new(required(txid, "[0]")?, required(vout, "[1]")?);
    Ok((Key::OutPoint(outpoint), Update::OutPoint(required(status, "[2]")?)))
}

/// Reads the output from `[txid, index, …]`, whatever follows.
fn outpoint_named(params: &mut Reader<'_>) -> Read<OutPoint> {
    let (mut txid, mut vout) = (None, None);
    params.array(|params, index| {
        match index {
            0 => txid = Some(crate::types::Txid::from_display_bytes(params.hash()?)),
            1 => vout = Some(params.u32()?),
            _ => drop(params.skip()?),
        }
        Ok(())
    })?;
    Ok(OutPoint::new(required(txid, "[0]")?, required(vout, "[1]")?))
}
