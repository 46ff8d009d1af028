//! The receipt of a destruction: what there was, what is gone, and what is not.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{Found, Kind, Means, Sighting, Thing};

/// What became of everything that a lake had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// A line for each kind that was looked for.
    pub lines: Vec<Line>,
}

/// What became of one kind of things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What they are.
    pub kind: &'static str,
    /// How many were there and are gone.
    pub removed: usize,
    /// How many are left.
    pub left: usize,
    /// What is left.
    pub names: Vec<String>,
    /// What was to be kept, and is there.
    pub kept: Vec<String>,
    /// What goes by itself on a day, as `NAME on DAY`.
    pub pending: Vec<String>,
    /// Why nobody knows whether something is left.
    pub unknown: Option<String>,
    /// How it was looked for: `listing`, `tags`, or, with CloudFormation's word only, `stacks`.
    pub by: &'static str,
}

impl Receipt {
    /// Compares what was found before with what is found now. Where data is kept, what holds it is kept
    /// if it stood before, and not left.
    pub fn of(before: &Sighting, after: &Sighting, keeps_data: bool) -> Self {
        let line = |kind: Kind| {
            let (before, after) = (before.found.get(&kind), after.found.get(&kind));
            let line = line(kind, before, after);
            if keeps_data && kind.holds_data() { keeping(line, before) } else { line }
        };
        Self { lines: Kind::all().map(line).collect() }
    }

    /// Whether nothing is left, and all of it is known.
    pub fn is_clean(&self) -> bool {
        self.lines.iter().all(|line| line.left == 0 && line.unknown.is_none())
    }

    /// What is left and what is not known, a line for each.
    pub fn told(&self) -> Vec<String> {
        let left = |line: &Line| {
            let kind = line.kind;
            let names = line.names.iter().map(move |name| format!("{kind}: {name}"));
            let unknown = line.unknown.iter().map(move |reason| format!("{kind}: unknown: {reason}"));
            names.chain(unknown).collect::<Vec<_>>()
        };
        self.lines.iter().flat_map(left).collect()
    }
}

/// What stood before is kept; what was meant to be kept and is gone is told like what is unknown.
fn keeping(line: Line, before: Option<&Found>) -> Line {
    let was_there = before.and_then(|found| found.things.as_ref().ok()).into_iter().flatten();
    let stood: BTreeSet<&str> =
        was_there.filter(|it| it.goes_on.is_none()).map(|it| it.name.as_str()).collect();
    let (kept, names): (Vec<_>, Vec<_>) =
        line.names.into_iter().partition(|name| stood.contains(name.as_str()));
    let lost = line.removed > 0 && line.unknown.is_none();
    let unknown = lost.then(|| format!("{} that were to be kept are gone", line.removed)).or(line.unknown);
    Line { left: names.len(), names, kept, unknown, ..line }
}

fn line(kind: Kind, before: Option<&Found>, after: Option<&Found>) -> Line {
    let by = |means: Means| match means {
        Means::Listing => "listing",
        Means::Tags => "tags",
        Means::Record => "stacks",
    };
    let word = kind.word();
    let never = Line {
        kind: word,
        removed: 0,
        left: 0,
        names: Vec::new(),
        kept: Vec::new(),
        pending: Vec::new(),
        unknown: Some("it was not looked for".into()),
        by: "",
    };
    let Some(after) = after else { return never };
    // Tags that did not show what stood do not show what is left either.
    let means =
        if before.is_some_and(|found| found.means == Means::Record) { Means::Record } else { after.means };
    let never = Line { by: by(means), ..never };
    let things = match &after.things {
        Ok(things) => things,
        Err(reason) => return Line { unknown: Some(reason.clone()), ..never },
    };
    let (pending, left): (Vec<&Thing>, Vec<&Thing>) = things.iter().partition(|it| it.goes_on.is_some());
    let standing: BTreeSet<&str> = left.iter().map(|it| it.name.as_str()).collect();
    let was_there = before.and_then(|found| found.things.as_ref().ok()).into_iter().flatten();
    // One whose deletion was pending before was removed by somebody before.
    let removed = was_there.filter(|it| it.goes_on.is_none() && !standing.contains(it.name.as_str())).count();
    let day = |it: &&Thing| Some(format!("{} on {}", it.name, it.goes_on.as_ref()?));
    Line {
        removed,
        left: left.len(),
        names: left.iter().map(|it| it.name.clone()).collect(),
        pending: pending.iter().filter_map(day).collect(),
        unknown: None,
        ..never
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(means: Means, names: &[&str]) -> Found {
        Found { means, things: Ok(names.iter().copied().map(Thing::named).collect()) }
    }

    /// A sighting in which every kind was looked for, and nothing found but this.
    fn sighting(kind: Kind, of: Found) -> Sighting {
        let mut found: std::collections::BTreeMap<_, _> =
            Kind::all().map(|kind| (kind, found(Means::Listing, &[]))).collect();
        found.insert(kind, of);
        Sighting { found }
    }

    fn line(receipt: &Receipt, kind: Kind) -> &Line {
        receipt.lines.iter().find(|line| line.kind == kind.word()).unwrap()
    }

    #[test]
    fn what_is_gone_was_removed_and_what_is_there_is_left() {
        let before = sighting(Kind::Role, found(Means::Listing, &["a", "b", "c"]));
        let gone = Receipt::of(&before, &sighting(Kind::Role, found(Means::Listing, &[])), false);
        assert_eq!((line(&gone, Kind::Role).removed, line(&gone, Kind::Role).left), (3, 0));
        assert!(gone.is_clean() && gone.told().is_empty());

        let left = Receipt::of(&before, &sighting(Kind::Role, found(Means::Listing, &["b", "new"])), false);
        assert_eq!((line(&left, Kind::Role).removed, line(&left, Kind::Role).left), (2, 2));
        assert!(!left.is_clean());
        assert_eq!(left.told(), ["roles: b", "roles: new"]);
    }

    #[test]
    fn what_was_refused_is_unknown_and_never_none() {
        let before = sighting(Kind::Role, found(Means::Listing, &["a"]));
        let refused = Found { means: Means::Listing, things: Err("AccessDenied".into()) };
        let receipt = Receipt::of(&before, &sighting(Kind::Role, refused.clone()), false);
        let told = line(&receipt, Kind::Role);
        assert_eq!((told.removed, &told.unknown), (0, &Some("AccessDenied".to_owned())));
        assert!(!receipt.is_clean());
        assert_eq!(receipt.told(), ["roles: unknown: AccessDenied"]);
        let before = sighting(Kind::Role, refused);
        let receipt = Receipt::of(&before, &sighting(Kind::Role, found(Means::Listing, &["a"])), false);
        assert_eq!((line(&receipt, Kind::Role).removed, line(&receipt, Kind::Role).left), (0, 1));
    }

    #[test]
    fn a_kind_that_nobody_looked_for_is_unknown() {
        let receipt = Receipt::of(&Sighting::default(), &Sighting::default(), false);
        assert!(!receipt.is_clean());
        assert_eq!(receipt.told().len(), Kind::all().count());
    }

    #[test]
    fn a_key_whose_deletion_is_pending_is_removed_and_its_day_is_told() {
        let pending = Thing { name: "4f".into(), goes_on: Some("2026-12-05".into()) };
        let after = sighting(Kind::Key, Found { means: Means::Listing, things: Ok(vec![pending]) });
        let receipt = Receipt::of(&sighting(Kind::Key, found(Means::Listing, &["4f"])), &after, false);
        let key = line(&receipt, Kind::Key);
        assert_eq!((key.removed, key.left, &key.pending[..]), (1, 0, &["4f on 2026-12-05".to_owned()][..]));
        assert!(receipt.is_clean());
        assert_eq!(line(&Receipt::of(&after, &after, false), Kind::Key).removed, 0, "it was removed before");
    }

    #[test]
    fn tags_that_did_not_show_what_stood_are_not_believed_afterwards() {
        let before = sighting(Kind::Alarm, found(Means::Record, &["a"]));
        let after = sighting(Kind::Alarm, found(Means::Tags, &[]));
        assert_eq!(line(&Receipt::of(&before, &after, false), Kind::Alarm).by, "stacks");
        assert_eq!(line(&Receipt::of(&after, &after, false), Kind::Alarm).by, "tags");
    }

    #[test]
    fn what_holds_data_is_kept_when_it_is_to_be_and_only_then() {
        let before = sighting(Kind::Bucket, found(Means::Listing, &["a", "b"]));
        let kept = Receipt::of(&before, &before, true);
        assert_eq!((line(&kept, Kind::Bucket).left, line(&kept, Kind::Bucket).kept.len()), (0, 2));
        assert!(kept.is_clean());
        assert!(!Receipt::of(&before, &before, false).is_clean());

        let lost = Receipt::of(&before, &sighting(Kind::Bucket, found(Means::Listing, &["a"])), true);
        assert_eq!(lost.told(), ["buckets: unknown: 1 that were to be kept are gone"]);
        let roles = sighting(Kind::Role, found(Means::Listing, &["a"]));
        assert!(!Receipt::of(&roles, &roles, true).is_clean(), "a role is no data");
    }
}
