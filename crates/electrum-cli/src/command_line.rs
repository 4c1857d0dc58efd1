//! Finds the servers in a command line before clap parses it, and reports servers in the wrong place.

use std::ffi::OsString;
use std::net::Ipv4Addr;

use clap::Command;

use crate::address;

/// The option that takes servers.
const SERVER: &str = "server";

/// Makes the servers that come first values of `--server`. Returns an error message if a server is in the wrong place.
pub(crate) fn mark_servers(command: &Command, words: Vec<OsString>) -> Result<Vec<OsString>, String> {
    let mut marked = Vec::with_capacity(words.len() + 1);
    let mut words = words.into_iter();
    marked.extend(words.next());
    let Some(subcommand) = find_subcommand(command, &mut words, &mut marked)? else { return Ok(marked) };
    if !subcommand.get_arguments().any(|option| option.get_long() == Some(SERVER)) {
        marked.extend(words);
        return Ok(marked);
    }
    let has_others = subcommand.get_positionals().next().is_some();
    let mut are_over = false;
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        if text == "--" {
            marked.push(word);
            marked.extend(words);
            return Ok(marked);
        }
        if is_option(&text) {
            let takes_value = option_takes_value(command, subcommand, &text);
            marked.push(word);
            if takes_value {
                marked.extend(words.next());
            }
            continue;
        }
        if !are_over && is_bare_host(&text) {
            let written = format!("tcp://{text}:50001 or ssl://{text}:50002");
            return Err(format!("{text} does not say how to reach the server: write for example {written}"));
        }
        are_over |= has_others && !is_server(&text);
        if !are_over {
            marked.push(format!("--{SERVER}").into());
        } else if subcommand.get_name() != "call" && has_server_scheme(&text) {
            let name = subcommand.get_name();
            return Err(format!("{text} is a server, and servers come first: electrum-cli {name} {text} ..."));
        }
        marked.push(word);
    }
    Ok(marked)
}

/// Takes the words up to the subcommand, and finds that.
fn find_subcommand<'a>(
    command: &'a Command,
    words: &mut impl Iterator<Item = OsString>,
    marked: &mut Vec<OsString>,
) -> Result<Option<&'a Command>, String> {
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        marked.push(word);
        if is_option(&text) {
            if option_takes_value(command, command, &text) {
                marked.extend(words.next());
            }
            continue;
        }
        if has_server_scheme(&text) {
            return Err(format!(
                "{text} is a server, and the command comes before it: electrum-cli COMMAND {text} ..."
            ));
        }
        let found = command.find_subcommand(&text);
        if found.is_none() {
            marked.extend(words);
        }
        return Ok(found);
    }
    Ok(None)
}

fn is_option(text: &str) -> bool {
    // A single dash means stdin, and a negative number is a parameter.
    text.len() > 1 && text.starts_with('-') && !text[1..].starts_with(|c: char| c.is_ascii_digit())
}

/// Whether the next word is the value of this option.
fn option_takes_value(command: &Command, subcommand: &Command, text: &str) -> bool {
    let options = || command.get_arguments().chain(subcommand.get_arguments());
    if let Some(name) = text.strip_prefix("--") {
        let is_it = |option: &&clap::Arg| {
            option.get_long() == Some(name) || option.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
        };
        return options().find(is_it).is_some_and(takes_next_word);
    }
    // Short options may be combined; the next word is the value of the last one.
    let last = text.chars().last();
    let is_alone = text.chars().count() == 2;
    let option = options().find(|option| option.get_short() == last);
    is_alone && option.is_some_and(takes_next_word)
}

/// Whether an option requires a value. One with an optional value has it after an equals sign.
fn takes_next_word(option: &clap::Arg) -> bool {
    option.get_action().takes_values() && option.get_num_args().is_none_or(|count| count.min_values() > 0)
}

/// Whether a word is meant to be a server, valid or not.
fn is_server(text: &str) -> bool {
    if address::is_uri(text) {
        return false;
    }
    if text.contains("://") {
        return true;
    }
    // An output is written TXID:INDEX, and a script may have a prefix.
    let (head, _) = text.split_once(':').unwrap_or((text, ""));
    let is_other = head.len() == 64 || ["script", "scripthash"].contains(&head.to_ascii_lowercase().as_str());
    // Descriptors contain colons too.
    let is_other = is_other || text.contains('(') || text.starts_with(['/', '.']);
    text.contains(':') && !is_other
}

/// Whether a word is `localhost` or an IP address, which can only be meant as a server.
fn is_bare_host(text: &str) -> bool {
    text == "localhost" || text.parse::<Ipv4Addr>().is_ok()
}

fn has_server_scheme(text: &str) -> bool {
    ["tcp://", "ssl://", "ws://", "wss://"].iter().any(|scheme| text.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(words: &str) -> Result<String, String> {
        let words = ["electrum-cli"].into_iter().chain(words.split_whitespace()).map(OsString::from).collect();
        let marked = mark_servers(&crate::args::command(), words)?;
        let marked: Vec<_> =
            marked.iter().skip(1).map(|word| word.to_string_lossy().replace("--server", "@")).collect();
        Ok(marked.join(" "))
    }

    #[test]
    fn the_servers_that_come_first_are_values_of_an_option() {
        for (words, marked) in [
            ("balance tcp://a:1 ssl://b bc1q", "balance @ tcp://a:1 @ ssl://b bc1q"),
            (
                "--json balance --timeout 3 a:1:t --range 1.4 bc1q more",
                "--json balance --timeout 3 @ a:1:t --range 1.4 bc1q more",
            ),
            ("balance bitcoin:bc1q?x=1", "balance bitcoin:bc1q?x=1"),
            ("balance BITCOIN://bc1q tcp:1", "balance BITCOIN://bc1q tcp:1"),
            ("balance tcp://a bitcoincash:qpm2", "balance @ tcp://a bitcoincash:qpm2"),
            ("balance -s home script:00", "balance -s home script:00"),
            ("call tcp://a -- m -1", "call @ tcp://a -- m -1"),
            ("call tcp://a m tcp://b -1", "call @ tcp://a m tcp://b -1"),
            ("probe tcp://a somewhere", "probe @ tcp://a @ somewhere"),
            ("headers tcp://a -", "headers @ tcp://a -"),
            ("balance ::1:50001:t bc1q", "balance @ ::1:50001:t bc1q"),
            ("balance --genesis mainnet tcp://a x", "balance --genesis mainnet @ tcp://a x"),
            ("balance --padding tcp://a --padding=false x", "balance --padding @ tcp://a --padding=false x"),
            ("--version", "--version"),
            ("prove tcp://a x", "prove tcp://a x"),
        ] {
            assert_eq!(mark(words).as_deref(), Ok(marked), "{words}");
        }
        let txid = "ab".repeat(32);
        assert_eq!(mark(&format!("outpoint tcp://a {txid}:0")), Ok(format!("outpoint @ tcp://a {txid}:0")));
        assert_eq!(mark(&format!("outpoint {txid}:0")), Ok(format!("outpoint {txid}:0")));
    }

    #[test]
    fn a_server_in_the_wrong_place_is_explained() {
        for words in ["tcp://a balance bc1q", "balance bc1q tcp://a", "header 100 ssl://a"] {
            let error = mark(words).expect_err(words);
            assert!(error.contains("is a server"), "{error}");
        }
        for words in ["header localhost 5", "balance 192.0.2.1 bc1q", "probe tcp://a 192.0.2.1"] {
            let error = mark(words).expect_err(words);
            assert!(error.contains("write for example tcp://"), "{error}");
        }
    }
}
