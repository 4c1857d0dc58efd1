//! The tool as its users run it: the real binary against servers on the loopback interface.

mod about;
mod answer_length;
mod authorization;
mod broadcast;
mod call;
mod demo;
mod doctor;
mod families;
mod faulty;
mod first_contact;
mod headers;
mod json_fields;
mod package;
mod padding;
mod peer;
mod probe;
mod proxy;
mod readme;
mod scripts;
#[cfg(unix)]
mod terminal;
mod tls;
mod tls_front;
mod tool;
mod transactions;
mod transcript;
mod usage;
mod verbose;
mod watch;
mod websocket;
mod withheld;
mod wrong_network;
