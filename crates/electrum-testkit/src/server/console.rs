//! Text commands, for programs with which a person changes a server's chain.

use super::Server;
use crate::hash::from_hex;

impl Server {
    /// Describes the commands of [`command`](Self::command).
    pub const COMMANDS: &str = "mine BLOCKS, pay SCRIPT SATOSHI, reorganise BLOCKS BLOCKS, or restart";

    /// Runs a command that a person has typed, and returns what was done, or `None` if it is not one of
    /// [`COMMANDS`](Self::COMMANDS).
    ///
    /// ```
    /// use electrum_testkit::prelude::*;
    ///
    /// let mut server = Server::start(Family::Fulcrum2_1);
    /// let height = server.chain(|chain| chain.height());
    /// assert!(server.command("mine 2").is_some_and(|done| done.starts_with("block ")));
    /// assert_eq!(server.chain(|chain| chain.height()), height + 2);
    /// assert_eq!(server.command("mine two"), None);
    /// ```
    pub fn command(&mut self, line: &str) -> Option<String> {
        Some(match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["mine", blocks] => format!("block {}", self.mine(blocks.parse().ok()?)),
            ["pay", script, satoshi] => {
                format!("transaction {}", self.pay(&from_hex(script)?, satoshi.parse().ok()?))
            }
            ["reorganise", depth, blocks] => {
                format!("block {}", self.reorganise(depth.parse().ok()?, blocks.parse().ok()?))
            }
            ["restart"] => {
                self.restart();
                "restarted".to_owned()
            }
            _ => return None,
        })
    }
}
