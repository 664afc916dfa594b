//! Ingest is delayed before it is refused (E-3): a batch that finds no room waits a while for a flush to
//! make some, holding its place at the door, so that senders slow down; then it is refused with a reason
//! and the time to come again.

use std::future::Future;
use std::time::Duration;

use engine::{Commit, Committed, Engine, Error};
use wire::BatchFrame;

/// Writes a batch, and waits for room and for the disk.
///
/// # Errors
/// Those of [`Engine::commit`].
pub(crate) async fn commit(engine: &Engine, frame: BatchFrame) -> Result<Committed, Error> {
    begin(engine, frame).await
}

/// Writes a batch at once where there is room; otherwise as soon as the future is polled and there is.
///
/// Cancel-safe as a commit is: a batch that was submitted is stored all the same.
pub(crate) fn begin(
    engine: &Engine,
    frame: BatchFrame,
) -> impl Future<Output = Result<Committed, Error>> + Send + 'static {
    let begun = match engine.has_room() {
        true => Begun::Submitted(engine.commit(frame)),
        false => Begun::Waiting(engine.clone(), frame),
    };
    async move {
        match begun {
            Begun::Submitted(commit) => commit?.await,
            Begun::Waiting(engine, frame) => {
                wait_for_room(&engine).await;
                engine.commit(frame)?.await
            }
        }
    }
}

enum Begun {
    Submitted(Result<Commit, Error>),
    Waiting(Engine, BatchFrame),
}

async fn wait_for_room(engine: &Engine) {
    engine.metrics().delay();
    for _ in 0..STEPS {
        tokio::time::sleep(STEP).await;
        if engine.has_room() {
            return;
        }
    }
}

/// How long a batch waits in all: a flush takes a second or two.
const STEPS: u32 = 250;
const STEP: Duration = Duration::from_millis(20);
