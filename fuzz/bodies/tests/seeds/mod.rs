//! The first inputs of each target, from recordings of real servers.

mod recordings;

use electrum_fuzz_bodies::operation_of;
use electrum_proto::ProtocolVersion;
use electrum_sim::Trace;
use electrum_sim::fuzz::trace_bytes;
use serde_json::Value;

use recordings::LONGEST;

/// One input.
pub(crate) struct Seed {
    pub(crate) target: &'static str,
    pub(crate) name: String,
    pub(crate) data: Vec<u8>,
}

/// All of them.
pub(crate) fn all() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |target, name: String, data: Vec<u8>| seeds.push(Seed { target, name, data });
    for server in recordings::connections("handshake") {
        let mut kept: Vec<&String> = Vec::new();
        for said in server.said.iter().filter(|said| !said.is_empty() && said.len() <= LONGEST) {
            if kept.len() == 3 {
                break;
            }
            if !kept.contains(&said) {
                let data = [&[7, 0], said.as_bytes()].concat();
                add("handshake", format!("{}-{}", server.name, kept.len()), data);
                kept.push(said);
            }
        }
    }
    for server in recordings::connections("messages") {
        let lines: Vec<&str> =
            server.said.iter().flat_map(|said| said.lines()).filter(|l| l.len() <= LONGEST).collect();
        for (index, line) in lines.iter().step_by(lines.len() / 6 + 1).enumerate() {
            add("message", format!("{}-{index}", server.name), line.as_bytes().to_vec());
        }
        for (index, said) in lines.chunks(5).take(4).enumerate() {
            let text = said.join("\n") + "\n";
            add("line", format!("{}-{index}", server.name), [&[159 + 32 * index as u8], text.as_bytes()].concat());
        }
    }
    for server in recordings::replies() {
        for (index, replies) in server.replies.chunks(4).step_by(server.replies.len() / 10 + 1).enumerate() {
            // Our ids from 2 on: six requests, then three topics.
            let lines = replies.iter().zip(2 + 4 * (index as u64 % 2)..);
            let text: String = lines.map(|(reply, id)| with_id(&reply.text, id) + "\n").collect();
            add("server_bytes", format!("{}-{index}", server.name), [&[5, 1], text.as_bytes()].concat());
        }
    }
    for (index, (bytes, text)) in results().into_iter().enumerate() {
        add("decode", format!("{index:02}"), [&bytes[..], text.as_bytes()].concat());
    }
    for (index, text) in ENCODE.iter().enumerate() {
        add("encode", format!("{index}"), text.to_vec());
    }
    for seed in 0..6 {
        add("client_ops", format!("{seed}"), trace_bytes(&Trace::unrolled(seed, 300)));
        add("pair", format!("{seed}"), trace_bytes(&Trace::unrolled(seed, 300)));
        add("calls", format!("{seed}"), trace_bytes(&Trace::unrolled(seed, 300)));
    }
    seeds
}

const ENCODE: [&[u8]; 4] = [
    b"server.ping",
    b"blockchain.block.headers\xff0\xff2016\xff0",
    b"blockchain.transaction.broadcast\xff\"00\"\xff{\"a\": [1.5, null, true]}",
    b"a\"\\\n\r\t\x00\xe2\x80\xa8\xff\n\xff\"\\n\"\xff1e400",
];

fn with_id(text: &str, id: u64) -> String {
    text.replacen("\"id\": 0", &format!("\"id\": {id}"), 1).replacen("\"id\":0", &format!("\"id\":{id}"), 1)
}

/// Results of different operations and shapes, with the bytes that choose the operation.
fn results() -> Vec<([u8; 2], String)> {
    let mut results: Vec<([u8; 2], String)> = Vec::new();
    for reply in recordings::replies().into_iter().flat_map(|server| server.replies) {
        let Some(method) = &reply.method else { continue };
        let value: Value = serde_json::from_str(&reply.text).expect("what servers sent is JSON");
        let Some(result) = value.get("result") else { continue };
        for version in [ProtocolVersion::V1_4, ProtocolVersion::V1_7] {
            let Some(bytes) = operation_of(method, version) else { continue };
            let text = result.to_string();
            // The least telling results are the short ones.
            match results.iter_mut().find(|(known, _)| *known == bytes) {
                Some((_, known)) if known.len() < text.len() => *known = text,
                Some(_) => {}
                None => results.push((bytes, text)),
            }
        }
    }
    results.sort();
    results
}
