//! What every start of the program would pay for.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use crate::machine::APIKEY;

#[test]
fn no_library_of_mathematics_is_opened_at_every_start() {
    let program = std::fs::read(APIKEY).unwrap();
    let needs = |library: &[u8]| program.windows(library.len()).any(|bytes| bytes == library);
    assert!(needs(b"libc.so.6\0"), "the names of libraries are no longer found like this");
    assert!(!needs(b"libm.so.6\0"), "what is called of it belongs beside `pow` in src/main.rs");
}
