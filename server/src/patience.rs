//! Ingest is delayed before it is refused (E-3): a batch that finds no room waits a while for a flush to
//! make some, holding its place at the door, so that senders slow down; then it is refused with a reason
//! and the time to come again. Where merging is behind, a batch waits for its turn and is taken.

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

/// Writes a batch at once where there is room and nobody has to wait for merging; otherwise as soon as the
/// future is polled and that is so.
///
/// Cancel-safe as a commit is: a batch that was submitted is stored all the same.
pub(crate) fn begin(
    engine: &Engine,
    frame: BatchFrame,
) -> impl Future<Output = Result<Committed, Error>> + Send + 'static {
    let turn = engine.turn(frame.bytes().len() as u64);
    let begun = match engine.has_room() && turn.is_zero() {
        true => Begun::Submitted(engine.commit(frame)),
        false => Begun::Waiting(engine.clone(), frame, turn),
    };
    async move {
        match begun {
            Begun::Submitted(commit) => commit?.await,
            Begun::Waiting(engine, frame, turn) => {
                engine.metrics().delay();
                tokio::time::sleep(turn).await;
                wait_for_room(&engine).await;
                engine.commit(frame)?.await
            }
        }
    }
}

enum Begun {
    Submitted(Result<Commit, Error>),
    Waiting(Engine, BatchFrame, Duration),
}

async fn wait_for_room(engine: &Engine) {
    for _ in 0..STEPS {
        if engine.has_room() {
            return;
        }
        tokio::time::sleep(STEP).await;
    }
}

/// How long a batch waits in all: a flush takes a second or two.
const STEPS: u32 = 250;
const STEP: Duration = Duration::from_millis(20);
