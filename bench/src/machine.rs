//! The machine under the measurement, and what Linux says of processes on it. A number without
//! its origin is worth nothing, so the origin is printed above every table.

use std::{fmt::Write as _, fs, process::Command};

use anyhow::{Context as _, Result};

/// Clock ticks in a second in `/proc/<pid>/stat`: fixed at 100 on every architecture that we
/// build for (`USER_HZ`).
const TICKS_PER_S: f64 = 100.0;

/// Where the numbers come from.
#[derive(Debug)]
pub(crate) struct Machine {
    model: String,
    kernel: String,
    busy: String,
    commit: String,
    /// The processors that this process may use.
    cpus: Vec<usize>,
    /// Whether there is a `taskset` to tie a process to a processor with.
    can_pin: bool,
}

impl Machine {
    /// Looks around.
    pub(crate) fn look() -> Result<Self> {
        let cpuinfo = read("/proc/cpuinfo")?;
        let status = read("/proc/self/status")?;
        let busy = read("/proc/loadavg")?.split(' ').next().unwrap_or_default().to_owned();
        Ok(Self {
            model: field(&cpuinfo, "model name").unwrap_or("unknown").to_owned(),
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            busy,
            commit: commit(),
            cpus: cpus(field(&status, "Cpus_allowed_list").unwrap_or_default()),
            can_pin: says("taskset", &["--version"]).is_some(),
        })
    }

    /// One processor for servers and another one for load; `None` where that cannot be had.
    pub(crate) fn two_cpus(&self) -> Option<(usize, usize)> {
        match self.cpus[..] {
            [server, load, ..] if self.can_pin => Some((server, load)),
            _ => None,
        }
    }

    /// How the processors are shared, in words.
    pub(crate) fn pinning(&self) -> String {
        match self.two_cpus() {
            Some((server, load)) => {
                format!("token rows: server on cpu {server}, load on cpu {load}")
            }
            None if self.can_pin => "nothing pinned: there is only one cpu".to_owned(),
            None => "nothing pinned: `taskset` is missing".to_owned(),
        }
    }

    /// The lines above the table.
    pub(crate) fn origin(&self) -> String {
        let Self { model, kernel, busy, commit, cpus, .. } = self;
        let (count, pinning) = (cpus.len(), self.pinning());
        let mut lines = String::new();
        // Writing into memory does not fail.
        let _ = writeln!(lines, "- machine: {count} × {model}, Linux {kernel}; {pinning}");
        let _ = writeln!(lines, "- load average when the run began: {busy} (should be near 0)");
        let _ = writeln!(lines, "- commit: {commit}; command: `cargo xtask bench`");
        if cfg!(debug_assertions) {
            lines.push_str("- **dev build: none of these numbers means anything**\n");
        }
        lines
    }
}

/// Processor seconds that a process has used so far, in all of its threads, in user space and in
/// the kernel. Counted in steps of 10 ms.
pub(crate) fn cpu_s(pid: u32) -> Result<f64> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    // The name in the second field may hold blanks; what follows its bracket does not.
    let rest = stat.rsplit_once(") ").context("/proc/<pid>/stat has no name")?.1;
    let mut fields = rest.split(' ').skip(11).map(str::parse::<u64>);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok((user + system) as f64 / TICKS_PER_S),
        _ => anyhow::bail!("/proc/{pid}/stat has no processor times"),
    }
}

/// Memory of a process that is in RAM now, in bytes, counted page by page.
pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    let rollup = read(&format!("/proc/{pid}/smaps_rollup"))?;
    let kib = field(&rollup, "Rss").and_then(|rss| rss.strip_suffix(" kB"));
    let kib = kib.and_then(|kib| kib.trim().parse::<u64>().ok());
    Ok(kib.context("smaps_rollup has no Rss")? * 1024)
}

/// Bytes that a process has caused to be written to block devices so far.
pub(crate) fn written_bytes(pid: u32) -> Result<u64> {
    let io = read(&format!("/proc/{pid}/io"))?;
    field(&io, "write_bytes")
        .and_then(|bytes| bytes.parse().ok())
        .context("/proc/<pid>/io has no write_bytes")
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}: Linux only"))
}

fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// Reads a list such as `0-1,4`.
fn cpus(list: &str) -> Vec<usize> {
    let ranges = list.split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().collect()
}

fn commit() -> String {
    let Some(head) = says("git", &["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changes = says("git", &["status", "--porcelain", "--untracked-files=no"]);
    if changes.is_none_or(|changes| changes.is_empty()) {
        head
    } else {
        format!("{head} with changes that are not committed")
    }
}

fn says(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let said = || String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors_are_read() {
        for (list, wanted) in
            [("0-1", &[0, 1][..]), ("3", &[3]), ("0,2-3,7", &[0, 2, 3, 7]), ("", &[]), ("x", &[])]
        {
            assert_eq!(cpus(list), wanted, "{list}");
        }
    }

    #[test]
    fn this_process_has_used_memory_and_some_time() {
        let pid = std::process::id();
        assert!(resident_bytes(pid).unwrap() > 100_000);
        assert!(cpu_s(pid).unwrap() >= 0.0);
    }
}
