//! Takes away a lock that nobody alive holds.
//!
//! A deployment takes over a dead one's lock by itself, after five minutes. This is for who does not
//! want to wait, and for a lock that cannot be read and so never dies. Who is alive keeps it.

use crate::lock::{self, Holder, Lock, LockError, Locked};
use crate::{PortError, Who};

/// A lock that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Who holds it, as far as that can be read.
    pub holder: Option<Holder>,
    /// What speaks for its holder being alive.
    pub alive: Option<Locked>,
    document: Vec<u8>,
}

impl Lock<'_> {
    /// Who holds the lock, if anybody does.
    pub async fn look(self) -> Result<Option<Held>, PortError> {
        let Some(document) = self.artifacts.read(self.bucket, lock::KEY).await? else { return Ok(None) };
        let holder: Option<Holder> = serde_json::from_slice(&document).ok();
        let living = holder.as_ref().filter(|holder| !(self.is_dead)(&holder.who));
        let alive = living.and_then(|holder| lock::refuse_living(holder, self.clock.now()).err());
        Ok(Some(Held { holder, alive, document }))
    }

    /// Takes away what was found, unless its holder is alive; whether it was still there as it was found.
    /// It becomes ours first, so that of two who come at once neither takes away what a third one holds.
    pub async fn take_away(self, held: Held) -> Result<bool, LockError> {
        if let Some(locked) = held.alive {
            return Err(locked.into());
        }
        let ours = self.document(self.clock.now());
        if !self.artifacts.swap(self.bucket, lock::KEY, &held.document, ours).await? {
            return Ok(false);
        }
        self.give_back().await?;
        Ok(true)
    }
}

impl Held {
    /// Who holds it, in words.
    pub fn who(&self) -> String {
        let unknown = "somebody unknown: the lock is not what this tarn writes".to_owned();
        self.holder.as_ref().map_or(unknown, |Holder { who: Who { caller, machine, process }, .. }| {
            format!("{caller} on {machine}, process {process}")
        })
    }
}
