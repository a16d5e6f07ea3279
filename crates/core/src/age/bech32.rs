//! Reading keys in Bech32 (BIP 173), which is how age writes them. It never takes one whose
//! checksum is wrong.

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];

/// The bytes behind `prefix`, which is in lower case; all of the text may be in upper case.
pub(super) fn decode(prefix: &str, text: &str) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let is_upper = text.bytes().any(|sign| sign.is_ascii_uppercase());
    let is_lower = text.bytes().any(|sign| sign.is_ascii_lowercase());
    if is_upper && is_lower {
        return None;
    }
    let text = zeroize::Zeroizing::new(text.to_ascii_lowercase());
    let data = text.strip_prefix(prefix)?.strip_prefix('1')?;
    let place = |sign| ALPHABET.iter().position(|known| *known == sign).map(|place| place as u8);
    let values = data.bytes().map(place).collect::<Option<Vec<u8>>>();
    let values = zeroize::Zeroizing::new(values?);
    let (values, _) = checked(prefix, &values)?.split_last_chunk::<6>()?;
    bytes(values)
}

/// The values, if their checksum is right.
fn checked<'a>(prefix: &str, values: &'a [u8]) -> Option<&'a [u8]> {
    let high = prefix.bytes().map(|sign| sign >> 5);
    let low = prefix.bytes().map(|sign| sign & 31);
    let all = high.chain([0]).chain(low).chain(values.iter().copied());
    let sum = all.fold(1_u32, |sum, value| {
        let shifted = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        let set = GENERATORS.iter().enumerate().filter(|(bit, _)| (sum >> 25) >> bit & 1 == 1);
        set.fold(shifted, |sum, (_, generator)| sum ^ generator)
    });
    (sum == 1).then_some(values)
}

/// Groups of five bits, as bytes. What is left over must be short, and nothing.
fn bytes(values: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(values.len()));
    let (mut waiting, mut bits) = (0_u32, 0);
    for value in values {
        waiting = (waiting << 5 | u32::from(*value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((waiting >> bits) as u8);
        }
    }
    let rest = waiting & ((1 << bits) - 1);
    (bits < 5 && rest == 0).then_some(bytes)
}
