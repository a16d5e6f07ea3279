//! The one place that makes random numbers: ids, secrets, nonces and token ids begin here.

/// Random bytes from the operating system's and the library's generator.
///
/// # Panics
/// If the generator fails, which it does only on a machine that must not issue credentials.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        panic!("the machine's random number generator failed");
    }
    bytes
}
