//! Handles messages from the server.

use super::link::{Connection, Stage};
use super::shared::Shared;
use super::stream::{Received, TextEvent, malformed};
use super::subscriptions::NotOurs;
use crate::error::DownCause;
use crate::json::{Message, RawJson};
use alloc::string::ToString as _;

impl Connection {
    /// Reads and handles the next message, if a complete one was received.
    ///
    /// # Errors
    /// Why the link must be given up.
    #[inline]
    pub(super) fn receive(&mut self, shared: &mut Shared) -> Result<Received, DownCause> {
        let phase = self.stage.phase();
        let limit = self.line_limit(&shared.config.limits);
        let Some(piece) = self.stream.next_message(shared.now, limit, phase)? else { return Ok(Received::Nothing) };
        let text = self.stream.text(&piece);
        trace!(
            target: "electrum_proto::wire",
            bytes = text.len(),
            text = %shared.credentials.redacted(crate::trace::excerpt(text.as_bytes())),
            "received"
        );
        let message =
            Message::parse_text(text).map_err(|error| malformed(phase, &error.to_string(), text.as_bytes()))?;
        let (id, mut outcome) = match (message, &self.stage) {
            (Message::Reply { id, outcome }, _) => (id, outcome),
            (Message::Notification { method, params }, Stage::Ready(_)) => {
                match shared.subscriptions.notified(&method, params.unwrap_or(RawJson::NULL)) {
                    Ok(Some(event)) => shared.emit(event),
                    Ok(None) => {}
                    Err(NotOurs) => return Ok(Received::Text(TextEvent::UnknownNotification, piece)),
                }
                return Ok(Received::Message);
            }
            // Before the handshake is complete, notifications do not count.
            (Message::Notification { .. }, Stage::VersionAsked(_) | Stage::ChainAsked(_)) => {
                return Ok(Received::Text(TextEvent::UnknownNotification, piece));
            }
            (Message::Request { .. }, _) => return Ok(Received::Text(TextEvent::UnknownRequest, piece)),
        };
        if let Err(error) = &mut outcome {
            shared.credentials.redact_error(error);
        }
        match &mut self.stage {
            Stage::Ready(ready) => {
                if let Some(waiting) = ready.take_answered(id, &outcome) {
                    return ready.answered(waiting, outcome, text, &piece, shared);
                }
            }
            Stage::VersionAsked(asked) => {
                if asked.is_answered_by(id, &outcome) {
                    let (agreed, deadline) = (asked.answered(outcome, &shared.config)?, asked.deadline);
                    self.version_agreed(agreed, deadline, shared)?;
                    return Ok(Received::Message);
                }
            }
            Stage::ChainAsked(asked) => {
                if asked.is_answered_by(id, &outcome) {
                    let (answer, asked) = (asked.answered(outcome)?, asked.clone());
                    self.chain_answered(asked, answer, shared)?;
                    return Ok(Received::Message);
                }
            }
        }
        self.stream.count_unknown_reply(&piece, shared.now, shared.config.limits.unknown_replies, phase)?;
        Ok(Received::Text(TextEvent::UnknownReply, piece))
    }
}
