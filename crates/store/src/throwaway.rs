//! A PostgreSQL server of one's own, for tests: in a folder that goes with it, on a socket, and
//! ended by a keeper of its own when the test process is gone, however that ended. It must never
//! touch a server that was there before.

use std::{
    env, fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
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

/// Fast, and of no use after a power cut.
const NOT_DURABLE: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// A running server.
pub struct Cluster {
    folder: PathBuf,
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

    /// Starts a server with settings of its own.
    ///
    /// # Panics
    /// Like [`Self::shared`].
    pub fn start(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            let required = env::var_os("HALLPASS_POSTGRES").is_some();
            assert!(!required, "PostgreSQL is not there; `cargo xtask test` installs it");
            println!("Skipped: there is no PostgreSQL; `cargo xtask test` installs it");
            return None;
        };
        let account = account();
        let folder = tempfile::Builder::new().prefix("hp-pg-").tempdir_in(SHORT_FOLDER);
        let folder = folder.expect("a folder for the server").keep();
        if let Some((uid, gid)) = account {
            chown(&folder, Some(uid), Some(gid)).expect("the folder goes to the server's account");
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            // The current directory may be closed to that account.
            command.current_dir(&folder).stdin(Stdio::null());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            if let Some((uid, gid)) = account {
                command.uid(uid).gid(gid);
            }
            command
        };
        let keeper = command(Path::new("/bin/sh"))
            .args(["-c", KEEPER, "keeper"])
            .args([&programs, &folder])
            .stdin(Stdio::piped())
            // An interrupt at the terminal ends the tests, and must not end their keeper.
            .process_group(0)
            .spawn();
        let cluster = Self {
            keeper: keeper.expect("a shell"),
            names: AtomicU64::new(0),
            folder: folder.clone(),
        };
        let data = folder.join("data");
        let mut made = command(&programs.join("initdb"));
        made.args(["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"]);
        run(made.arg("--locale=C.UTF-8").arg("--pgdata").arg(&data), &folder);
        let own = format!("unix_socket_directories={}", folder.display());
        let all = ["listen_addresses=", "max_connections=300", &*own].into_iter();
        let options: Vec<String> =
            all.chain(settings.iter().copied()).map(|one| format!("-c '{one}'")).collect();
        let mut started = command(&programs.join("pg_ctl"));
        started.arg("--pgdata").arg(&data).arg("--log").arg(folder.join("log"));
        run(started.args(["--wait", "--options", &options.join(" "), "start"]), &folder);
        Some(cluster)
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=postgres", self.folder.display())
    }

    /// Where the server's files are.
    pub fn folder(&self) -> &Path {
        &self.folder
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
    folders.into_iter().find(|folder| folder.join("initdb").is_file())
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

fn run(command: &mut Command, folder: &Path) {
    let status = command.status().expect("PostgreSQL's programs run");
    if !status.success() {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        panic!("{command:?} failed: {log}");
    }
}
