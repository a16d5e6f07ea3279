//! The drawing says what the dates say.

use hallpass_core::ring::{KeyRecord, Ring};
use hallpass_token::jose::{Algorithm, SigningKey};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);
const DAY: u64 = 86_400;

fn key(published_days_ago: u64, signs_days_later: u64) -> KeyRecord {
    let (key, der) = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let vault = hallpass_core::vault::OpenVault::from_entropy([1; 32], [2; 32]);
    let published_at = NOW.minus_secs(published_days_ago * DAY);
    KeyRecord {
        kid: key.kid().to_owned(),
        public: key.public_jwk(),
        sealed: vault.seal_key(key.kid(), &der, [3; 12]).unwrap(),
        published_at,
        signs_from: published_at.plus_secs(signs_days_later * DAY),
        killed_at: None,
    }
}

fn drawn(keys: Vec<KeyRecord>) -> Vec<Vec<&'static str>> {
    let ring = Ring { algorithm: Algorithm::EdDsa, keys };
    let timeline = Timeline::of(&ring.spans(NOW, DAY), NOW);
    for part in timeline.lines.iter().flat_map(|line| &line.parts) {
        assert!(part.x + part.width <= WIDTH + 4, "{part:?}");
    }
    assert!((0..=WIDTH).contains(&timeline.now_x));
    let words = |line: &Line| line.parts.iter().map(|part| part.is).collect();
    timeline.lines.iter().map(words).collect()
}

#[test]
fn a_key_is_published_signs_and_retires() {
    let mut killed = key(50, 0);
    killed.killed_at = Some(NOW.minus_secs(DAY));
    for (keys, wanted) in [
        (vec![], vec![]),
        (vec![key(0, 0)], vec![vec!["signing"]]),
        (
            vec![key(100, 0), key(10, 1), key(0, 1)],
            vec![
                vec!["signing", "retired"],
                vec!["published", "signing", "retired"],
                vec!["published", "signing"],
            ],
        ),
        (vec![killed, key(1, 0)], vec![vec!["signing", "killed"], vec!["signing"]]),
    ] {
        assert_eq!(drawn(keys), wanted);
    }
}
