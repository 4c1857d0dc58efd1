#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| electrum_fuzz_bodies::calls(data));
