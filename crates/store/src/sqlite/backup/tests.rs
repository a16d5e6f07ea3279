//! Backups that were changed, cut, or are none: what comes back is what was kept, or nothing.

use std::{fs, path::PathBuf};

use super::*;
use crate::{
    Store,
    contract::NOW,
    copy::{
        Whole,
        tests::{Empty, lived_in},
    },
    sqlite::migrate::{self, Behind, MIGRATIONS},
};

/// A backup of a small installation.
async fn backup() -> (Empty, PathBuf) {
    let file = Empty::file();
    lived_in(&file.open().await, 30).await;
    make_backup(&file.path(), NOW).unwrap();
    let path = file.path();
    (file, path)
}

/// Opens a copy of a file of these bytes, which is in the folder that comes with it.
fn open(bytes: &[u8]) -> Result<(SqliteStore, tempfile::TempDir), StoreError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    fs::write(&path, bytes).unwrap();
    open_backup(&path).map(|(store, made_at)| {
        assert_eq!(made_at, NOW);
        (store, folder)
    })
}

async fn tables(store: &SqliteStore) -> Vec<Counted> {
    let file = Empty::file();
    let to: Arc<dyn Whole> = file.open().await;
    crate::copy(store, &*to, crate::How::default()).await.unwrap().tables
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_with_a_changed_bit_is_refused_or_holds_the_same() {
    let (_file, path) = backup().await;
    let whole = fs::read(&path).unwrap();
    let (store, _folder) = open(&whole).unwrap();
    let was = tables(&store).await;
    let mut refused = 0;
    // A prime, so that the places are spread over pages of every kind.
    let places = (0..whole.len()).step_by(5003);
    for place in places.clone() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        match open(&bytes) {
            Err(StoreError::BadBackup(_)) => refused += 1,
            Err(why) => panic!("{place}: {why}"),
            // Of no importance: free space, or an index that a copy makes anew.
            Ok((store, _folder)) => assert_eq!(tables(&store).await, was, "{place}"),
        }
    }
    // Pages of so small an installation are mostly free.
    assert!(refused * 9 > places.len(), "{refused} of {} were noticed", places.len());
}

#[tokio::test]
async fn what_is_cut_off_or_no_backup_is_refused() {
    let (file, path) = backup().await;
    let whole = fs::read(&path).unwrap();
    for length in [0, 1, 99, 100, 4095, 4096, 8192, whole.len() / 2, whole.len() - 1] {
        let why = open(&whole[..length]).map(drop).unwrap_err();
        assert!(matches!(why, StoreError::BadBackup(_)), "{length}: {why}");
    }
    let garbage = "a text that is long enough to be taken for a header ".repeat(99);
    assert!(matches!(open(garbage.as_bytes()), Err(StoreError::BadBackup(_))));

    // Nobody serves from a backup: it would not be one any more.
    let why = SqliteStore::open(&path, Options::default()).map(drop).unwrap_err().to_string();
    assert!(why.contains("`hallpass restore`"), "{why}");
    // A database of ours that nobody has made a backup of has nothing to be compared with.
    open_backup(&path).unwrap();
    drop(file.open().await);
    let why = open_backup(&path).map(drop).unwrap_err().to_string();
    assert!(why.contains("no backup"), "{why}");
}

#[tokio::test]
async fn every_row_of_a_backup_is_watched() {
    let (_file, path) = backup().await;
    let whole = fs::read(&path).unwrap();
    for sql in [
        "UPDATE credentials SET status = 'revoked' WHERE rowid = 7",
        "DELETE FROM feed WHERE rowid = 1",
        "INSERT INTO members (person_id, organization_id) VALUES ('a', 'b')",
        "UPDATE installation SET feed_seq = 9",
        "UPDATE backup SET document = replace(document, '1764000000', '1764000001')",
        "UPDATE sqlite_sequence SET seq = 5",
        "INSERT INTO sqlite_sequence (name, seq) VALUES ('deliveries', 5)",
        "CREATE TABLE more (a TEXT)",
        "DROP TABLE receipts",
        "ALTER TABLE apis RENAME COLUMN document TO documents",
        "DELETE FROM migrations WHERE number = 1",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        fs::write(&path, &whole).unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        let changed = connection.execute(sql, []).unwrap();
        let is_row = sql.starts_with(['U', 'D', 'I']) && !sql.starts_with("DROP");
        if is_row && changed == 0 {
            // There was nothing to change.
            continue;
        }
        drop(connection);
        let opened = open_backup(&path).map(drop);
        assert!(matches!(opened, Err(StoreError::BadBackup(_))), "{sql}: {opened:?}");
    }
}

#[tokio::test]
async fn a_backup_of_an_older_schema_is_upgraded_when_it_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    fs::write(&path, "").unwrap();
    migrate::apply(&connect(&path).unwrap(), &MIGRATIONS[..3], Behind::Upgrade).unwrap();
    make_backup(&path, NOW).unwrap();
    let (store, _) = open_backup(&path).unwrap();
    assert_eq!(store.last_seq().await, Ok(0));
    assert_eq!(SqliteStore::plan(&path, Options::default()).unwrap().steps, []);
}
