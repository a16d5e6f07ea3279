//! Handing over everything: documents are read by one, parsed by several and passed on in small
//! batches, in order. They are never all in memory.

use std::{collections::VecDeque, num::NonZero, thread::available_parallelism};

use hallpass_core::Image;
use tokio::{sync::mpsc, task::spawn_blocking};

use crate::{Part, Snapshot, StoreError, document};

/// How many documents go from hand to hand at once, and how many such batches wait.
pub(crate) const BATCH: usize = 256;
const BATCHES: usize = 4;

/// What the reader passes on.
pub(crate) enum Batch {
    /// There are few of these, so they come parsed; with the moment that everything is of.
    Few(Vec<Image>, Snapshot),
    /// Client ids and documents, as they are stored.
    Credentials(Vec<(String, String)>),
}

/// Parses on blocking threads what `read` sends, while the sink takes over here.
pub(crate) async fn load<R>(
    sink: &mut (dyn FnMut(Part) + Send),
    read: impl FnOnce(mpsc::Sender<Batch>) -> R,
) -> Result<(), StoreError>
where
    R: Future<Output = Result<(), StoreError>>,
{
    let (out, batches) = mpsc::channel(BATCHES);
    let (read, taken) = tokio::join!(read(out), take(batches, sink));
    // If a document does not parse, the reader only knows that nobody listens any more.
    taken.and(read)
}

/// What a reader says whose batches nobody takes.
pub(crate) fn gone<T>(_: T) -> StoreError {
    StoreError::unavailable("whoever was loading has stopped")
}

async fn take(
    mut batches: mpsc::Receiver<Batch>,
    sink: &mut (dyn FnMut(Part) + Send),
) -> Result<(), StoreError> {
    let at_once = available_parallelism().map_or(1, NonZero::get);
    let mut parsing = VecDeque::with_capacity(at_once);
    loop {
        while parsing.len() < at_once {
            let Some(batch) = batches.recv().await else { break };
            parsing.push_back(spawn_blocking(|| parse(batch)));
        }
        let Some(first) = parsing.pop_front() else { return Ok(()) };
        let parts = first.await.map_err(|_| StoreError::unavailable("a load was cut off"))??;
        parts.into_iter().for_each(&mut *sink);
    }
}

fn parse(batch: Batch) -> Result<Vec<Part>, StoreError> {
    match batch {
        Batch::Few(images, snapshot) => {
            let images = images.into_iter().map(Part::Image);
            Ok(images.chain([Part::Snapshot(snapshot)]).collect())
        }
        Batch::Credentials(rows) => {
            let parse = |(id, text): &(String, String)| {
                let credential = document::read(text, || format!("credential {id}"))?;
                Ok(Part::Image(Image::Credential(credential)))
            };
            rows.iter().map(parse).collect()
        }
    }
}
