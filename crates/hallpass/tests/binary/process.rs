//! One process of the real binary. Its output is read as it comes, waiting for it is bounded,
//! and it never outlives the test that started it.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::sync::watch;

/// How long anything at all may take. Only a test that has failed gets there.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits, but not for ever.
pub(crate) async fn within_limit<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LIMIT, work).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: not within {LIMIT:?}"),
    }
}

/// A running process.
pub(crate) struct Process {
    child: Child,
    stdout: watch::Receiver<String>,
    stderr: watch::Receiver<String>,
}

/// What is left of a process.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None`: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts a process that reads `stdin`.
    pub(crate) fn start(mut command: Command, stdin: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // A process that does not read its input is free not to.
        let _ = std::io::Write::write_all(&mut input, stdin.as_bytes());
        let stdout = follow(child.stdout.take().unwrap());
        let stderr = follow(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first whole line on standard error that contains `words`.
    pub(crate) async fn says(&mut self, words: &str) -> Result<String, &'static str> {
        let find = |text: &str| {
            let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            whole.map(str::trim_end).find(|line| line.contains(words)).map(str::to_owned)
        };
        let waiting = self.stderr.wait_for(|text| find(text).is_some());
        match within_limit(words, waiting).await {
            Ok(text) => Ok(find(&text).unwrap()),
            Err(_) => Err("it ended without saying so"),
        }
    }

    /// Waits until `enough` lines of standard output begin with `{`.
    pub(crate) async fn prints(&mut self, enough: usize) {
        let count = |text: &str| text.lines().filter(|line| line.starts_with('{')).count();
        let waiting = self.stdout.wait_for(|text| count(text) >= enough);
        if within_limit("lines of a process", waiting).await.is_err() {
            panic!("it ended early: {}", *self.stderr.borrow());
        }
    }

    /// Waits until standard output contains `words`, and returns all of it.
    pub(crate) async fn prints_text(&mut self, words: &str) -> String {
        let waiting = self.stdout.wait_for(|text| text.contains(words));
        match within_limit(words, waiting).await {
            Ok(text) => text.clone(),
            Err(_) => panic!("it ended early: {}", *self.stderr.borrow()),
        }
    }

    /// Asks it to end (SIGTERM).
    pub(crate) fn terminate(&self) {
        let id = self.id().to_string();
        let status = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().unwrap();
        assert!(status.success());
    }

    /// Ends it where it stands (SIGKILL). What it had written before can still be read.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        let stdout = within_limit("the end of a process", rest(&mut self.stdout)).await;
        let stderr = within_limit("the end of a process", rest(&mut self.stderr)).await;
        // Its pipes are closed, so it is gone or about to be.
        let code = self.child.wait().unwrap().code();
        Ended { code, stdout, stderr }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe to its end, line by line.
fn follow(pipe: impl Read + Send + 'static) -> watch::Receiver<String> {
    let (text, follower) = watch::channel(String::new());
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).unwrap() > 0 {
            text.send_modify(|text| text.push_str(&String::from_utf8_lossy(&line)));
            line.clear();
        }
    });
    follower
}

async fn rest(pipe: &mut watch::Receiver<String>) -> String {
    while pipe.changed().await.is_ok() {}
    pipe.borrow().clone()
}
