//! Looks over an account for whatever is a lake's: by name, by tag and by what stacks record.
//!
//! CloudFormation's word that something is gone is not taken where the service itself can be asked. A
//! kind whose listing is refused or fails is unknown; it is never taken for none.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::ports::PortResult;
use crate::{Artifacts, Destruction, Kind, Marks, PortError, StackState, Stacks};

/// What the services of an account tell of themselves.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// Everything of a kind whose name may begin with the base; `None` for a kind that is not listed
    /// here, but found by its tags or by what stacks record. Of keys, those whose ids are known.
    async fn list(&self, kind: Kind, base: &str, known: &BTreeSet<String>) -> PortResult<Option<Vec<Thing>>>;

    /// The ARNs of everything that bears all the tags.
    async fn tagged(&self, tags: &[(String, String)]) -> PortResult<Vec<String>>;

    /// Type and physical id of every resource of a stack.
    async fn recorded(&self, stack_arn: &str) -> PortResult<Vec<(String, String)>>;
}

/// Something that stands in an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// Its name.
    pub name: String,
    /// The day on which it goes by itself, such as `2026-01-31`; that of a key whose deletion is pending.
    pub goes_on: Option<String>,
}

impl Thing {
    /// Something that stays until somebody deletes it.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), goes_on: None }
    }
}

/// How a kind was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Its service listed all of it.
    Listing,
    /// The tags were searched.
    Tags,
    /// Only CloudFormation was asked what its stacks have.
    Record,
}

/// What was found of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How it was looked for.
    pub means: Means,
    /// What there is, or why nobody knows.
    pub things: Result<Vec<Thing>, String>,
}

/// What was found of a lake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sighting {
    /// Kind by kind.
    pub found: BTreeMap<Kind, Found>,
}

/// What a search goes by.
pub(crate) struct Search<'a> {
    pub destruction: &'a Destruction,
    pub stacks: &'a dyn Stacks,
    pub artifacts: &'a dyn Artifacts,
    pub inventory: &'a dyn Inventory,
}

impl Search<'_> {
    /// Looks over the account. What is `known` of before is looked for by its id.
    pub async fn look(&self, known: &BTreeSet<(Kind, String)>) -> Result<Sighting, PortError> {
        let all = self.stacks.list().await?;
        let ours: Vec<&StackState> = all.iter().filter(|stack| self.destruction.owns(stack)).collect();
        let marks = self.destruction.marks(&all);
        let recorded = self.recorded(&ours).await;
        let tagged = self.inventory.tagged(&self.destruction.tags).await.map_err(|error| error.to_string());
        let mut known = known.clone();
        known.extend(recorded.iter().flatten().cloned());
        known.extend(tagged.iter().flatten().map(|arn| named(Kind::of_arn(arn))));

        let mut sighting = Sighting::default();
        for kind in Kind::all() {
            let found = match kind {
                Kind::Stack => listed(ours.iter().map(|stack| Thing::named(&stack.name)).collect()),
                Kind::Bucket => self.buckets(&marks).await,
                _ => self.of_kind(kind, &marks, &known, &tagged, &recorded).await,
            };
            sighting.found.insert(kind, found);
        }
        Ok(sighting)
    }

    async fn buckets(&self, marks: &Marks) -> Found {
        let all = self.artifacts.buckets(&self.destruction.prefix).await;
        let fits = |name: &String| marks.fit(Kind::Bucket, name);
        let things = all.map(|all| all.into_iter().filter(fits).map(Thing::named).collect());
        Found { means: Means::Listing, things: things.map_err(|error| error.to_string()) }
    }

    async fn of_kind(
        &self,
        kind: Kind,
        marks: &Marks,
        known: &BTreeSet<(Kind, String)>,
        tagged: &Result<Vec<String>, String>,
        recorded: &Result<BTreeSet<(Kind, String)>, String>,
    ) -> Found {
        let ids = of(kind, known);
        match self.inventory.list(kind, &marks.base, &ids).await {
            Ok(Some(all)) => {
                let is_ours = |thing: &Thing| marks.fit(kind, &thing.name) || ids.contains(&thing.name);
                listed(all.into_iter().filter(is_ours).collect())
            }
            Ok(None) => unlisted(kind, tagged, recorded),
            Err(error) => Found { means: Means::Listing, things: Err(error.to_string()) },
        }
    }

    async fn recorded(&self, stacks: &[&StackState]) -> Result<BTreeSet<(Kind, String)>, String> {
        let mut found = BTreeSet::new();
        for stack in stacks {
            let resources = self.inventory.recorded(&stack.arn).await.map_err(|error| error.to_string())?;
            found.extend(resources.into_iter().filter_map(|(resource_type, id)| {
                let kind = Kind::of_type(&resource_type)?;
                Some((kind, kind.name_of_physical_id(&id)))
            }));
        }
        Ok(found)
    }
}

fn listed(things: Vec<Thing>) -> Found {
    let things: BTreeSet<Thing> = things.into_iter().collect();
    Found { means: Means::Listing, things: Ok(things.into_iter().collect()) }
}

/// A kind that no service lists: by its tags, and where those do not show what stacks have, by that.
fn unlisted(
    kind: Kind,
    tagged: &Result<Vec<String>, String>,
    recorded: &Result<BTreeSet<(Kind, String)>, String>,
) -> Found {
    let by_tag = tagged.as_ref().map(|arns| {
        let all: BTreeSet<(Kind, String)> = arns.iter().map(|arn| named(Kind::of_arn(arn))).collect();
        of(kind, &all)
    });
    let by_record = recorded.as_ref().map(|all| of(kind, all));
    match (by_tag, by_record) {
        (Err(reason), _) | (_, Err(reason)) => Found { means: Means::Tags, things: Err(reason.clone()) },
        (Ok(tags), Ok(record)) => {
            let means = if record.is_subset(&tags) { Means::Tags } else { Means::Record };
            let things = tags.union(&record).map(Thing::named).collect();
            Found { means, things: Ok(things) }
        }
    }
}

fn named((kind, name): (Kind, &str)) -> (Kind, String) {
    (kind, name.to_owned())
}

fn of(kind: Kind, all: &BTreeSet<(Kind, String)>) -> BTreeSet<String> {
    all.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone()).collect()
}

impl Sighting {
    /// All names, to be looked for again.
    pub(crate) fn names(&self) -> BTreeSet<(Kind, String)> {
        let things = |(kind, found): (&Kind, &Found)| {
            let kind = *kind;
            found.things.iter().flatten().map(move |it| (kind, it.name.clone())).collect::<Vec<_>>()
        };
        self.found.iter().flat_map(things).collect()
    }
}
