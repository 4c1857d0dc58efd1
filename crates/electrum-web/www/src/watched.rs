//! Shows a watched script: its balance and its history, fetched again when the script's status changes.

use electrum_web::proto::operations::{Balance, History};
use electrum_web::proto::types::{HistoryEntry, ScriptBalance, TxHeight};
use electrum_web::proto::{Script, Topic};
use electrum_web::{CallError, Client};
use web_sys::Element;

use crate::address::Target;
use crate::dom;

/// How many transactions of a history are listed.
const LISTED: usize = 50;

/// Shows a script until the client is closed.
pub(crate) async fn follow(client: Client, target: Target) {
    let card = dom::element("article", "", "");
    dom::append(&card, &dom::element("h3", "", &target.name));
    let content = dom::element("div", "", "Waiting for a server …");
    dom::append(&card, &content);
    dom::append(&dom::by_id("watched"), &card);
    let mut updates = match client.subscribe(Topic::Script(target.script.clone())) {
        Ok(updates) => updates,
        Err(error) => return content.set_text_content(Some(&error.to_string())),
    };
    while let Some(update) = updates.next().await {
        match update.value {
            Ok(_) => fetch(&client, &target.script, &content).await,
            Err(error) => content.set_text_content(Some(&error.to_string())),
        }
    }
}

async fn fetch(client: &Client, script: &Script, content: &Element) {
    let (balance, history) =
        client.pipeline(|calls| (calls.call(Balance::new(script)), calls.call(History::new(script))));
    let fetched = async { Ok::<_, CallError>((balance.await?, history.await?)) };
    match fetched.await {
        Ok((balance, history)) => show(content, &balance, &history),
        Err(error) => content.set_text_content(Some(&error.to_string())),
    }
}

fn show(content: &Element, balance: &ScriptBalance, history: &[HistoryEntry]) {
    content.set_text_content(None);
    let mut words = format!("{} BTC", bitcoin(balance.confirmed.to_sat().into()));
    let unconfirmed = i128::from(balance.unconfirmed.to_sat());
    if unconfirmed != 0 {
        let sign = if unconfirmed > 0 { "+" } else { "" };
        words += &format!(" ({sign}{} unconfirmed)", bitcoin(unconfirmed));
    }
    dom::append(content, &dom::element("p", "balance", &words));
    let count = history.len();
    let counted = match count {
        0 => "No transactions".to_owned(),
        1 => "1 transaction".to_owned(),
        _ if count > LISTED => format!("{count} transactions, of which the last {LISTED} are listed"),
        _ => format!("{count} transactions"),
    };
    dom::append(content, &dom::element("p", "", &counted));
    let table = dom::element("table", "history", "");
    for entry in history.iter().rev().take(LISTED) {
        let height = match entry.height {
            TxHeight::Confirmed(height) => height.to_string(),
            TxHeight::Unconfirmed | TxHeight::UnconfirmedParent => "unconfirmed".to_owned(),
        };
        dom::append(&table, &dom::row(&[&height, &entry.txid.to_string()]));
    }
    dom::append(content, &table);
}

/// Formats satoshi as bitcoin, exactly.
fn bitcoin(satoshis: i128) -> String {
    let sign = if satoshis < 0 { "-" } else { "" };
    let satoshis = satoshis.unsigned_abs();
    format!("{sign}{}.{:08}", satoshis / 100_000_000, satoshis % 100_000_000)
}
