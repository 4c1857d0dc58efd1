//! Runs the driver in 64 KiB of memory, all that this program has: a handshake, ten subscriptions, a lost connection, and
//! what changed meanwhile. Time is simulated: the clock jumps to the moment that the client waits for.

mod server;

use cap::Cap;
use electrum_bare::{Driver, Turn};
use electrum_proto::types::ScriptHash;
use electrum_proto::{Config, Event, Limits, Origin, Timestamp, Topic};
use server::Server;

/// The memory of the device. An allocation that does not fit ends the program.
const MEMORY: usize = 64 * 1024;

#[global_allocator]
static HEAP: Cap<emballoc::Allocator<MEMORY>> = Cap::new(emballoc::Allocator::new(), MEMORY);

fn main() {
    let config = Config { limits: Limits::small(), ..Config::default() };
    let before = HEAP.allocated();
    let mut driver = Driver::new(config, Server::default(), Timestamp::ZERO);
    driver.client().subscribe(Timestamp::ZERO, Topic::Headers).expect("there is room for ten topics");
    for number in 1..10 {
        let topic = Topic::ScriptHash(ScriptHash::from_display_bytes([number; 32]));
        driver.client().subscribe(Timestamp::ZERO, topic).expect("there is room for ten topics");
    }
    let mut now = Timestamp::ZERO;
    let mut resumed = false;
    loop {
        let turn = driver.turn(now, |event| match event {
            Event::Ready { software, version, .. } => println!("{software} speaks {version}"),
            Event::Update { sub, origin, .. } => {
                println!("{sub:?} has a value: {origin:?}");
                resumed |= origin == Origin::Resumed;
            }
            Event::Down { cause, .. } => println!("disconnected: {cause}"),
            other => println!("{other:?}"),
        });
        match turn {
            Turn::Finished => break,
            Turn::Wait(_) if resumed => driver.client().close(now),
            Turn::Wait(until) => now = until.expect("a client that is not closed waits for something"),
        }
    }
    println!("peak heap: {} of {MEMORY} bytes, {before} of them the program's own", HEAP.max_allocated());
}
