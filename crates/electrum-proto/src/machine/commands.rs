//! The commands of the application: requests, subscriptions, closing.

use super::client::Client;
use super::link::Link;
use super::phase::{Phase, Transition};
use super::ready::{Owner, Ready};
use super::shared::Shared;
use super::stream::Stream;
use super::subscriptions::topic::{SubId, Topic};
use super::ticket::Ticket;
use crate::authorization::Authorization;
use crate::encoded::EncodedRequest;
use crate::error::{RejectReason, Rejected, RequestError};
use crate::event::{Action, RequestId};
use crate::request::Request;
use crate::time::Timestamp;

impl Client {
    /// Sends a request that must be answered within [`Timeouts::request`](crate::Timeouts::request).
    ///
    /// Exactly one [`Event::Reply`](crate::Event::Reply) with the ticket's id is emitted, whatever happens.
    /// The request is sent at most once.
    ///
    /// # Errors
    /// [`Rejected`] hands the request back if the client is not ready, the negotiated version has no such operation,
    /// or a limit is reached.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::operations::Banner;
    ///
    /// # let (mut client, conn) = ready_client();
    /// let ticket = client.request(Timestamp::ZERO, Banner)?;
    /// # server_says(&mut client, conn, r#"{"id":2,"result":"Welcome!"}"#);
    /// // The driver writes it and reads the answer.
    /// let Action::Event(Event::Reply { id, result }) = client.poll() else { panic!("it was answered") };
    /// assert_eq!(id, ticket.id);
    /// assert_eq!(ticket.decode(result?)?, "Welcome!");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request<R: Request>(&mut self, now: Timestamp, request: R) -> Result<Ticket<R>, Rejected<R>> {
        self.shared.advance_time(now);
        let deadline = self.shared.now + self.shared.config.timeouts.request;
        self.request_until(now, deadline, request)
    }

    /// Sends a request that must be answered by `deadline`.
    ///
    /// # Errors
    /// Those of [`request`](Self::request).
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::operations::Banner;
    /// use electrum_proto::RequestError;
    ///
    /// # let (mut client, conn) = ready_client();
    /// let deadline = Timestamp::from_millis(2000);
    /// client.request_until(Timestamp::ZERO, deadline, Banner)?;
    /// client.handle(deadline, Input::Tick);
    /// assert!(matches!(client.poll(), Action::Event(Event::Reply { result: Err(RequestError::TimedOut), .. })));
    /// # Ok::<(), electrum_proto::Rejected<Banner>>(())
    /// ```
    pub fn request_until<R: Request>(
        &mut self,
        now: Timestamp,
        deadline: Timestamp,
        request: R,
    ) -> Result<Ticket<R>, Rejected<R>> {
        match self.write_request(now, deadline, &request) {
            Ok(id) => Ok(Ticket { id, request }),
            Err(reason) => Err(Rejected { item: request, reason }),
        }
    }

    fn write_request<R: Request>(
        &mut self,
        now: Timestamp,
        deadline: Timestamp,
        request: &R,
    ) -> Result<RequestId, RejectReason> {
        let (stream, ready, shared) = self.ready_for_request(now)?;
        let (now, version) = (shared.now, ready.agreed.version);
        let method = request.method(version)?;
        ready.send(deadline, method.as_bytes(), stream, shared, |stream, id| {
            stream.write(now, id, &method, |params| request.params(version, params))
        })
    }

    /// Sends a request that was encoded for the negotiated version and must be answered by `deadline`. It runs no code
    /// of the request.
    ///
    /// # Errors
    /// The reason of the error of [`request`](Self::request).
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::EncodedRequests;
    /// use electrum_proto::operations::Banner;
    ///
    /// # let (mut client, conn) = ready_client();
    /// let mut requests = EncodedRequests::new(client.version().expect("it is ready"));
    /// requests.push(&Banner)?;
    /// let request = requests.get(0).expect("it was added");
    /// client.request_encoded(Timestamp::ZERO, Timestamp::from_millis(2000), request)?;
    /// assert_eq!(client.outgoing(), b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"server.banner\",\"params\":[]}\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request_encoded(
        &mut self,
        now: Timestamp,
        deadline: Timestamp,
        request: EncodedRequest<'_>,
    ) -> Result<RequestId, RejectReason> {
        let (stream, ready, shared) = self.ready_for_request(now)?;
        let now = shared.now;
        ready
            .send(deadline, request.method_bytes(), stream, shared, |stream, id| stream.write_encoded(now, id, request))
    }

    /// Returns the parts of the client that sending a request needs, if requests can be sent.
    #[inline]
    fn ready_for_request(&mut self, now: Timestamp) -> Result<(&mut Stream, &mut Ready, &mut Shared), RejectReason> {
        self.shared.advance_time(now);
        let phase = self.link.phase();
        match self.link.ready_mut() {
            Some((stream, ready)) => Ok((stream, ready, &mut self.shared)),
            None if phase == Phase::Closed => Err(RejectReason::Closed),
            None => Err(RejectReason::NotReady(phase)),
        }
    }

    /// Cancels a request: its reply will be [`RequestError::Cancelled`]. If no byte of it was written, [`poll`](Self::poll)
    /// withdraws it; otherwise the server may still carry it out. Returns whether it was waiting for an answer.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::operations::Banner;
    /// use electrum_proto::RequestError;
    ///
    /// # let (mut client, conn) = ready_client();
    /// let ticket = client.request(Timestamp::ZERO, Banner)?;
    /// assert!(client.cancel(ticket.id));
    /// assert!(matches!(client.poll(), Action::Event(Event::Reply { result: Err(RequestError::Cancelled), .. })));
    /// # Ok::<(), electrum_proto::Rejected<Banner>>(())
    /// ```
    pub fn cancel(&mut self, id: RequestId) -> bool {
        let Some((stream, ready)) = self.link.ready_mut() else { return false };
        match ready.requests.get_mut(id.0) {
            Some(waiting) if waiting.owner == Owner::Caller => {
                if !stream.outbox.has_begun(waiting.begin) {
                    ready.cancelled.push((id.0, waiting.begin));
                }
                // The request keeps its entry until it is withdrawn, or its answer comes or is no longer expected.
                let grace = self.shared.now + self.shared.config.timeouts.request;
                ready.requests.pass_to(id.0, Owner::Abandoned, grace);
                self.shared.fail(id.0, RequestError::Cancelled);
                true
            }
            _ => false,
        }
    }

    /// Subscribes to a topic: every change of it is emitted as [`Event::Update`](crate::Event::Update) until
    /// [`unsubscribe`](Self::unsubscribe), across reconnections.
    ///
    /// # Errors
    /// [`Rejected`] hands the topic back if the client is closed, the topic is subscribed already, or the limit is
    /// reached.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::{Origin, Script, Topic};
    ///
    /// # let (mut client, conn) = ready_client();
    /// let sub = client.subscribe(Timestamp::ZERO, Topic::Script(Script::new([0x51])))?;
    /// # let _ = client.poll();
    /// # server_says(&mut client, conn, r#"{"id":2,"result":null}"#);
    /// let Action::Event(Event::Update { sub: of, origin, .. }) = client.poll() else { panic!("it was answered") };
    /// assert_eq!((of, origin), (sub, Origin::Subscribed));
    /// # Ok::<(), electrum_proto::Rejected<Topic>>(())
    /// ```
    pub fn subscribe(&mut self, now: Timestamp, topic: Topic) -> Result<SubId, Rejected<Topic>> {
        self.shared.advance_time(now);
        if self.link.phase() == Phase::Closed {
            return Err(Rejected { item: topic, reason: RejectReason::Closed });
        }
        let limit = self.shared.config.limits.subscriptions;
        if self.shared.subscriptions.len() >= limit {
            self.shared.refused.subscription = true;
            return Err(Rejected { item: topic, reason: RejectReason::Subscriptions { limit } });
        }
        self.shared
            .subscriptions
            .add(topic)
            .map_err(|(topic, sub)| Rejected { item: topic, reason: RejectReason::Subscribed(sub) })
    }

    /// Ends a subscription. Returns whether there was one.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::Topic;
    ///
    /// # let (mut client, conn) = ready_client();
    /// let sub = client.subscribe(Timestamp::ZERO, Topic::Headers)?;
    /// assert!(client.unsubscribe(Timestamp::ZERO, sub));
    /// assert!(!client.unsubscribe(Timestamp::ZERO, sub), "it is over");
    /// # Ok::<(), electrum_proto::Rejected<Topic>>(())
    /// ```
    pub fn unsubscribe(&mut self, now: Timestamp, sub: SubId) -> bool {
        self.shared.advance_time(now);
        self.shared.subscriptions.remove(sub)
    }

    /// Sets the secret that each request carries from now on; `None` removes it. Requests that wait in
    /// [`outgoing`](Self::outgoing) carry the previous one.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// use electrum_proto::{Authorization, operations::Banner};
    ///
    /// # let (mut client, _) = ready_client();
    /// client.set_authorization(Some(Authorization::new("Bearer renewed")));
    /// client.request(Timestamp::ZERO, Banner)?;
    /// assert!(client.outgoing().ends_with(b"\"authorization\":\"Bearer renewed\"}\n"));
    /// # Ok::<(), electrum_proto::Rejected<Banner>>(())
    /// ```
    pub fn set_authorization(&mut self, authorization: Option<Authorization>) {
        if let Link::Open(connection) = &mut self.link {
            connection.stream.authorization.clone_from(&authorization);
        }
        self.shared.credentials.renew(authorization);
    }

    /// Closes the client: requests in flight are answered with [`RequestError::Closed`], the link is closed,
    /// and [`Action::Finished`] is the last thing that [`poll`](Self::poll) returns.
    ///
    /// # Example
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ready_client.rs")); }
    /// # use example::*;
    /// # let (mut client, conn) = ready_client();
    /// client.close(Timestamp::ZERO);
    /// assert_eq!(client.poll(), Action::Disconnect(conn));
    /// assert_eq!(client.poll(), Action::Finished);
    /// ```
    pub fn close(&mut self, now: Timestamp) {
        self.shared.advance_time(now);
        if self.link.phase() == Phase::Closed {
            return;
        }
        let link = self.link.change(Transition::Close, Link::Closed);
        self.shared.subscriptions = Default::default();
        // If the driver was not asked to open the link yet, there is nothing to close.
        if let Some(conn) = link.open_conn() {
            if !self.shared.withdraw_connect(conn) {
                self.shared.push(Action::Disconnect(conn));
            }
        }
        self.fail_all(link, |_| RequestError::Closed);
    }
}
