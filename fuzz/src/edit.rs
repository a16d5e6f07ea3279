//! How good input is broken: a few edits, each of which proptest can take back to find the
//! smallest input that still fails.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::Index,
};

/// No input gets longer: as much as the token endpoint reads, and a little more.
const AT_MOST: usize = 72 * 1024;

/// Bytes that parsers trip over.
const AWKWARD: &[u8] = b"\0\t\n\r \"%&+,-./0:;<=?@A[\\]_`{}~\x7f\x80\xBF\xC0\xED\xF4\xFF";

/// One change.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Another byte.
    Set(Index, u8),
    /// A byte more.
    Insert(Index, u8),
    /// A meaningful word more.
    Word(Index, Index),
    /// Some bytes less.
    Remove(Index, usize),
    /// Some bytes again and again.
    Repeat(Index, usize, usize),
    /// The end of another seed from here on.
    Splice(Index, Index, Index),
    /// The end cut off.
    Cut(Index),
}

/// Seeds with a few edits each.
pub(crate) fn inputs(
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), vec(edit(), 0..7)).prop_map(move |(seed, edits)| {
        let mut input = seed.get(&seeds).clone();
        for edit in &edits {
            edit.apply(&mut input, &seeds, words);
            input.truncate(AT_MOST);
        }
        input
    })
}

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), proptest::sample::select(AWKWARD)]
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    // Mostly a few bytes, now and then very many times.
    let times = prop_oneof![8 => 1_usize..4, 1 => Just(300), 1 => Just(30_000)];
    prop_oneof![
        4 => (at(), byte()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        2 => (at(), byte()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        4 => (at(), at()).prop_map(|(at, word)| Edit::Word(at, word)),
        3 => (at(), 1_usize..20).prop_map(|(at, length)| Edit::Remove(at, length)),
        2 => (at(), 1_usize..40, times).prop_map(|(at, n, times)| Edit::Repeat(at, n, times)),
        2 => (at(), at(), at()).prop_map(|(at, seed, from)| Edit::Splice(at, seed, from)),
        1 => at().prop_map(Edit::Cut),
    ]
}

impl Edit {
    fn apply(&self, input: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
        let place = |index: &Index, length: usize| index.index(length + 1);
        match self {
            Self::Set(at, byte) => {
                let length = input.len();
                if let Some(old) = input.get_mut(place(at, length)) {
                    *old = *byte;
                }
            }
            Self::Insert(at, byte) => input.insert(place(at, input.len()), *byte),
            Self::Word(at, word) => {
                let at = place(at, input.len());
                if !words.is_empty() {
                    input.splice(at..at, word.get(words).bytes());
                }
            }
            Self::Remove(at, length) => {
                let at = place(at, input.len());
                input.drain(at..(at + length).min(input.len()));
            }
            Self::Repeat(at, length, times) => {
                let at = place(at, input.len());
                let part = input[at..(at + length).min(input.len())].to_vec();
                let room = AT_MOST.saturating_sub(input.len()) / part.len().max(1);
                input.splice(at..at, part.repeat((*times).min(room)));
            }
            Self::Splice(at, seed, from) => {
                let other = seed.get(seeds);
                input.truncate(place(at, input.len()));
                input.extend_from_slice(&other[place(from, other.len())..]);
            }
            Self::Cut(at) => input.truncate(place(at, input.len())),
        }
    }
}
