//! The longest answer that the tool accepts, and how it is raised: by option, variable or configuration file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::faulty::{Reply, faulty};
use crate::tool::{Done, Tool, configure, configured};
use electrum_testkit::prelude::*;

#[test]
fn an_answer_over_the_limit_names_it_and_the_option_that_raises_it() {
    const LENGTH: usize = 1_200_000;
    let server = Server::start(Family::Electrs);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let url = faulty(&server, move |method, _| {
        (method == "server.banner").then(|| {
            count.fetch_add(1, Ordering::SeqCst);
            Reply::Result(format!("{:?}", "x".repeat(LENGTH)))
        })
    });
    let folder = configured("max-answer = 1\n");
    let file = ("XDG_CONFIG_HOME", folder.path());
    let variable = |value| ("ELECTRUM_MAX_ANSWER", Path::new(value));
    let call = |more: &[&str], variables: &[(&str, &Path)]| {
        Tool::start_with(&[&["call", &url, "server.banner", "--json"], more].concat(), variables).finish()
    };
    let is_refused = |done: Done| {
        assert_eq!(done.code, Some(1), "{}", done.errors);
        let error = &done.objects()[0]["error"];
        assert_eq!((&error["kind"], &error["cause"]), (&"request".into(), &"answer_too_long".into()));
        assert!(done.errors.contains("limit of 1048576 bytes"), "{}", done.errors);
        assert!(done.errors.contains("--max-answer"), "{}", done.errors);
    };
    let is_shown = |done: Done| {
        assert_eq!((done.code, done.errors.as_str()), (Some(0), ""));
        assert_eq!(done.objects()[0]["result"].as_str().expect("a text").len(), LENGTH);
    };
    is_shown(call(&[], &[]));
    is_refused(call(&["--max-answer", "1"], &[]));
    is_refused(call(&[], &[variable("1")]));
    is_refused(call(&[], &[file]));
    is_shown(call(&[], &[file, variable("2")]));
    is_shown(call(&["--max-answer", "2"], &[file, variable("1")]));
    assert_eq!(asked.load(Ordering::SeqCst), 6, "each is asked for once");

    let config = Tool::start_with(&["config", "--json"], &[file]).finish().objects()[0].clone();
    let settings = config["settings"].as_array().expect("a list").clone();
    let setting = settings.into_iter().find(|setting| setting["name"] == "max-answer").expect("it is listed");
    assert_eq!((&setting["value"], &setting["source"]), (&"1 MiB".into(), &"configuration file".into()));
    for (config, words) in [("max-answer = 0\n", "max-answer"), ("max-answer = 'x'\n", "config.toml")] {
        configure(&folder, config);
        let done = call(&[], &[file]);
        assert_eq!(done.code, Some(2), "{config}");
        assert!(done.errors.contains(words), "{}", done.errors);
    }
}
