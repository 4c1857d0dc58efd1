//! Shows the tip of the chain, and lists the last ones.

use electrum_web::Client;
use electrum_web::proto::{Topic, Update};

use crate::dom;

/// How many tips are listed.
const TIPS: u32 = 6;

/// Lists tips, the newest first, until the client is closed.
pub(crate) async fn follow(client: Client) {
    let Ok(mut updates) = client.subscribe(Topic::Headers) else { return };
    // Only the form holds the client, and closes it by dropping it.
    drop(client);
    while let Some(update) = updates.next().await {
        let row = match update.value {
            Ok(Update::Headers(tip)) => dom::row(&[
                &tip.height.to_string(),
                &tip.header.block_hash().to_string(),
                &dom::date(tip.header.time()),
            ]),
            Ok(_) => continue,
            Err(error) => dom::row(&["?", &error.to_string(), ""]),
        };
        dom::prepend("tips", &row, TIPS);
    }
}
