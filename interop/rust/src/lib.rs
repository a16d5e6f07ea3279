//! What every peer written in Rust has: its world, its verdicts, and the Books API as a plain
//! caller sees it. It must never use the library under test.

pub mod standard;
pub mod verifying;
pub mod world;

use std::collections::HashMap;

use serde_json::json;

pub use crate::world::{Login, World};

/// Why a case did not pass.
#[derive(Debug)]
pub enum Trouble {
    /// The library has nothing for this case.
    NotSupported(String),
    /// It failed.
    Failed(String),
}

impl<E: std::error::Error> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Failed(format!("{error:?}"))
    }
}

/// What a case ends with.
pub type Outcome = Result<(), Trouble>;

/// One case.
pub type Case = Box<dyn Fn(&World) -> Outcome>;

/// A case that this library cannot answer.
pub fn not_supported(why: &str) -> Case {
    let why = why.to_owned();
    Box::new(move |_| Err(Trouble::NotSupported(why.clone())))
}

/// Fails the case unless it holds.
pub fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Trouble::Failed(otherwise())) }
}

/// Fails the case unless both are equal.
pub fn expect_equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Outcome {
    expect(got == wanted, || format!("{what} is {got:?}, not {wanted:?}"))
}

/// Answers every case that the world asks for, one JSON line each.
pub fn run(library: &str, cases: HashMap<&'static str, Case>) {
    let file = std::env::args().nth(1).expect("the name of a JSON file");
    let text = std::fs::read_to_string(file).expect("the world");
    let world: World = serde_json::from_str(&text).expect("the world is JSON");
    println!("{}", json!({"version": version(library)}));
    for name in &world.cases {
        let Some(case) = cases.get(name.as_str()) else { continue };
        let (verdict, detail) = match case(&world) {
            Ok(()) => ("ok", String::new()),
            Err(Trouble::NotSupported(why)) => ("not-supported", why),
            Err(Trouble::Failed(why)) => ("failed", why),
        };
        println!("{}", json!({"case": name, "verdict": verdict, "detail": detail}));
    }
}

/// The library's version, as it is pinned.
fn version(library: &str) -> String {
    let lock = include_str!("../Cargo.lock");
    let package = format!("name = \"{library}\"\nversion = \"");
    let found = lock.split_once(&package).map(|(_, rest)| rest);
    found.and_then(|rest| rest.split('"').next()).unwrap_or("?").to_owned()
}
