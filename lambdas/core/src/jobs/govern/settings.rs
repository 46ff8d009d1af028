//! One administrator more, or one who only sees, in settings that belong to the whole account.
//!
//! Writing replaces everything, nothing tells whether somebody else wrote in between, and a lock of
//! ours would bind nobody but us. So: read, add, write soon after reading or not at all, and look
//! again after more than the time from anybody's reading to the end of their writing. Lakes that add
//! or remove themselves at the same time all end up right: who was overwritten sees it and does it
//! again. That the times are kept is what it stands on; `tests/jobs/govern_races.rs` lets lakes meet in
//! every way, and shows what is lost when somebody does not keep them.

use std::time::Duration;

use serde::Deserialize;

use super::{Govern, Patience};
use crate::jobs::answer::{Done, created_for, goes_with_the_lake, properties};
use crate::ports::{AccountSettings, LONGEST_REPLACE, Office};
use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};

/// What was read longer ago is read again before it is written.
const FRESH: Duration = Duration::from_secs(2);

/// Longer than from the beginning of another lake's reading to the end of its writing.
const SETTLES: Duration = Duration::from_secs(6);
const _: () = assert!(SETTLES.as_millis() > FRESH.as_millis() + LONGEST_REPLACE.as_millis());

/// More than that Lake Formation does not take.
const MOST_ADMINISTRATORS: usize = 30;

/// The administrator was there before us, and stays.
const WAS_THERE: &str = "was-there";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    administrator: String,
}

/// What is to be true of the list of an office.
#[derive(Clone, Copy)]
struct Wish<'a> {
    office: Office,
    principal: &'a str,
    is_in: bool,
}

impl Govern<'_> {
    pub(super) async fn settings(
        &self,
        request: &CustomResourceRequest,
        patience: Patience<'_>,
    ) -> Result<Done> {
        let office = office(request);
        match request.request_type {
            RequestType::Create | RequestType::Update => {
                let Properties { administrator } = properties(request)?;
                let wish = Wish { office, principal: &administrator, is_in: true };
                let settled = self.settle(wish, patience).await?;
                let stays = !settled.wrote && !goes_with_the_lake(request);
                Ok(Done { note: settled.note(), memo: stays.then_some(WAS_THERE) })
            }
            RequestType::Delete => match created_for(request) {
                None | Some((_, Some(WAS_THERE))) => Ok(Done::default()),
                Some((administrator, _)) => {
                    let wish = Wish { office, principal: administrator, is_in: false };
                    let settled = self.settle(wish, patience).await?;
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
                Ok(Step::Full(error)) => return Err(error),
                Ok(Step::Holds) if is_confirmed => return Ok(settled),
                Ok(Step::Holds) => {
                    patience.clock.sleep(SETTLES).await;
                    is_confirmed = true;
                }
                Ok(Step::Wrote | Step::Stale) => {
                    is_confirmed = false;
                    let what = "somebody else keeps changing Lake Formation's settings; deploy again";
                    patience.after(Error::new(Kind::Conflict, what)).await?;
                }
                Err(error) => {
                    // It may be the answer alone that was lost.
                    is_confirmed &= !settled.wrote;
                    patience.after(error).await?;
                }
            }
        }
    }

    async fn step(&self, wish: Wish<'_>, settled: &mut Settled) -> Result<Step> {
        let began_millis = self.clock.now_millis();
        let found = self.administration.settings().await?;
        if wish.holds(&found) {
            return Ok(Step::Holds);
        }
        if self.clock.now_millis() - began_millis > FRESH.as_millis() as i64 {
            return Ok(Step::Stale);
        }
        let dead: Vec<&str> = settled.dead.iter().map(String::as_str).collect();
        let wanted = wish.applied(found.clone()).without(Office::All, &dead).without(Office::Reading, &dead);
        if wanted.administrators().len() > MOST_ADMINISTRATORS && wish.is_in && wish.office == Office::All {
            return Ok(Step::Full(full(wish, &found)));
        }
        // Also when the answer is an error: it may be the answer alone that was lost.
        settled.wrote = true;
        match self.administration.replace(&wanted).await {
            Ok(()) => Ok(Step::Wrote),
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

/// What a look led to.
enum Step {
    /// Nothing needed to be written.
    Holds,
    Wrote,
    /// The look took too long to write by it.
    Stale,
    /// There is no room, and no waiting makes any.
    Full(Error),
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

impl Wish<'_> {
    fn holds(self, settings: &AccountSettings) -> bool {
        settings.holding(self.office).contains(&self.principal) == self.is_in
    }

    fn applied(self, settings: AccountSettings) -> AccountSettings {
        match self.is_in {
            true => settings.with(self.office, self.principal),
            false => settings.without(self.office, &[self.principal]),
        }
    }
}

/// Who is only to see everything says so.
fn office(request: &CustomResourceRequest) -> Office {
    let reads = request.resource_properties.get("ReadOnly");
    let reads = reads.is_some_and(|value| value == "true" || value == true);
    if reads { Office::Reading } else { Office::All }
}

/// Administrators whom an error names as invalid. Ours is never among them: it is new, not dead.
fn dead_administrators(settings: &AccountSettings, wish: Wish<'_>, error: &str) -> Vec<String> {
    let is_end = |character: char| character.is_whitespace() || "\"'()[]{}\\".contains(character);
    let words: Vec<&str> =
        error.split(is_end).map(|word| word.trim_end_matches(['.', ',', ';', ':'])).collect();
    let all = [Office::All, Office::Reading].into_iter().flat_map(|office| settings.holding(office));
    let others = all.filter(|other| *other != wish.principal);
    others.filter(|other| words.contains(other)).map(str::to_owned).collect()
}

/// Who may not change the settings is told who may, and what to do, to the letter.
fn told(wish: Wish<'_>, settings: &AccountSettings, error: Error) -> Error {
    let principal = wish.principal;
    let (list, title) = match wish.office {
        Office::All => ("DataLakeAdmins", "Data lake administrators"),
        Office::Reading => ("ReadOnlyAdmins", "Read-only administrators"),
    };
    let (verb, change) = match wish.is_in {
        true => ("add", format!(".{list} += [{{DataLakePrincipalIdentifier: \"{principal}\"}}]")),
        false => ("take", format!(".{list} |= map(select(.DataLakePrincipalIdentifier != \"{principal}\"))")),
    };
    let what = format!(
        "Lake Formation of this account lets only its administrators change its settings. One of them \
         must {verb} {principal}: in the console under Lake Formation, Administrative roles and tasks, \
         {title}; or by `aws lakeformation get-data-lake-settings | jq \
         '{{DataLakeSettings: (.DataLakeSettings | {change})}}' > settings.json && aws lakeformation \
         put-data-lake-settings --cli-input-json file://settings.json`. Then do this again. They are: {}",
        some_of(&settings.administrators())
    );
    Error::caused(Kind::AccessDenied, what, error)
}

fn full(wish: Wish<'_>, settings: &AccountSettings) -> Error {
    let what = format!(
        "Lake Formation takes {MOST_ADMINISTRATORS} data lake administrators, and has them already: take \
         one off in the console under Lake Formation, Administrative roles and tasks, to make room for {}; \
         then deploy again. They are: {}",
        wish.principal,
        some_of(&settings.administrators())
    );
    Error::new(Kind::Invalid, what)
}

/// As many names as a person reads.
fn some_of(names: &[&str]) -> String {
    const MANY: usize = 6;
    let listed = names.iter().take(MANY).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MANY) {
        0 => listed,
        more => format!("{listed}, and {more} more"),
    }
}
