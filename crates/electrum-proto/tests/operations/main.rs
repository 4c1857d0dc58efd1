//! The operations as a whole: their methods and versions, what they refuse, and that decoding is total.

mod all;
mod as_json;
mod documented;
mod effects;
mod faults;
mod odd;
mod table;
mod totality;
mod unrecorded;
mod versions;
