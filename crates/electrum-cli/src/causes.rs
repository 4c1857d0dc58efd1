//! The causes of failures, each with its name, what happened, and what to do: one table for all commands.
//!
//! `docs/causes.md` is generated from it.

/// The kind of a failure: what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// There is no connection to the server.
    Connection,
    /// The server answered with an error, or not at all.
    Request,
    /// The server's answer was refused by a check of this client.
    Check,
    /// The command line is wrong, or something cannot be read or written on this machine.
    Local,
}

impl Kind {
    #[cfg(test)]
    const ALL: [Self; 4] = [Self::Connection, Self::Request, Self::Check, Self::Local];

    /// Returns the name in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Request => "request",
            Self::Check => "check",
            Self::Local => "local",
        }
    }

    /// Returns the meaning, for the documentation.
    #[cfg(test)]
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Connection => "There is no connection to the server, or none that agreed on a protocol version.",
            Self::Request => "The server answered a request with an error, or did not answer it.",
            Self::Check => "The server answered, and a check of this client refused the answer.",
            Self::Local => {
                "The command line is wrong, or something on this machine cannot be used: no server is to blame."
            }
        }
    }
}

macro_rules! causes {
    ($($variant:ident $kind:ident $name:literal $what:literal $hint:literal)*) => {
        /// Why something failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Cause { $($variant,)* }

        impl Cause {
            #[cfg(test)]
            /// All of them, in the order of the documentation.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in JSON.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Where it comes from.
            pub(crate) const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            #[cfg(test)]
            /// What happened, for the documentation.
            pub(crate) const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }

            /// What to do about it.
            pub(crate) const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint,)* }
            }
        }
    };
}

causes! {
    Unreachable Connection "unreachable"
        "No connection could be made to the host and port."
        "check the host and the port, and that the server runs and can be reached from here"
    UnreachableThroughProxy Connection "unreachable_through_proxy"
        "The proxy could not be reached, or it could not reach the server."
        "check that the proxy runs at that address, and that it can reach the server"
    ConnectTimeout Connection "connect_timeout"
        "No connection was made in time."
        "check the host and the port, or allow more time (--timeout)"
    ConnectTimeoutTls Connection "connect_timeout_tls"
        "No TLS connection was made in time: the port may not speak TLS."
        "check the host and the port, write tcp:// if this port does not speak TLS, or allow more time (--timeout)"
    ConnectTimeoutProxy Connection "connect_timeout_proxy"
        "The proxy made no connection in time."
        "check that a SOCKS5 proxy runs at that address and can reach the server, or allow more time (--timeout)"
    Tls Connection "tls"
        "The TLS handshake failed, or the certificate is not trusted."
        "check the port, use another server, or trust the certificate in another way (--trust)"
    TlsClientCertificate Connection "tls_client_certificate"
        "The server wants a certificate of the client."
        "use another server: this one serves only clients that it knows by a certificate"
    TlsUnsupported Connection "tls_unsupported"
        "The server's certificate or TLS settings use an algorithm that this client does not have."
        "ask the operator for a certificate with an RSA or a P-256, P-384 or Ed25519 key, or use another server"
    RefusedByHost Connection "refused_by_host"
        "The program that listens on the port refused the connection."
        "check the port, or use another server"
    Here Connection "here"
        "Something on this machine prevents the connection; the message says what."
        "fix it before you try again: every attempt fails until then"
    HungUp Connection "hung_up"
        "The server closed the connection before it agreed on a version."
        "try again in a moment: it may have too many clients; or offer another range of versions (--range), or write ssl:// if this port wants that"
    HungUpTls Connection "hung_up_tls"
        "The server closed the TLS connection before it agreed on a version."
        "try again in a moment: it may have too many clients; or offer another range of versions (--range), or check that an Electrum server listens there"
    Refused Connection "refused"
        "The server refused the protocol versions that were offered."
        "offer versions that the server speaks (--range); nearly all speak 1.4"
    RefusedRequest Connection "refused_request"
        "The server refused the first request as one that is not valid, not for its versions."
        "leave out --authorization-file, if there is one: some servers, such as Fulcrum, refuse requests with a member that they do not know; or use another server"
    RefusedAuthorization Connection "refused_authorization"
        "The server, or a proxy in front of it, wants an authorization or refuses the one that it was given."
        "write a secret that it accepts into a file, and name that with --authorization-file: the old one may have expired"
    OutOfRange Connection "out_of_range"
        "The server chose a version that was not offered."
        "offer a range that holds the version that the server wants (--range), or use another server"
    NumericVersion Connection "numeric_version"
        "The server wrote the protocol version as a JSON number, in which 1.10 and 1.1 are the same."
        "accept a version that is a number with --numeric-version, if 1.1 and 1.10 cannot be confused here"
    Malformed Connection "malformed"
        "What came is not the Electrum protocol."
        "check the port: another kind of server may listen there"
    HandshakeTimeout Connection "handshake_timeout"
        "The server did not agree on a version in time."
        "check that an Electrum server listens there, with tcp:// or ssl:// as you wrote, or allow more time (--timeout)"
    WrongChain Connection "wrong_chain"
        "The server serves another chain than the one wanted."
        "use a server of the chain that you want (--network, --genesis)"
    UnknownChain Connection "unknown_chain"
        "The server does not say which chain it serves."
        "use another server, or ask without --network and look at the chain yourself (probe)"
    Dropped Connection "dropped"
        "The connection ended after a version was agreed on."
        "try again later: the server may be restarting, or have too many clients"
    Unresponsive Connection "unresponsive"
        "The server stopped answering."
        "try again, or use another server: this one may be overloaded"
    Undrained Connection "undrained"
        "More was received than may wait to be read."
        "report this: it is a bug of this tool"
    Busy Request "busy"
        "The server is too busy, or the client used up what the server grants it."
        "try again in a minute, ask for less at once, or use another server"
    TooLarge Request "too_large"
        "The answer is larger than the server sends."
        "use another server, one of your own that allows more, or ask for less at once"
    AnswerTooLong Request "answer_too_long"
        "The answer is longer than this client accepts."
        "accept longer answers (--max-answer MIB), or ask for less at once"
    UnknownMethod Request "unknown_method"
        "The server does not have the method."
        "use another server, or offer another range of versions (--range): this server does not support what was asked for"
    Unsupported Request "unsupported"
        "The server knows the method, but does not support what was asked of it."
        "ask without the option, or use another server: this one does not support it"
    InvalidParams Request "invalid_params"
        "The server does not take these parameters."
        "check the parameters against the protocol version that was negotiated"
    Unauthorized Request "unauthorized"
        "The server, or a proxy in front of it, answered that the request is not authorized."
        "write a secret that it accepts into a file, and name that with --authorization-file: the old one may have expired"
    NotFound Request "not_found"
        "The server does not have the block, transaction or output."
        "check what was asked for, and that the server's network is the one that you mean (probe shows it)"
    Internal Request "internal"
        "Something went wrong inside the server or its Bitcoin node."
        "try again later, or use another server: this one or its node has a problem"
    Rejected Request "rejected"
        "The node refused the transaction by its rules; the reason is the node's."
        "see the reason: the transaction must be changed, or what it spends must be there, before any node takes it"
    AlreadyKnown Request "already_known"
        "The network has the transaction already."
        "there is nothing more to do: the transaction is where it should be"
    NotSent Request "not_sent"
        "The request was not sent: there was no connection in time, or no room."
        "try again, or use another server; nothing was sent"
    MayHaveBeenSent Request "may_have_been_sent"
        "A transaction was handed over, and there was no answer that says what became of it."
        "look for the transaction before you send another one: electrum-cli tx SERVER TXID; sending the same one again does no harm"
    ServerError Request "server_error"
        "The server answered with an error of another kind."
        "see the server's message"
    NotInVersion Request "not_in_version"
        "The protocol version that was negotiated does not have this operation."
        "offer another range of versions (--range), or use another server"
    TimedOut Request "timed_out"
        "The server did not answer in time."
        "allow more time (--timeout), or use another server"
    Lost Request "lost"
        "The connection ended before the answer came."
        "use another server: some close the connection instead of refusing a request"
    TooLong Request "too_long"
        "The request is longer than this client sends."
        "send less at once"
    MalformedAnswer Check "malformed_answer"
        "The answer has another form than the protocol says, or contradicts itself."
        "use another server; 'electrum-cli call' shows this one's own answer as it is"
    OtherChain Check "other_chain"
        "The answer breaks a rule of Bitcoin: the server serves another coin, or is wrong."
        "this client checks Bitcoin's rules; 'electrum-cli call' shows the server's own answer as it is"
    WrongNetwork Check "wrong_network"
        "An address is of another network than the server."
        "use a server of the address's network, or an address of the server's"
    EmptyHistory Check "empty_history"
        "The server says that a script has a history, and sends none: it is over the server's limit, or being indexed."
        "use another server: this one does not show the whole history (it may be over a limit such as Fulcrum's max_history)"
    NoSuchOutput Check "no_such_output"
        "The transaction has fewer outputs."
        "choose one of its outputs"
    BeyondTip Check "beyond_tip"
        "The server's chain ends before the height that is wanted."
        "choose a lower height, or wait for the blocks"
    Unlinked Check "unlinked"
        "Headers do not link to each other or to those in the file."
        "try again: the chain may just have been reorganised; else use another server"
    NoWork Check "no_work"
        "A header does not show the work that the chain's rules demand."
        "use another server: this one's headers are not of the chain"
    FileOfOtherChain Check "file_of_other_chain"
        "The file holds headers that are not of the server's chain."
        "name another file, or the --from with which this one was begun"
    NoProof Check "no_proof"
        "The proof does not lead to the block's header."
        "use another server: this one's proof does not hold"
    Changed Check "changed"
        "Two answers do not fit together: something changed between them."
        "try again: something may just have changed"
    NothingReceived Check "nothing_received"
        "No value was received of something that is watched."
        "see above for what went wrong, or watch for longer (--for)"
    Usage Local "usage"
        "The command line is not valid."
        "see electrum-cli help, or the help of the command"
    Unusable Local "unusable"
        "A file or a port of this machine cannot be read, written or opened."
        "make room or choose another place for the output"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_has_a_name_of_its_own_and_a_hint_that_goes_on_behind_a_colon() {
        let names: BTreeSet<_> = Cause::ALL.iter().map(|cause| cause.name()).collect();
        assert_eq!(names.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert!(cause.what().ends_with('.'), "{}", cause.name());
            assert!(!cause.hint().ends_with('.') && cause.hint().starts_with(char::is_lowercase), "{}", cause.name());
        }
    }

    /// The page that shows the table to people.
    fn page() -> String {
        let mut page = "# Causes of failures\n\nWhat the tool names as `cause` in JSON, and the hint that it gives \
                        with it. Generated from the tool's own table by its tests: \
                        `UPDATE_DOCS=1 cargo test -p electrum-cli --lib causes`.\n"
            .to_owned();
        for kind in Kind::ALL {
            page += &format!(
                "\n## `{}`\n\n{}\n\n| cause | what happened | what to do |\n|---|---|---|\n",
                kind.name(),
                kind.meaning()
            );
            for cause in Cause::ALL.iter().filter(|cause| cause.kind() == kind) {
                page += &format!("| `{}` | {} | {} |\n", cause.name(), cause.what(), cause.hint());
            }
        }
        page
    }

    #[test]
    fn the_page_in_the_docs_is_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/causes.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), page());
    }
}
