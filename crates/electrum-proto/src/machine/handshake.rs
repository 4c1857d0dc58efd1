//! The steps of the handshake, from an open connection to a ready one.

use alloc::string::ToString;

use super::link::{Connection, Stage};
use super::negotiation::{Agreed, Chain, ChainAsked, FIRST_HEADER, METHOD, Question, VersionAsked, write_offer};
use super::phase::{Phase, Transition};
use super::ready::Ready;
use super::shared::Shared;
use super::stream::Stream;
use crate::error::DownCause;
use crate::event::{ConnId, Event};
use crate::operations::Features;
use crate::request::Request;
use crate::time::Timestamp;
use crate::version::Offer;

impl Connection {
    /// Makes a connection that was just opened, and writes `server.version`. Nothing else is written before its answer.
    pub(super) fn new(conn: ConnId, offer: Offer, shared: &mut Shared) -> Self {
        let mut stream = Stream::new(conn, shared.now, shared.credentials.current().cloned(), &shared.config);
        let id = shared.next_id();
        let name = &shared.config.client_name;
        stream.write(shared.now, id, METHOD, |params| write_offer(name, offer, params));
        let deadline = shared.now + shared.attempt_time(shared.config.timeouts.handshake);
        Self { stream, stage: Stage::VersionAsked(VersionAsked { id, offer, deadline }) }
    }

    /// Handles the agreement on a version: checks the chain next, if the configuration names one.
    pub(super) fn version_agreed(
        &mut self,
        agreed: Agreed,
        deadline: Timestamp,
        shared: &mut Shared,
    ) -> Result<(), DownCause> {
        let Some(wanted) = shared.config.genesis_hash else {
            self.accepted(agreed, shared);
            return Ok(());
        };
        let asked = ChainAsked { id: 0, agreed, wanted, question: shared.servers.question(), deadline };
        self.ask_chain(asked, shared)
    }

    /// Handles the answer about the server's chain.
    pub(super) fn chain_answered(
        &mut self,
        asked: ChainAsked,
        answer: Chain,
        shared: &mut Shared,
    ) -> Result<(), DownCause> {
        match answer {
            Chain::Wanted(agreed) => self.accepted(agreed, shared),
            Chain::NotSaid => {
                let asked = ChainAsked { question: Question::FirstHeader, ..asked };
                self.ask_chain(asked, shared)?;
            }
        }
        Ok(())
    }

    fn ask_chain(&mut self, asked: ChainAsked, shared: &mut Shared) -> Result<(), DownCause> {
        match asked.question {
            Question::Features => self.write_question(asked, &Features, shared),
            Question::FirstHeader => self.write_question(asked, &FIRST_HEADER, shared),
        }
    }

    fn write_question<R: Request>(
        &mut self,
        asked: ChainAsked,
        request: &R,
        shared: &mut Shared,
    ) -> Result<(), DownCause> {
        let (version, id) = (asked.agreed.version, shared.next_id());
        let method = request
            .method(version)
            .map_err(|error| DownCause::UnknownChain { wanted: asked.wanted, what: error.to_string() })?;
        self.stream.write(shared.now, id, &method, |params| request.params(version, params));
        self.stage = Stage::ChainAsked(ChainAsked { id, ..asked });
        Ok(())
    }

    /// Completes the handshake: requests can be sent.
    pub(super) fn accepted(&mut self, agreed: Agreed, shared: &mut Shared) {
        let Agreed { software, version } = agreed.clone();
        debug!(%software, %version, "ready");
        self.stage.phase().note_transition(Transition::Accepted, Phase::Ready);
        let took = shared.now.since(self.stream.last_sent);
        if took >= shared.slow {
            shared.servers.pong_wait_mut().seen(took);
        }
        self.stage = Stage::Ready(Ready::new(agreed, took, shared));
        shared.servers.was_ready();
        let refused = shared.subscriptions.link_ready(shared.now);
        shared.emit(Event::Ready { server: shared.servers.current(), software, version });
        if let Some(event) = refused {
            shared.emit(event);
        }
    }
}
