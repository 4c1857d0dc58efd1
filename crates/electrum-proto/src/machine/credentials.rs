//! The authorization that requests carry. It is removed from texts of servers that quote it.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::authorization::Authorization;
use crate::error::DownCause;
use crate::json::ServerError;

/// The current authorization and the previous one, which answers to earlier requests may quote.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials {
    current: Option<Authorization>,
    previous: Option<Authorization>,
}

impl Credentials {
    pub(super) const fn new(current: Option<Authorization>) -> Self {
        Self { current, previous: None }
    }

    /// Replaces the authorization from now on.
    pub(super) fn renew(&mut self, authorization: Option<Authorization>) {
        if self.current != authorization {
            self.previous = core::mem::replace(&mut self.current, authorization);
        }
    }

    pub(super) const fn current(&self) -> Option<&Authorization> {
        self.current.as_ref()
    }

    /// Removes the authorizations from an error of the server.
    pub(super) fn redact_error(&self, error: &mut ServerError) {
        self.redact(&mut error.message);
        if let Some(data) = &mut error.data {
            self.redact(data);
        }
    }

    /// Removes the authorizations from the cause of the end of a link.
    pub(super) fn redact_cause(&self, cause: &mut DownCause) {
        if let DownCause::Malformed { what, excerpt, .. } = cause {
            self.redact(what);
            self.redact(excerpt);
        }
    }

    /// Removes the authorizations from a text that is logged.
    #[cfg(feature = "tracing")]
    pub(super) fn redacted(&self, mut text: String) -> String {
        self.redact(&mut text);
        text
    }

    fn redact(&self, text: &mut String) {
        for authorization in self.current.iter().chain(&self.previous) {
            if let Cow::Owned(redacted) = authorization.redact(text) {
                *text = redacted;
            }
        }
    }
}

#[cfg(all(test, feature = "tracing"))]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_logged_has_neither_authorization() {
        let mut credentials = Credentials::new(Some(Authorization::new("Bearer first.secret")));
        credentials.renew(Some(Authorization::new("Bearer second.secret")));
        let redacted = credentials.redacted("first.secret, second.secret, third".into());
        assert_eq!(redacted, "[redacted], [redacted], third");
    }
}
