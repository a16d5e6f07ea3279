//! Handing over everything as of one moment: one transaction reads it, on a blocking thread.

use hallpass_core::Image;
use tokio::sync::mpsc;

use super::{log, readers::Readers, rows, session::Session};
use crate::{
    Part, Snapshot, StoreError,
    loading::{self, BATCH, Batch},
};

/// Reads while others parse.
pub(super) async fn load(
    readers: &Readers,
    sink: &mut (dyn FnMut(Part) + Send),
) -> Result<(), StoreError> {
    let read = |out| {
        readers.run(move |session| {
            let read = session.at_one_moment(|session| all(session, &out));
            session.forget_pages();
            read
        })
    };
    loading::load(sink, read).await
}

fn all(session: &Session, out: &mpsc::Sender<Batch>) -> Result<(), StoreError> {
    let send = |batch| out.blocking_send(batch).map_err(loading::gone);
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
    send(Batch::Few(few, snapshot))?;

    let mut batch = Vec::with_capacity(BATCH);
    session.each("SELECT client_id, document FROM credentials", [], |row| {
        batch.push((row.get(0)?, row.get(1)?));
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            send(Batch::Credentials(full))?;
        }
        Ok(())
    })?;
    send(Batch::Credentials(batch))
}
