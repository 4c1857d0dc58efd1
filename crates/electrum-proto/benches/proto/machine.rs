//! The machine as a whole: requests and their replies, notifications, long lines.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use electrum_proto::operations::{Balance, History};
use electrum_proto::{Client, ConnId, Event, Input, Request, Topic};

use crate::lines::{NOW, balance_line, drain, history, notification_line, ready, script};

/// As much as a driver reads at once.
const READ: usize = 64 * 1024;

/// So many requests are sent together and answered together, each answer decoded. The cost of one must not grow.
#[divan::bench(args = [1, 10, 100, 1_000, 10_000, 100_000], max_time = 3)]
fn requests_in_flight(bencher: Bencher<'_, '_>, count: usize) {
    let (mut client, conn) = ready();
    let request = Balance::new(script(0));
    // The handshake had the first one.
    let mut last_id = 1;
    let replies = || {
        let first = last_id + 1;
        last_id += count as u64;
        (first..=last_id).map(balance_line).collect::<String>()
    };
    bencher.counter(ItemsCount::new(count)).with_inputs(replies).bench_local_values(|replies| {
        for _ in 0..count {
            client.request(NOW, &request).expect("there is room");
        }
        client.handle(NOW, Input::Wrote(conn, usize::MAX));
        let mut answered = 0;
        feed(&mut client, conn, replies.as_bytes(), READ, |event| {
            let Event::Reply { result: Ok(reply), .. } = event else { panic!("{event:?}") };
            black_box(request.decode(reply.version, reply.result).expect("a balance"));
            answered += 1;
        });
        assert_eq!(answered, count);
    });
}

/// Each notification is of another script and brings another status than the one before.
#[divan::bench(args = [1, 1_000, 100_000], max_time = 3)]
fn notifications(bencher: Bencher<'_, '_>, topics: usize) {
    let (mut client, conn) = ready();
    for index in 0..topics {
        client.subscribe(NOW, Topic::ScriptHash(script(index))).expect("there is room");
    }
    drain(&mut client, |_| ());
    client.handle(NOW, Input::Wrote(conn, usize::MAX));
    let answers: String = (0..topics as u64)
        .map(|index| format!("{{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":{}}}\n", index + 2))
        .collect();
    feed(&mut client, conn, answers.as_bytes(), READ, |_| ());
    let turns: String = (0..2).flat_map(|turn| (0..topics).map(move |index| notification_line(index, turn))).collect();
    bencher.counter(ItemsCount::new(2 * topics)).bench_local(|| {
        let mut seen = 0;
        feed(&mut client, conn, turns.as_bytes(), READ, |event| {
            black_box(event);
            seen += 1;
        });
        assert_eq!(seen, 2 * topics);
    });
}

/// A reply of 16 MB that arrives in pieces: the smaller ones may cost more calls, but no byte is looked at again and again.
#[divan::bench(args = [1_024, 16 * 1_024, 256 * 1_024])]
fn long_line_in_pieces(bencher: Bencher<'_, '_>, piece: usize) {
    let (mut client, conn) = ready();
    let request = History::new(script(0));
    let result = history(160_000);
    let mut id = 1;
    let line = || {
        id += 1;
        format!("{{\"jsonrpc\":\"2.0\",\"result\":{result},\"id\":{id}}}\n")
    };
    bencher.counter(BytesCount::new(result.len())).with_inputs(line).bench_local_values(|line| {
        client.request(NOW, &request).expect("there is room");
        client.handle(NOW, Input::Wrote(conn, usize::MAX));
        let mut answered = 0;
        feed(&mut client, conn, line.as_bytes(), piece, |event| {
            let Event::Reply { result: Ok(reply), .. } = event else { panic!("{event:?}") };
            black_box(reply);
            answered += 1;
        });
        assert_eq!(answered, 1);
    });
}

/// Hands in bytes as a driver would that reads `piece` bytes at a time.
fn feed(client: &mut Client, conn: ConnId, bytes: &[u8], piece: usize, mut each: impl FnMut(Event<'_>)) {
    for bytes in bytes.chunks(piece) {
        client.handle(NOW, Input::Read(conn, bytes));
        drain(client, &mut each);
    }
}
