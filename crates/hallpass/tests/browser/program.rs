//! A program that a test starts, and whose group of processes ends with the test.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// How long a program may take to say what is waited for. Only a test that has failed gets there.
const LIMIT: Duration = Duration::from_secs(30);

/// How often one is started that finds its port taken.
const STARTS: usize = 5;

/// A running program.
pub(crate) struct Program {
    child: Child,
}

impl Program {
    /// Starts it, and waits for the line of its output that `read` understands.
    pub(crate) fn start<T>(mut command: Command, read: impl Fn(&str) -> Option<T>) -> (Self, T) {
        // A group of its own: a browser is many processes.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for _ in 0..STARTS {
            match Self::start_once(&mut command, &read) {
                Ok(started) => return started,
                // chromedriver takes a port that is free on ::1, and then the same on 127.0.0.1.
                Err(heard) if heard.contains("Address already in use") => {}
                Err(heard) => panic!("{command:?} did not say what was waited for, but: {heard}"),
            }
        }
        panic!("{command:?} finds no free port");
    }

    /// `Err` with what it said instead.
    fn start_once<T>(
        command: &mut Command,
        read: &impl Fn(&str) -> Option<T>,
    ) -> Result<(Self, T), String> {
        let mut child = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
        let (lines, said) = mpsc::channel();
        follow(child.stdout.take().unwrap(), lines.clone());
        follow(child.stderr.take().unwrap(), lines);
        let program = Self { child };
        let mut heard = String::new();
        loop {
            let Ok(line) = said.recv_timeout(LIMIT) else { return Err(heard) };
            if let Some(found) = read(&line) {
                return Ok((program, found));
            }
            heard.push_str(&line);
            heard.push('\n');
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        // It may have ended by itself.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// Passes lines on until the pipe ends, and reads on even if nobody listens any more: a program
/// whose pipe is full stands still.
fn follow(pipe: impl std::io::Read + Send + 'static, lines: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let Ok(line) = line else { return };
            let _ = lines.send(line);
        }
    });
}
