//! Handing over everything as of one moment: one transaction reads it, page by page, so that no
//! statement takes long however many credentials there are.

use hallpass_core::Image;
use tokio::sync::mpsc;

use super::{
    connect::Lane,
    failure::Result,
    log, rows,
    session::{Session, get, int},
};
use crate::{
    Part, Snapshot, StoreError,
    loading::{self, BATCH, Batch},
};

/// Reads while others parse.
pub(super) async fn load(
    lane: &Lane,
    sink: &mut (dyn FnMut(Part) + Send),
) -> std::result::Result<(), StoreError> {
    let session = lane.session().await?;
    let read =
        async |out: mpsc::Sender<Batch>| Ok(session.at_one_moment(all(&session, &out)).await?);
    loading::load(sink, read).await
}

async fn all(session: &Session, out: &mpsc::Sender<Batch>) -> Result<()> {
    let snapshot = Snapshot {
        seq: log::last_seq(session).await?,
        installation: rows::installation(session).await?,
        feed: log::feed(session).await?,
    };
    let mut few: Vec<Image> =
        snapshot.installation.vault.iter().cloned().map(Image::Vault).collect();
    few.extend(rows::rings(session).await?.into_iter().map(Image::Ring));
    few.extend(rows::organizations(session).await?.into_iter().map(Image::Organization));
    few.extend(rows::apis(session).await?.into_iter().map(Image::Api));
    out.send(Batch::Few(few, snapshot)).await.map_err(loading::gone)?;

    let sql = "SELECT client_id, document FROM credentials
         WHERE client_id > $1 ORDER BY client_id LIMIT $2";
    let mut after = String::new();
    loop {
        let read = |row: &_| Ok((get(row, 0)?, get(row, 1)?));
        let page: Vec<(String, String)> =
            session.all(sql, &[&after, &int(BATCH as u64)], read).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        out.send(Batch::Credentials(page)).await.map_err(loading::gone)?;
    }
}
