//! Who gains and loses the sight of what, in words.

use std::collections::{BTreeMap, BTreeSet};

use tarn_lake::Disguise;
use tarn_render::diff::{ALL_COLUMNS, AccessChange, LakeChange, Principal, Sight, Turn, place};

use super::difference::section;
use crate::console::{self, BAD, BOLD, GOOD, styled};

/// What was written before stays as it was.
const OLD_FILES: &str = "files that were converted before keep the columns as they have them: what is hidden or \
                         dropped is so in files that come later";

/// So does what a zone has.
const OLD_COPIES: &str = "what a zone has of what it may not have any more leaves its bucket, old versions too, \
                          and its catalog with the next run";

/// Prints what turns: for each zone, silver and gold, whom, and which columns of which table. `lake` is what
/// it turns by, where a lake was there before.
pub fn print(changes: &[AccessChange], lake: Option<&LakeChange>) {
    section("access", lines(changes));
    let lost = || changes.iter().filter(|change| change.change == Turn::Lost);
    let Some(lake) = lake else { return };
    let turned: BTreeSet<(&str, &str)> = lake
        .tables
        .iter()
        .flat_map(|table| table.columns.iter().map(|column| (table.table.as_str(), column.column.as_str())))
        .collect();
    if lost().any(|change| turned.contains(&(&change.table, &change.column))) {
        console::hint(OLD_FILES);
    }
    let is_withdrawn = |change: &AccessChange| {
        let mut withdrawn = lake.rights.iter().filter(|right| !right.gained);
        withdrawn.any(|right| {
            change.zone.as_ref() == Some(&right.zone) && right.table.as_ref() == Some(&change.table)
        })
    };
    if lost().any(is_withdrawn) {
        console::hint(OLD_COPIES);
    }
}

/// One table's columns that turn the same way.
type Turned = (String, Mark, Vec<String>);

/// How a turn is shown. The order is that of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Unveiled,
    Gained,
    Lost,
}

/// Principals for whom the same turns are one entry.
fn lines(changes: &[AccessChange]) -> Vec<String> {
    let mut each: BTreeMap<(String, &Principal), Vec<&AccessChange>> = BTreeMap::new();
    for change in changes {
        let place = place(change.zone.as_deref(), &change.column);
        each.entry((place, &change.principal)).or_default().push(change);
    }
    let mut together: BTreeMap<(String, Vec<Turned>), Vec<&Principal>> = BTreeMap::new();
    for ((place, principal), changes) in each {
        together.entry((place, turned(&changes))).or_default().push(principal);
    }
    together.into_iter().map(|((place, turned), principals)| entry(&place, &principals, &turned)).collect()
}

fn turned(changes: &[&AccessChange]) -> Vec<Turned> {
    let mut tables: BTreeMap<(String, Mark), Vec<String>> = BTreeMap::new();
    for change in changes {
        tables.entry((rows(change), mark(change))).or_default().push(column(change));
    }
    tables.into_iter().map(|((table, mark), columns)| (table, mark, columns)).collect()
}

fn entry(place: &str, principals: &[&Principal], turned: &[Turned]) -> String {
    let whom: Vec<String> = principals.iter().map(|principal| name(principal)).collect();
    let lines = turned.iter().map(|(table, mark, columns)| {
        let sign = match mark {
            Mark::Unveiled => styled("!", BAD),
            Mark::Gained => styled("+", GOOD),
            Mark::Lost => styled("-", BAD),
        };
        format!("\n    {sign} {table}: {}", columns.join(", "))
    });
    format!("  {} {place}: {}{}", styled("~", BOLD), whom.join("; "), lines.collect::<String>())
}

/// The table, and which of its rows.
fn rows(change: &AccessChange) -> String {
    let AccessChange { table, before, after, rows_before, rows_after, .. } = change;
    let all = |rows: &Option<String>| rows.clone().unwrap_or_else(|| "all rows".into());
    let is_seen_twice = *before != Sight::Nothing && *after != Sight::Nothing;
    match (rows_before, rows_after) {
        (None, None) => table.clone(),
        (before, after) if is_seen_twice && before != after => {
            format!("{table} ({} -> {})", all(before), all(after))
        }
        (before, after) => {
            format!("{table} (where {})", after.as_ref().or(before.as_ref()).map_or("", String::as_str))
        }
    }
}

fn mark(change: &AccessChange) -> Mark {
    match change.change {
        Turn::Lost => Mark::Lost,
        Turn::Gained if change.is_unveiled() => Mark::Unveiled,
        Turn::Gained => Mark::Gained,
    }
}

/// The column, and how it is seen where that is not plain.
fn column(change: &AccessChange) -> String {
    let AccessChange { column, before, after, .. } = change;
    if column == ALL_COLUMNS {
        return "all columns".into();
    }
    match (before, after) {
        (Sight::Nothing, Sight::Clear) | (_, Sight::Nothing) => column.clone(),
        (Sight::Nothing, after) => format!("{column} ({})", sight(after)),
        (before, after) if before == after => column.clone(),
        (before, after) => format!("{column} ({} -> {})", sight(before), sight(after)),
    }
}

fn sight(sight: &Sight) -> String {
    match sight {
        Sight::Nothing => "nothing".into(),
        Sight::Clear => "clear".into(),
        Sight::Disguised(Disguise::Sha256) => "hashed".into(),
        Sight::Disguised(Disguise::Text(_)) => "masked".into(),
        Sight::Disguised(Disguise::KeepLast(count)) => format!("masked but for the last {count}"),
    }
}

fn name(principal: &Principal) -> String {
    match principal {
        Principal::ReaderRole(_) => "its reader role".into(),
        Principal::WhoeverIamLets(_) => "whoever IAM lets in".into(),
        Principal::Named(arn) => arn.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(principal: Principal, column: &str, before: Sight, after: Sight) -> AccessChange {
        let change = if after == Sight::Clear { Turn::Gained } else { Turn::Lost };
        let (zone, table, column) = (Some("ads".into()), "users".into(), column.into());
        let (rows_before, rows_after) = (None, None);
        AccessChange { principal, zone, table, column, change, before, after, rows_before, rows_after }
    }

    #[test]
    fn who_sees_the_same_otherwise_is_told_in_one_entry() {
        let hashed = || Sight::Disguised(Disguise::Sha256);
        let all =
            [Principal::ReaderRole("ads".into()), Principal::Named("role/Ana".into())].map(|principal| {
                vec![
                    change(principal.clone(), "email", hashed(), Sight::Clear),
                    change(principal.clone(), "age", Sight::Nothing, Sight::Clear),
                    change(principal, "phone", Sight::Clear, Sight::Nothing),
                ]
            });
        let told = lines(&all.concat());
        let plain: Vec<String> =
            told.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
        let wanted = "  ~ zone `ads`: its reader role; role/Ana\n    ! users: email (hashed -> clear)\n    \
                      + users: age\n    - users: phone";
        assert_eq!(plain, [wanted]);
    }

    #[test]
    fn gold_is_told_apart_from_silver() {
        let ana = || Principal::Named("role/Ana".into());
        let mut changes = vec![
            change(ana(), "id", Sight::Nothing, Sight::Clear),
            AccessChange {
                table: "daily".into(),
                ..change(ana(), ALL_COLUMNS, Sight::Nothing, Sight::Clear)
            },
        ];
        changes.iter_mut().for_each(|change| change.zone = None);
        let told: Vec<String> =
            lines(&changes).iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
        assert_eq!(
            told,
            ["  ~ gold: role/Ana\n    + daily: all columns", "  ~ silver: role/Ana\n    + users: id"]
        );
    }

    #[test]
    fn rows_are_told_with_their_table() {
        let change = change(Principal::Named("role/Ana".into()), "id", Sight::Clear, Sight::Clear);
        let (some, other) = (Some("id = 1".to_owned()), Some("id = 2".to_owned()));
        for (rows_before, rows_after, wanted) in [
            (some.clone(), None, "users (id = 1 -> all rows): id"),
            (None, some.clone(), "users (all rows -> id = 1): id"),
            (some.clone(), other, "users (id = 1 -> id = 2): id"),
        ] {
            let told = lines(&[AccessChange { rows_before, rows_after, ..change.clone() }]);
            assert!(told[0].ends_with(wanted), "{told:?}");
        }
        let new = AccessChange { before: Sight::Nothing, rows_after: some, ..change };
        assert!(lines(&[new])[0].ends_with("users (where id = 1): id"));
    }
}
