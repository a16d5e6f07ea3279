//! Handing over everything as of one moment. Documents are read on one thread, parsed on several
//! and passed on in small batches: they are never all in memory.

use std::{collections::VecDeque, num::NonZero, thread::available_parallelism};

use hallpass_core::Image;
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{log, readers::Readers, rows, session::Session};
use crate::{Snapshot, StoreError, document};

/// How many documents go from hand to hand at once, and how many such batches wait.
const BATCH: usize = 256;
const BATCHES: usize = 4;

/// What the reading thread passes on.
enum Batch {
    /// There are few of these, so they come parsed.
    Few(Vec<Image>),
    /// Client ids and documents, as they are stored.
    Credentials(Vec<(String, String)>),
}

/// Reads and parses on blocking threads while the sink takes over here, in order.
pub(super) async fn load(
    readers: &Readers,
    sink: &mut (dyn FnMut(Image) + Send),
) -> Result<Snapshot, StoreError> {
    let (out, batches) = mpsc::channel(BATCHES);
    let read = readers.run(move |session| session.at_one_moment(|session| all(session, &out)));
    let (snapshot, taken) = tokio::join!(read, take(batches, sink));
    // If a document does not parse, the reader only knows that nobody listens any more.
    taken.and(snapshot)
}

async fn take(
    mut batches: mpsc::Receiver<Batch>,
    sink: &mut (dyn FnMut(Image) + Send),
) -> Result<(), StoreError> {
    let at_once = available_parallelism().map_or(1, NonZero::get);
    let mut parsing = VecDeque::with_capacity(at_once);
    loop {
        while parsing.len() < at_once {
            let Some(batch) = batches.recv().await else { break };
            parsing.push_back(spawn_blocking(|| parse(batch)));
        }
        let Some(first) = parsing.pop_front() else { return Ok(()) };
        let images = first.await.map_err(|_| StoreError::unavailable("a load was cut off"))??;
        images.into_iter().for_each(&mut *sink);
    }
}

fn parse(batch: Batch) -> Result<Vec<Image>, StoreError> {
    match batch {
        Batch::Few(images) => Ok(images),
        Batch::Credentials(rows) => {
            let parse = |(id, text): &(String, String)| {
                document::read(text, || format!("credential {id}")).map(Image::Credential)
            };
            rows.iter().map(parse).collect()
        }
    }
}

fn all(session: &Session, out: &mpsc::Sender<Batch>) -> Result<Snapshot, StoreError> {
    let send = |batch| {
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
    send(Batch::Few(few))?;

    let mut batch = Vec::with_capacity(BATCH);
    session.each("SELECT client_id, document FROM credentials", [], |row| {
        batch.push((row.get(0)?, row.get(1)?));
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            send(Batch::Credentials(full))?;
        }
        Ok(())
    })?;
    send(Batch::Credentials(batch))?;
    Ok(snapshot)
}
