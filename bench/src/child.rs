//! The other processes of a measurement: this same program in another role, or the released
//! binary. They speak in lines of JSON, end when their standard input does, and only those that
//! were started here are ever ended from here.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{self, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{runtime, sync::mpsc::UnboundedReceiver};

use crate::{limit, load, memory, node};

/// The roles.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Kind {
    /// The bare server that the token endpoint is measured against.
    Limit,
    /// The real server over a directory of its own.
    Node(node::Options),
    /// The load generator.
    Load(load::Options),
    /// A directory and nothing else.
    Directory {
        /// How many credentials to put into it.
        #[arg(long)]
        credentials: u32,
    },
}

impl Kind {
    /// Plays the role until standard input ends, or the work is done.
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Limit => limit::run(),
            Self::Node(options) => node::run(&options),
            Self::Load(options) => load::run(&options),
            Self::Directory { credentials } => memory::fill(credentials),
        }
    }
}

/// A process that was started here, and ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    process: process::Child,
    /// Held open: the child ends when it closes.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    what: String,
}

impl Child {
    /// Starts this program in another role, on one processor if that is asked for.
    pub(crate) fn start(cpu: Option<usize>, args: &[String]) -> Result<Self> {
        let mut all = vec!["child".to_owned()];
        all.extend_from_slice(args);
        Self::start_program(env::current_exe()?, cpu, &all)
    }

    /// Starts a program, on one processor if that is asked for.
    pub(crate) fn start_program(
        program: PathBuf,
        cpu: Option<usize>,
        args: &[String],
    ) -> Result<Self> {
        let what = format!("{} {}", program.display(), args.join(" "));
        let mut command = match cpu {
            None => Command::new(program),
            Some(cpu) => {
                // It replaces itself by the program, so the process id stays.
                let mut pinned = Command::new("taskset");
                pinned.arg("-c").arg(cpu.to_string()).arg(program);
                pinned
            }
        };
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("cannot start {what}"))?;
        let input = process.stdin.take();
        let output = process.stdout.take().context("the child has no output")?;
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { process, input, lines, what })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Its next line as it is.
    pub(crate) fn line(&self, within: Duration) -> Result<String> {
        match self.lines.recv_timeout(within) {
            Ok(line) => Ok(line),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                bail!("{} said nothing for {:.0} s", self.what, within.as_secs_f64())
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                bail!("{} ended; what it wrote above says why", self.what)
            }
        }
    }

    /// What it says next.
    pub(crate) fn hear<T: DeserializeOwned>(&self, within: Duration) -> Result<T> {
        let line = self.line(within)?;
        serde_json::from_str(&line).with_context(|| format!("{} said {line:?}", self.what))
    }

    /// Tells it something, and waits for what it says to that.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, line: &str, within: Duration) -> Result<T> {
        let input = self.input.as_mut().context("the child has no input")?;
        writeln!(input, "{line}").with_context(|| format!("{} does not listen", self.what))?;
        self.hear(within)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; its folder is its starter's, so there is nothing to save.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In a child: says one thing to whoever started it.
pub(crate) fn say(value: &impl Serialize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(value)?)?;
    Ok(out.flush()?)
}

/// In a child: the lines that it is told. They end when its starter ends.
pub(crate) fn orders() -> UnboundedReceiver<String> {
    let (send, orders) = tokio::sync::mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    orders
}

/// In a child: the runtime of the released binary. It takes as many threads as there are
/// processors, which for a pinned child is one.
pub(crate) fn runtime() -> Result<runtime::Runtime> {
    Ok(runtime::Builder::new_multi_thread().enable_all().build()?)
}
