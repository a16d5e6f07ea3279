//! A PostgreSQL server of one's own, for tests: in a folder that goes with it, on a socket, and
//! ended by a keeper of its own when the test process is gone, however that ended. It must never
//! touch a server that was there before.

use std::{
    env,
    fs::{self, Permissions},
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio_postgres::NoTls;

/// A socket's path may have 107 bytes, which a folder below `TMPDIR` may well exceed.
const SHORT_FOLDER: &str = "/tmp";

/// Where Debian keeps what others have on the path, by version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Ends the server when its standard input does, which nobody can forget.
const KEEPER: &str = r#"cat > /dev/null
"$1/pg_ctl" --pgdata "$2/data" --mode immediate --wait stop
rm -rf "$2""#;

/// Where the server says which process it is.
const PID_FILE: &str = "data/postmaster.pid";

/// Fast, and of no use after a power cut.
const NOT_DURABLE: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// A running server.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    account: Option<(u32, u32)>,
    port: u16,
    keeper: Child,
    names: AtomicU64,
}

impl Cluster {
    /// The server that all tests of this process share. `None`, and the tests say so and do
    /// nothing, where PostgreSQL is not installed, unless `HALLPASS_POSTGRES` is set.
    ///
    /// # Panics
    /// If it is required and absent, or does not start.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(NOT_DURABLE)).as_ref()
    }

    /// A server that writes to disk what it says is written, for measurements and failures.
    ///
    /// # Panics
    /// Like [`Self::shared`].
    pub fn durable() -> Option<Self> {
        Self::start(&[])
    }

    /// A server that is called at `localhost`, and by TLS alone.
    ///
    /// # Panics
    /// Like [`Self::shared`].
    pub fn with_tls(certificate: &str, key: &str) -> Option<Self> {
        let port = free_port();
        let files = [
            ("server.crt", certificate),
            ("server.key", key),
            ("pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 trust\n"),
        ];
        let settings = ["listen_addresses=localhost", &format!("port={port}"), "ssl=on"];
        Self::make(&[NOT_DURABLE, &settings].concat(), &files, port)
    }

    /// A server that is called at 127.0.0.1, without TLS, and from which another can copy.
    ///
    /// # Panics
    /// Like [`Self::shared`].
    pub fn listening(settings: &[&str]) -> Option<Self> {
        let port = free_port();
        let own = ["listen_addresses=127.0.0.1", &format!("port={port}")];
        Self::make(&[&own, settings].concat(), &[], port)
    }

    /// A standby of this server, which must be [`Self::listening`]: it copies all there is and
    /// follows from then on, under the name `standby`.
    ///
    /// # Panics
    /// If it does not start.
    pub fn standby(&self, settings: &[&str]) -> Self {
        let port = free_port();
        let standby = Self::lay(&self.programs, port);
        let mut copied = standby.program("pg_basebackup");
        copied.args(["--host=127.0.0.1", "--username=postgres", "--checkpoint=fast", "--no-sync"]);
        standby.run(copied.arg(format!("--port={}", self.port)));
        let from = format!(
            "primary_conninfo=host=127.0.0.1 port={} user=postgres application_name=standby",
            self.port
        );
        let own = ["listen_addresses=127.0.0.1", &format!("port={port}"), &from];
        standby.configure(&[&own, settings].concat());
        standby.write("standby.signal", "");
        standby.begin();
        standby
    }

    /// Makes a standby the primary, which takes what is written from then on.
    ///
    /// # Panics
    /// If it cannot be.
    pub fn promote(&self) {
        self.run(self.program("pg_ctl").args(["--wait", "promote"]));
    }

    /// Starts a server with settings of its own.
    ///
    /// # Panics
    /// Like [`Self::shared`].
    pub fn start(settings: &[&str]) -> Option<Self> {
        Self::make(settings, &[], 5432)
    }

    /// The same, with files of its own beside its data.
    pub(crate) fn make(settings: &[&str], files: &[(&str, &str)], port: u16) -> Option<Self> {
        let Some(programs) = programs() else {
            let required = env::var_os("HALLPASS_POSTGRES").is_some();
            assert!(!required, "PostgreSQL is not there; `cargo xtask test` installs it");
            println!("Skipped: there is no PostgreSQL; `cargo xtask test` installs it");
            return None;
        };
        let cluster = Self::lay(&programs, port);
        let mut made = cluster.program("initdb");
        made.args(["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"]);
        cluster.run(made.arg("--locale=C.UTF-8"));
        for (name, text) in files {
            cluster.write(name, text);
        }
        cluster.configure(settings);
        cluster.begin();
        Some(cluster)
    }

    /// A folder and a keeper, and nothing in it yet.
    fn lay(programs: &Path, port: u16) -> Self {
        let account = account();
        let folder = tempfile::Builder::new().prefix("hp-pg-").tempdir_in(SHORT_FOLDER);
        let folder = folder.expect("a folder for the server").keep();
        if let Some((uid, gid)) = account {
            chown(&folder, Some(uid), Some(gid)).expect("the folder goes to the server's account");
        }
        let keeper = command(Path::new("/bin/sh"), &folder, account)
            .args(["-c", KEEPER, "keeper"])
            .args([programs, &*folder])
            .stdin(Stdio::piped())
            // An interrupt at the terminal ends the tests, and must not end their keeper.
            .process_group(0)
            .spawn()
            .expect("a shell");
        let names = AtomicU64::new(0);
        let programs = programs.to_owned();
        Self { folder, programs, account, port, keeper, names }
    }

    fn configure(&self, settings: &[&str]) {
        let folder = format!("unix_socket_directories={}", self.folder.display());
        let own = ["max_connections=300", &*folder];
        let silent = ["listen_addresses="];
        let all = silent.iter().chain(&own).chain(settings);
        let lines: Vec<String> = all
            .map(|setting| setting.split_once('=').expect("a setting and its value"))
            .map(|(name, value)| format!("{name} = '{value}'\n"))
            .collect();
        self.write("postgresql.auto.conf", &lines.concat());
    }

    /// Starts the server again after [`Self::stop`].
    ///
    /// # Panics
    /// If it does not start.
    pub fn begin(&self) {
        let mut started = self.program("pg_ctl");
        started.arg("--log").arg(self.folder.join("log"));
        self.run(started.args(["--wait", "start"]));
    }

    /// Ends the server as a crash does.
    ///
    /// # Panics
    /// If it does not end.
    pub fn stop(&self) {
        self.run(self.program("pg_ctl").args(["--wait", "--mode=immediate", "stop"]));
    }

    /// Stops every process of the server for good, and leaves its connections open: as a machine
    /// that hangs. [`Self::kill`] ends it.
    ///
    /// # Panics
    /// If it does not run.
    pub fn hold(&self) {
        let all = self.stopped();
        signal("STOP", &all.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Ends every process of the server where it stands (SIGKILL).
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill(&self) {
        let all = self.stopped();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        signal("KILL", &all);
        // The next start finds the memory that they share in use until they are gone.
        let begun = Instant::now();
        while all.iter().any(|id| is_running(id)) {
            assert!(begun.elapsed() < Duration::from_secs(10), "it does not end: {all:?}");
            thread::sleep(Duration::from_millis(2));
        }
        // Where nobody collects the dead, the next start would take this one for alive.
        let socket = self.folder.join(format!(".s.PGSQL.{}.lock", self.port));
        for file in [self.folder.join(PID_FILE), socket] {
            fs::remove_file(file).expect("a file with its process id");
        }
    }

    /// Its processes, the first of which is stopped: nothing is born while they are listed.
    fn stopped(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join(PID_FILE)).expect("the server's process id");
        let first = text.lines().next().expect("the server's process id").to_owned();
        signal("STOP", &[&first]);
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children"));
        let children = children.expect("Linux lists the children of a process");
        std::iter::once(first).chain(children.split_whitespace().map(str::to_owned)).collect()
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// One of PostgreSQL's programs, for this server.
    fn program(&self, name: &str) -> Command {
        let mut command = command(&self.programs.join(name), &self.folder, self.account);
        command.arg("--pgdata").arg(self.folder.join("data"));
        command
    }

    fn run(&self, command: &mut Command) {
        let status = command.status().expect("PostgreSQL's programs run");
        if !status.success() {
            panic!("{command:?} failed: {}", self.log());
        }
    }

    /// Writes one of the server's files, which must be its own and nobody else's.
    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join("data").join(name);
        fs::write(&path, text).expect("a file of the server");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode");
        if let Some((uid, gid)) = self.account {
            chown(&path, Some(uid), Some(gid)).expect("its owner");
        }
    }

    /// Where it is called, if not by its socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        let (folder, port) = (self.folder.display(), self.port);
        format!("postgres:///{database}?host={folder}&port={port}&user=postgres")
    }

    /// Makes a database, like another one if it is named, and returns its name.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn create(&self, like: Option<&str>) -> String {
        let name = format!("test_{}", self.names.fetch_add(1, Ordering::Relaxed));
        let like = like.map(|like| format!(" TEMPLATE {like}")).unwrap_or_default();
        self.sql("postgres", &format!("CREATE DATABASE {name}{like}")).await;
        name
    }

    /// Runs SQL in a database, and returns the first column of the last answer.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn sql(&self, database: &str, sql: &str) -> Vec<String> {
        let (client, connection) =
            tokio_postgres::connect(&self.url(database), NoTls).await.expect("the server answers");
        let connection = tokio::spawn(connection);
        let answer = client.simple_query(sql).await;
        drop(client);
        let _ = connection.await;
        let mut column = Vec::new();
        for message in answer.expect("the statement is right") {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                column.push(row.get(0).unwrap_or_default().to_owned());
            }
        }
        column
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The folder of `initdb` and `pg_ctl`.
fn programs() -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&on_path).collect();
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().filter_map(Result::ok);
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    let initdb =
        folders.into_iter().map(|folder| folder.join("initdb")).find(|path| path.is_file());
    // A link leads to where the other programs are.
    fs::canonicalize(initdb?).ok()?.parent().map(Path::to_owned)
}

/// Free now, and nobody else on this machine looks for one in between.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("a port").port()
}

/// Some may have ended by themselves since they were listed.
fn signal(name: &str, processes: &[&str]) {
    let mut kill = Command::new("kill");
    let _ = kill.arg("-s").arg(name).args(processes).stderr(Stdio::null()).status();
}

/// Whether a process is there and has not ended yet.
fn is_running(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name in the second field may hold blanks; what follows its bracket does not.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// The account and group that the server runs as, if this one is root's: it refuses that one.
fn account() -> Option<(u32, u32)> {
    let id = |args: &[&str]| {
        let output = Command::new("id").args(args).output().expect("the program `id`");
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        text.parse::<u32>().expect("an account named postgres")
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

/// A program that runs as the server's account.
fn command(program: &Path, folder: &Path, account: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    // The current directory may be closed to that account.
    command.current_dir(folder).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((uid, gid)) = account {
        command.uid(uid).gid(gid);
    }
    command
}
