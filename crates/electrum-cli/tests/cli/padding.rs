//! Writes of few sizes, chosen on the command line, in the environment and in the configuration file.

use std::path::Path;

use crate::tool::{Tool, configured};
use electrum_testkit::prelude::*;

/// The lengths of the lines that a call sends, each of which is a write of its own.
fn sent(more: &[&str], variables: &[(&str, &Path)]) -> Vec<usize> {
    let server = Server::start(Family::Fulcrum2_1);
    let done = Tool::start_with(&[&["call", &server.url(), "server.banner"], more].concat(), variables).finish();
    assert_eq!((done.code, done.errors.as_str()), (Some(0), ""), "{more:?}");
    server.log()[0].lines.iter().map(|line| line.trim_end_matches('\n').len() + 1).collect()
}

#[test]
fn what_is_sent_has_the_least_size_of_the_scheme() {
    let folder = configured("padding = true\n");
    let config = ("XDG_CONFIG_HOME", folder.path());
    let (on, off) = (("ELECTRUM_PADDING", Path::new("true")), ("ELECTRUM_PADDING", Path::new("false")));
    for (more, variables, is_padded) in [
        (&["--padding"][..], &[][..], true),
        (&["--padding=true"], &[off], true),
        (&[], &[on], true),
        (&[], &[config], true),
        (&["--padding=false"], &[on, config], false),
        (&[], &[off, config], false),
        (&[], &[], false),
    ] {
        let sizes = sent(more, variables);
        assert_eq!(sizes.len(), 2, "the version and the call");
        assert_eq!(sizes.iter().all(|size| *size == 1024), is_padded, "{more:?}, {variables:?}: {sizes:?}");
    }
}

#[test]
fn a_value_stands_behind_an_equals_sign_so_that_a_server_may_follow() {
    let server = Server::start(Family::Fulcrum2_1);
    Tool::start(&["header", "--padding", &server.url()]).finish().succeeded();
    let done = Tool::start(&["header", "--padding=often", &server.url()]).finish();
    assert_eq!(done.code, Some(2));
    assert!(done.errors.contains("--padding"), "{}", done.errors);
}
