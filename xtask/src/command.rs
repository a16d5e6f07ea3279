//! What may follow `cargo xtask`: reads the command line and writes the help. It must never start
//! anything itself.

use std::fmt::Write as _;

/// Every command with its line in the help, in the order in which a newcomer needs them.
const COMMANDS: &[(&str, &str)] = &[
    ("check", "all that a change needs: format, tidy, clippy, docs, tests"),
    ("test", "installs what is missing, then runs everything: check, supply chain, fuzz, interop"),
    ("fuzz", "broken input for every parser: [SECONDS for each] [TARGET…]"),
    ("interop", "strangers' OAuth libraries against the binary; arguments go to interop/run.py"),
    ("screenshots", "runs the browser tests and keeps a picture of every page; takes a folder"),
    ("scaling", "what a load takes: the tables of the page, or of CREDENTIALS TOKENS/S VERIFIERS"),
    ("chart", "Helm chart and container file, by Helm's code and Kubernetes' types"),
    ("deb", "release build and the Debian package of it: [FOLDER]; --check only checks it"),
    ("bench", "release build and benchmarks; arguments go to the bench binary"),
    ("simulate", "nodes, store and verifiers under seeds: [N], or --seed S for one with its trace"),
    ("faults", "kill -9, failover, restarts under load: [kill|failover|rolling|rotation|soak] …"),
    ("feed-conformance", "whether a revocation feed is as docs/feed.md says: URL [--kill COMMAND]"),
    ("supply-chain", "one TLS stack, one HTTP client, core and token free of I/O"),
    ("tidy", "the project's own rules: arrows, sizes, names, paths, links"),
];

/// One command, with its arguments read.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Check,
    Test,
    /// The arguments for the `fuzz` binary.
    Fuzz(Vec<String>),
    /// The arguments for `interop/run.py`.
    Interop(Vec<String>),
    /// The folder for the pictures.
    Screenshots(Option<String>),
    Chart,
    /// The load: none, or three numbers.
    Scaling(Vec<String>),
    /// The folder for the package, or `--check`.
    Deb(Option<String>),
    /// The arguments for the `bench` binary.
    Bench(Vec<String>),
    /// The arguments for the `simulation` binary.
    Simulate(Vec<String>),
    /// The arguments for the `conformance` binary.
    FeedConformance(Vec<String>),
    /// The arguments for the `faults` binary, and `--release`.
    Faults(Vec<String>),
    SupplyChain,
    Tidy,
    Help,
}

/// A command line that means nothing.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum UsageError {
    UnknownCommand { asked: String, nearest: &'static str },
    UnexpectedArgument { command: String, argument: String },
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownCommand { asked, nearest } => write!(
                f,
                "there is no command `{asked}`; did you mean `{nearest}`? \
                 `cargo xtask --help` lists them all"
            ),
            Self::UnexpectedArgument { command, argument } => {
                write!(f, "`{command}` has no use for the argument `{argument}`")
            }
        }
    }
}

impl std::error::Error for UsageError {}

impl Command {
    /// Reads the words after `cargo xtask`; none at all asks for help.
    ///
    /// # Errors
    /// An unknown command, or an argument that its command does not take.
    pub(crate) fn parse(args: &[String]) -> Result<Self, UsageError> {
        let Some((name, rest)) = args.split_first() else {
            return Ok(Self::Help);
        };
        if rest.iter().any(|arg| arg == "--help" || arg == "-h") {
            return Ok(Self::Help);
        }
        let alone = |command: Self| match rest.first() {
            None => Ok(command),
            Some(argument) => Err(UsageError::UnexpectedArgument {
                command: name.clone(),
                argument: argument.clone(),
            }),
        };
        let folder = || match rest {
            [] => Ok(None),
            [folder] => Ok(Some(folder.clone())),
            [_, argument, ..] => Err(UsageError::UnexpectedArgument {
                command: name.clone(),
                argument: argument.clone(),
            }),
        };
        match name.as_str() {
            "check" => alone(Self::Check),
            "test" => alone(Self::Test),
            "supply-chain" => alone(Self::SupplyChain),
            "tidy" => alone(Self::Tidy),
            "chart" => alone(Self::Chart),
            "fuzz" => Ok(Self::Fuzz(rest.to_vec())),
            "screenshots" => Ok(Self::Screenshots(folder()?)),
            "deb" => Ok(Self::Deb(folder()?)),
            "interop" => Ok(Self::Interop(rest.to_vec())),
            "scaling" => Ok(Self::Scaling(rest.to_vec())),
            "bench" => Ok(Self::Bench(rest.to_vec())),
            "feed-conformance" => Ok(Self::FeedConformance(rest.to_vec())),
            "faults" => Ok(Self::Faults(rest.to_vec())),
            "simulate" => Ok(Self::Simulate(rest.to_vec())),
            "help" | "--help" | "-h" => Ok(Self::Help),
            _ => Err(UsageError::UnknownCommand { asked: name.clone(), nearest: nearest(name) }),
        }
    }
}

/// The text of `cargo xtask --help`.
pub(crate) fn help() -> String {
    let mut text = String::from("Usage: cargo xtask <command>\n\nCommands:\n");
    for (name, purpose) in COMMANDS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<17}{purpose}");
    }
    text
}

/// The command with the fewest letters to change.
fn nearest(asked: &str) -> &'static str {
    COMMANDS
        .iter()
        .map(|(name, _)| *name)
        .min_by_key(|name| edit_distance(asked, name))
        .unwrap_or("help")
}

/// Levenshtein's distance, one row at a time.
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, UsageError> {
        Command::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn every_listed_command_is_understood() {
        for (name, _) in COMMANDS {
            assert!(parse(name).is_ok_and(|command| command != Command::Help), "{name}");
            assert!(help().contains(name), "{name}");
        }
    }

    #[test]
    fn help_is_given_whenever_it_is_asked_for() {
        for line in ["", "--help", "-h", "help", "test --help", "interop -h"] {
            assert_eq!(parse(line), Ok(Command::Help), "{line:?}");
        }
    }

    #[test]
    fn an_unknown_command_names_the_nearest() {
        for (asked, near) in
            [("chekc", "check"), ("tests", "test"), ("inter", "interop"), ("benchmark", "bench")]
        {
            let error = UsageError::UnknownCommand { asked: asked.into(), nearest: near };
            assert_eq!(parse(asked), Err(error), "{asked}");
        }
    }

    #[test]
    fn arguments_go_only_to_commands_that_take_them() {
        let passed = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(parse("interop go --keep"), Ok(Command::Interop(passed(&["go", "--keep"]))));
        assert_eq!(parse("fuzz 60 jwt"), Ok(Command::Fuzz(passed(&["60", "jwt"]))));
        assert_eq!(parse("bench sign"), Ok(Command::Bench(passed(&["sign"]))));
        let soak = ["soak", "--minutes", "1"];
        assert_eq!(parse("faults soak --minutes 1"), Ok(Command::Faults(passed(&soak))));
        assert_eq!(parse("screenshots"), Ok(Command::Screenshots(None)));
        assert_eq!(parse("screenshots a"), Ok(Command::Screenshots(Some("a".to_owned()))));
        assert_eq!(parse("deb a"), Ok(Command::Deb(Some("a".to_owned()))));
        let too_many = ["screenshots a b", "deb a b"];
        for line in ["check now", "test now", "supply-chain now", "tidy now", "chart now"]
            .into_iter()
            .chain(too_many)
        {
            assert!(matches!(parse(line), Err(UsageError::UnexpectedArgument { .. })), "{line}");
        }
    }
}
