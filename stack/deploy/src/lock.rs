//! One command changes a lake at a time: a document in the ops bucket says which one.
//!
//! It is written only if there is none, which S3 decides. Its holder says every half minute that it
//! still lives; a lock that nobody has spoken for in five minutes is a dead one's, and is taken over.
//! Who takes over, and who says that it lives, writes only over the document that it has read. So of
//! two that find a dead lock one gets it, and the bucket of a lake that goes is not written to again.
//! Before the foundation stands there is no bucket to write to, and nothing to fight over either.

use std::time::Duration;

use futures::future::{Either, select};
use serde::{Deserialize, Serialize};

use crate::{Artifacts, Clock, PortError, PortErrorKind};

pub(crate) const KEY: &str = "locks/deploy.json";
const BEAT: Duration = Duration::from_secs(30);
/// Ten beats: clocks of two machines differ by less.
const DEAD_AFTER_SECONDS: u64 = 300;
/// How often a lock that changes hands is looked at again.
const MOST_TRIES: usize = 5;

/// Who asks for a lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The caller's ARN.
    pub caller: String,
    /// The machine.
    pub machine: String,
    /// The process on it.
    pub process: u32,
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}, process {},", self.caller, self.machine, self.process)
    }
}

/// Who changes the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Who it is.
    pub who: Who,
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// When it was last heard of.
    pub heard: u64,
}

/// Somebody else changes the lake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{who} has been changing this lake for {minutes} minutes, and was heard of {silence} seconds ago: wait until \
     that has ended; a lock whose holder has died is free after five minutes"
)]
pub struct Locked {
    /// Who holds the lock.
    pub who: Who,
    /// For how long.
    pub minutes: u64,
    /// How long nothing was heard of it.
    pub silence: u64,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else is at it.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A call failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A lock that is ours, and how its document reads.
struct Taken {
    since: u64,
    document: Vec<u8>,
}

/// The lock of a lake.
#[derive(Clone, Copy)]
pub struct Lock<'a> {
    /// The ops bucket.
    pub bucket: &'a str,
    /// Who asks for it.
    pub who: &'a Who,
    /// Whether a process is known to be dead, such as one of this machine that is gone.
    pub is_dead: fn(&Who) -> bool,
    /// Where it is.
    pub artifacts: &'a dyn Artifacts,
    /// What time it is.
    pub clock: &'a dyn Clock,
}

impl Lock<'_> {
    /// Does the work while it holds the lock, and gives it back.
    pub async fn held<T>(self, work: impl Future<Output = T>) -> Result<T, LockError> {
        let Some(taken) = self.take().await? else { return Ok(work.await) };
        let (work, beat) = (std::pin::pin!(work), std::pin::pin!(self.beat(taken)));
        let done = match select(work, beat).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => match never {},
        };
        // What was done is told in any case; a lock that stays behind is free in five minutes.
        let _ = self.give_back().await;
        Ok(done)
    }

    /// Gives it back when the work is given up. What somebody has taken over stays theirs.
    pub async fn give_back(self) -> Result<(), PortError> {
        let Some(bytes) = self.artifacts.read(self.bucket, KEY).await? else { return Ok(()) };
        if holder(&bytes, self.clock.now()).who != *self.who {
            return Ok(());
        }
        self.artifacts.remove(self.bucket, KEY).await
    }

    /// Refuses if somebody holds the lock, without taking it.
    pub async fn free(self) -> Result<(), LockError> {
        self.dead().await.map(|_| ())
    }

    /// The document of a holder that is dead, if there is one.
    async fn dead(self) -> Result<Option<Vec<u8>>, LockError> {
        let Some(bytes) = self.artifacts.read(self.bucket, KEY).await? else { return Ok(None) };
        let now = self.clock.now();
        let holder = holder(&bytes, now);
        if !(self.is_dead)(&holder.who) {
            refuse_living(&holder, now)?;
        }
        Ok(Some(bytes))
    }

    /// What was written when it became ours; `None` where there is no bucket yet.
    async fn take(self) -> Result<Option<Taken>, LockError> {
        for _ in 0..MOST_TRIES {
            let since = self.clock.now();
            let document = self.document(since);
            match self.artifacts.create(self.bucket, KEY, document.clone()).await {
                Ok(true) => return Ok(Some(Taken { since, document })),
                Ok(false) => {}
                Err(error) if error.kind == PortErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            // It may be given back, or taken over, between two looks at it; then the next look tells.
            let Some(dead) = self.dead().await? else { continue };
            if self.artifacts.swap(self.bucket, KEY, &dead, document.clone()).await? {
                return Ok(Some(Taken { since, document }));
            }
        }
        Err(LockError::Port(contended()))
    }

    /// Says that we live. Once the document is not ours any more, because it was taken over or because
    /// its bucket was emptied, nothing is written again.
    async fn beat(self, mut taken: Taken) -> std::convert::Infallible {
        loop {
            self.clock.sleep(BEAT).await;
            let document = self.document(taken.since);
            // A beat that fails is made up for by the next. Its answer may be all that was lost, or it was
            // sent twice by the SDK and refused at the second time; so what is there is looked at.
            match self.artifacts.swap(self.bucket, KEY, &taken.document, document.clone()).await {
                Ok(true) => taken.document = document,
                _ => taken.document = self.ours(taken.since).await.unwrap_or(taken.document),
            }
        }
    }

    /// The document that is there, if it is ours.
    async fn ours(self, since: u64) -> Option<Vec<u8>> {
        let bytes = self.artifacts.read(self.bucket, KEY).await.ok()??;
        let there = holder(&bytes, since);
        (there.who == *self.who && there.since == since).then_some(bytes)
    }

    pub(crate) fn document(self, since: u64) -> Vec<u8> {
        let holder = Holder { who: self.who.clone(), since, heard: self.clock.now() };
        serde_json::to_vec(&holder).unwrap_or_default()
    }
}

/// What cannot be read was written by another version: its age is unknown, so it is alive.
fn holder(bytes: &[u8], now: u64) -> Holder {
    let who = Who { caller: "another version of tarn".into(), ..Who::default() };
    let unknown = Holder { who, since: now, heard: now };
    serde_json::from_slice(bytes).unwrap_or(unknown)
}

fn contended() -> PortError {
    PortError {
        kind: PortErrorKind::Unavailable,
        doing: "taking the lake's lock".into(),
        reason: "it changes hands all the time: somebody begins and ends commands on this lake".into(),
        source: None,
    }
}

/// Refuses as long as the holder counts as alive.
pub(crate) fn refuse_living(holder: &Holder, now: u64) -> Result<(), Locked> {
    let silence = now.saturating_sub(holder.heard);
    if silence >= DEAD_AFTER_SECONDS {
        return Ok(());
    }
    let minutes = now.saturating_sub(holder.since) / 60;
    Err(Locked { who: holder.who.clone(), minutes, silence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_its_holders_until_nothing_is_heard_for_five_minutes() {
        let ana = Who { caller: "ana".into(), ..Who::default() };
        let holder = Holder { who: ana.clone(), since: 1_000, heard: 1_630 };
        let locked = refuse_living(&holder, 1_700).unwrap_err();
        assert_eq!(locked, Locked { who: ana, minutes: 11, silence: 70 });
        assert!(refuse_living(&holder, 1_929).is_err());
        assert!(refuse_living(&holder, 1_930).is_ok());
        assert!(refuse_living(&holder, 0).is_err(), "a clock behind the holder's");
    }
}
