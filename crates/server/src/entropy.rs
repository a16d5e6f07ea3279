//! The one place that makes random numbers: ids, secrets, nonces and token ids begin here.

use std::cell::RefCell;

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

/// Random bytes for a token's id. They are public as soon as the token is, so they may wait in
/// memory: asking the generator for each would cost a tenth of the token.
pub(crate) fn token_id() -> [u8; 16] {
    const AT_ONCE: usize = 64;
    thread_local! {
        static WAITING: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) };
    }
    WAITING.with_borrow_mut(|waiting| {
        if waiting.is_empty() {
            let fresh = bytes::<{ 16 * AT_ONCE }>();
            waiting.extend(fresh.as_chunks().0);
        }
        // Just filled, if it was empty.
        waiting.pop().unwrap_or_else(bytes)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_tokens_share_an_id() {
        let ids: HashSet<_> = (0..10_000).map(|_| token_id()).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
