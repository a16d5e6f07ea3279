//! Base62 text of fixed length for ids and secrets: `[0-9A-Za-z]` only, so that a client which
//! forgets the percent-encoding of RFC 6749 Appendix B still sends what was meant.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The big-endian number `bytes` in base 62, padded with zeros to `len` characters.
///
/// `len` must be large enough (22 for 16 bytes, 43 for 32, 6 for 4): higher digits are lost.
pub fn encode(bytes: &[u8], len: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; len];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0u32;
        for byte in &mut number {
            let value = (rest << 8) | u32::from(*byte);
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *digit = ALPHABET[rest as usize];
    }
    zeroize::Zeroize::zeroize(&mut number);
    digits.into_iter().map(char::from).collect()
}

/// Whether every character is one of the 62.
pub fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_and_never_lose_a_digit() {
        for (bytes, len, text) in [
            (&[0u8; 4][..], 6, "000000"),
            (&[0, 0, 0, 61], 6, "00000z"),
            (&[0, 0, 0, 62], 6, "000010"),
            (&[255, 255, 255, 255], 6, "4gfFC3"),
        ] {
            assert_eq!(encode(bytes, len), text);
        }
        // One character less would not hold the largest value: 62^42 < 2^256 < 62^43.
        assert_ne!(encode(&[255; 32], 43).as_bytes()[0], b'0');
        assert_ne!(encode(&[255; 16], 22).as_bytes()[0], b'0');
    }
}
