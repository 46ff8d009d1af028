//! One administrator more in settings that belong to the whole account.
//!
//! Writing replaces everything, nothing tells whether somebody else wrote in between, and a lock of
//! ours would bind nobody but us. So: read, add, write, and look again after as long as another
//! writer needs between reading and writing. Two lakes that add themselves at the same time both end
//! up in the list: who was overwritten sees it and does it again.

use std::time::Duration;

use serde::Deserialize;

use super::{Govern, Patience};
use crate::jobs::answer::{Done, created_for, properties};
use crate::ports::AccountSettings;
use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};

/// Longer than another writer takes between reading and writing.
const SETTLES: Duration = Duration::from_secs(2);

/// The administrator was there before us, and stays.
const WAS_THERE: &str = "was-there";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    administrator: String,
}

/// What is to be true of the list of administrators.
#[derive(Clone, Copy)]
enum Wish<'a> {
    In(&'a str),
    Out(&'a str),
}

impl Govern<'_> {
    pub(super) async fn settings(
        &self,
        request: &CustomResourceRequest,
        patience: Patience<'_>,
    ) -> Result<Done> {
        match request.request_type {
            RequestType::Create | RequestType::Update => {
                let Properties { administrator } = properties(request)?;
                let settled = self.settle(Wish::In(&administrator), patience).await?;
                let stays = !settled.wrote && !goes_with_the_lake(request);
                Ok(Done { note: settled.note(), memo: stays.then_some(WAS_THERE) })
            }
            RequestType::Delete => match created_for(request) {
                None | Some((_, Some(WAS_THERE))) => Ok(Done::default()),
                Some((administrator, _)) => {
                    let settled = self.settle(Wish::Out(administrator), patience).await?;
                    Ok(Done { note: settled.note(), memo: None })
                }
            },
        }
    }

    /// Reads and writes until the list is as wished, and still is a while after our write.
    async fn settle(&self, wish: Wish<'_>, mut patience: Patience<'_>) -> Result<Settled> {
        let mut settled = Settled::default();
        let mut is_confirmed = true;
        loop {
            match self.step(wish, &mut settled).await {
                Ok(true) if is_confirmed => return Ok(settled),
                Ok(true) => {
                    patience.clock.sleep(SETTLES).await;
                    is_confirmed = true;
                }
                Ok(false) => {
                    is_confirmed = false;
                    let what = "somebody else keeps changing Lake Formation's settings; deploy again";
                    patience.after(Error::new(Kind::Conflict, what)).await?;
                }
                Err(error) => patience.after(error).await?,
            }
        }
    }

    /// Whether nothing needed to be written.
    async fn step(&self, wish: Wish<'_>, settled: &mut Settled) -> Result<bool> {
        let found = self.administration.settings().await?;
        if wish.holds(&found) {
            return Ok(true);
        }
        let dead: Vec<&str> = settled.dead.iter().map(String::as_str).collect();
        let wanted = wish.applied(found.clone()).without_administrators(&dead);
        // Also when the answer is an error: it may be the answer alone that was lost.
        settled.wrote = true;
        match self.administration.replace(&wanted).await {
            Ok(()) => Ok(false),
            Err(error) if error.kind() == Kind::Invalid => {
                let named = dead_administrators(&wanted, wish, &error.chain());
                settled.dead.extend(named);
                Err(error)
            }
            Err(error) if error.kind() == Kind::AccessDenied => Err(told(wish, &found, error)),
            Err(error) => Err(error),
        }
    }
}

#[derive(Default)]
struct Settled {
    wrote: bool,
    dead: Vec<String>,
}

impl Settled {
    fn note(&self) -> String {
        match self.dead.as_slice() {
            [] => String::new(),
            dead => format!(
                "taken off Lake Formation's administrators, because they do not exist any more and \
                 their names make every change fail: {}",
                dead.join(", ")
            ),
        }
    }
}

impl<'a> Wish<'a> {
    fn principal(self) -> &'a str {
        let (Wish::In(principal) | Wish::Out(principal)) = self;
        principal
    }

    fn holds(self, settings: &AccountSettings) -> bool {
        let is_in = settings.administrators().contains(&self.principal());
        is_in == matches!(self, Wish::In(_))
    }

    fn applied(self, settings: AccountSettings) -> AccountSettings {
        match self {
            Wish::In(principal) => settings.with_administrator(principal),
            Wish::Out(principal) => settings.without_administrators(&[principal]),
        }
    }
}

/// Administrators whom an error names as invalid. Ours is never among them: it is new, not dead.
fn dead_administrators(settings: &AccountSettings, wish: Wish<'_>, error: &str) -> Vec<String> {
    let is_end = |character: char| character.is_whitespace() || "\"'()[]{}\\".contains(character);
    let words: Vec<&str> =
        error.split(is_end).map(|word| word.trim_end_matches(['.', ',', ';', ':'])).collect();
    let others = settings.administrators().into_iter().filter(|other| *other != wish.principal());
    others.filter(|other| words.contains(other)).map(str::to_owned).collect()
}

/// Whether the administrator is a role of the lake, which is gone after it and would be a dead one.
fn goes_with_the_lake(request: &CustomResourceRequest) -> bool {
    request.resource_properties.get("OfTheLake").is_some_and(|value| value == "true" || value == true)
}

/// Who may not change the settings is told who may.
fn told(wish: Wish<'_>, settings: &AccountSettings, error: Error) -> Error {
    let principal = wish.principal();
    let what = format!(
        "Lake Formation of this account lets only its administrators change its settings: one of {} must \
         add {principal} to the data lake administrators; then deploy again",
        settings.administrators().join(", ")
    );
    Error::caused(Kind::AccessDenied, what, error)
}
