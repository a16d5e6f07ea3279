//! Handing over everything as of one moment. Documents are read, parsed and passed on in small
//! batches: they are never all in memory.

use hallpass_core::Image;
use tokio::sync::mpsc;

use super::{log, readers::Readers, rows, session::Session};
use crate::{Snapshot, StoreError, document};

/// How many images are passed on at once, and how many such batches wait.
const BATCH: usize = 256;
const BATCHES: usize = 4;

/// Reads on a blocking thread while the sink takes over here.
pub(super) async fn load(
    readers: &Readers,
    sink: &mut (dyn FnMut(Image) + Send),
) -> Result<Snapshot, StoreError> {
    let (out, mut batches) = mpsc::channel::<Vec<Image>>(BATCHES);
    let read = readers.run(move |session| session.at_one_moment(|session| all(session, &out)));
    let take = async {
        while let Some(batch) = batches.recv().await {
            batch.into_iter().for_each(&mut *sink);
        }
    };
    let (snapshot, ()) = tokio::join!(read, take);
    snapshot
}

fn all(session: &Session, out: &mpsc::Sender<Vec<Image>>) -> Result<Snapshot, StoreError> {
    let send = |batch: Vec<Image>| {
        let gone = |_| StoreError::unavailable("whoever was loading has stopped");
        out.blocking_send(batch).map_err(gone)
    };
    let snapshot = Snapshot {
        seq: log::last_seq(session)?,
        installation: rows::installation(session)?,
        feed: log::feed(session)?,
    };
    let mut few: Vec<Image> =
        snapshot.installation.vault.iter().cloned().map(Image::Vault).collect();
    few.extend(rows::rings(session)?.into_iter().map(Image::Ring));
    few.extend(rows::organizations(session)?.into_iter().map(Image::Organization));
    few.extend(rows::apis(session)?.into_iter().map(Image::Api));
    send(few)?;

    let mut batch = Vec::with_capacity(BATCH);
    session.each("SELECT client_id, document FROM credentials", [], |row| {
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let name = || format!("credential {}", row.get::<_, String>(0).unwrap_or_default());
        batch.push(Image::Credential(document::read(text, name)?));
        if batch.len() == BATCH {
            send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))?;
        }
        Ok(())
    })?;
    send(batch)?;
    Ok(snapshot)
}
