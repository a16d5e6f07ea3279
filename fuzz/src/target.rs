//! What a target is: a parser, what must hold whatever it is fed, and good input to begin with.

/// What is wrong, in words.
pub(crate) type Verdict = Result<(), String>;

/// Must not panic, must not take long, and finds what else must never be.
type Check = Box<dyn Fn(&[u8]) -> Verdict>;

/// One parser.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Good input, which is then broken.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// Words that mean something to this parser.
    pub(crate) words: &'static [&'static str],
    pub(crate) check: Check,
}

impl Target {
    pub(crate) fn new(
        name: &'static str,
        seeds: impl IntoIterator<Item: Into<Vec<u8>>>,
        words: &'static [&'static str],
        check: impl Fn(&[u8]) -> Verdict + 'static,
    ) -> Self {
        let seeds = seeds.into_iter().map(Into::into).collect();
        Self { name, seeds, words, check: Box::new(check) }
    }
}

/// Finds that something does not hold.
pub(crate) fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}
