//! Who sees which column of which table, and what of that a change gives and takes.
//!
//! Seen is what the catalog shows: the columns of a table's newest layout that are in silver, to the
//! readers of silver as a whole and to those of each zone that has the table. A value that is hashed
//! or masked is seen in its disguise, whether for the lake or for the zone. Files of silver that were
//! converted before keep what they have. Of gold, the readers of silver see all or nothing; a model's
//! columns are what its SQL makes them, so they are not told one by one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tarn_lake::{Column, Disguise, Lake, MASK, Pii, Table, Treatment, View, Zone};

/// In the place of a column: all those of a model.
pub const ALL_COLUMNS: &str = "*";

/// What one principal sees otherwise than before, of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessChange {
    /// Who.
    pub principal: Principal,
    /// In which zone; `None` is the lake, its silver and its gold.
    pub zone: Option<String>,
    /// Which table, or which model.
    pub table: String,
    /// Which column, or [`ALL_COLUMNS`] of a model.
    pub column: String,
    /// Whether something is seen that was not before, or is not any more.
    pub change: Turn,
    /// What was seen.
    pub before: Sight,
    /// What is seen.
    pub after: Sight,
    /// In which rows it was seen, as a condition; `None` is in all, or in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_before: Option<String>,
    /// In which rows it is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_after: Option<String>,
}

/// Who sees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Principal {
    /// The reader role of a zone, which all its readers take.
    ReaderRole(String),
    /// Whoever IAM lets in the lake's account, for a zone that names no readers; with the zone.
    WhoeverIamLets(String),
    /// Somebody whom the file names.
    Named(String),
}

/// Which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Something is seen that was not.
    Gained,
    /// Less is seen than was.
    Lost,
}

/// What is seen of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// Nothing.
    Nothing,
    /// Its values behind a disguise.
    Disguised(Disguise),
    /// Its values.
    Clear,
}

impl AccessChange {
    /// Whether values that were seen in a disguise are seen with less of one.
    pub fn is_unveiled(&self) -> bool {
        self.change == Turn::Gained && self.before != Sight::Nothing && self.before != self.after
    }
}

impl Sight {
    fn of(column: &Column) -> Self {
        match (&column.quality.disguise, column.drop) {
            (_, true) => Self::Nothing,
            (Some(disguise), false) => Self::Disguised(disguise.clone()),
            (None, false) => Self::Clear,
        }
    }

    /// What a zone sees of a column.
    fn through(view: &View, column: &Column) -> Self {
        match (view.treatment(&column.name), Self::of(column)) {
            (Treatment::Hidden, _) | (_, Self::Nothing) => Self::Nothing,
            (Treatment::Clear, sight) => sight,
            (Treatment::Masked, _) => Self::Disguised(Disguise::Text(MASK.into())),
            (Treatment::Hashed, Self::Disguised(Disguise::Text(text))) => {
                Self::Disguised(Disguise::Text(text))
            }
            (Treatment::Hashed, _) => Self::Disguised(Disguise::Sha256),
        }
    }

    /// Whether it shows something that the other does not.
    fn shows_beyond(&self, other: &Self) -> bool {
        use Disguise::{KeepLast, Sha256, Text};
        match (self, other) {
            (Sight::Nothing, _) | (_, Sight::Clear) => false,
            (_, Sight::Nothing) | (Sight::Clear, _) => true,
            (Sight::Disguised(this), Sight::Disguised(other)) => match (this, other) {
                (Text(_), _) | (Sha256, Sha256) => false,
                (KeepLast(more), KeepLast(less)) => more > less,
                (KeepLast(_) | Sha256, _) => true,
            },
        }
    }
}

/// What one principal sees of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Who.
    pub principal: Principal,
    /// In which zone; `None` is the lake, its silver and its gold.
    pub zone: Option<String>,
    /// Which table, or which model.
    pub table: String,
    /// Which column, or [`ALL_COLUMNS`] of a model.
    pub column: String,
    /// How.
    pub sight: Sight,
    /// In which rows, as a condition; all, if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
}

/// Where a column is seen, in a word.
pub fn place(zone: Option<&str>, column: &str) -> String {
    match zone {
        Some(zone) => format!("zone `{zone}`"),
        None if column == ALL_COLUMNS => "gold".into(),
        None => "silver".into(),
    }
}

/// Everything that anybody sees in a lake, in the order of principals, zones, tables and columns.
pub fn matrix(lake: &Lake) -> Vec<Seen> {
    let each = seen(lake).into_iter();
    let seen = |((principal, zone, table, column), shown): (Place, Shown)| {
        let Shown { sight, rows } = shown;
        Seen { principal, zone, table, column, sight, rows }
    };
    each.map(seen).collect()
}

/// How a column is seen, and in which rows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    sight: Sight,
    rows: Option<String>,
}

impl Shown {
    const NOTHING: Self = Self { sight: Sight::Nothing, rows: None };

    /// Whether it shows something that the other does not. Of two conditions nobody knows which one lets
    /// more rows through: either may.
    fn shows_beyond(&self, other: &Self) -> bool {
        let in_other_rows = self.rows != other.rows && other.rows.is_some() && self.sight != Sight::Nothing;
        self.sight.shows_beyond(&other.sight) || in_other_rows
    }
}

/// A principal, the zone or the lake, a table or model, a column.
type Place = (Principal, Option<String>, String, String);

/// What changes between two lakes; `None` is none at all. In the order of principals, zones, tables
/// and columns, by their names.
pub fn access(before: Option<&Lake>, after: &Lake) -> Vec<AccessChange> {
    let (before, after) = (before.map(seen).unwrap_or_default(), seen(after));
    let places: BTreeSet<&Place> = before.keys().chain(after.keys()).collect();
    let shown = |seen: &BTreeMap<Place, Shown>, place| seen.get(place).cloned().unwrap_or(Shown::NOTHING);
    let turned = places.into_iter().filter_map(|place| {
        let (before, after) = (shown(&before, place), shown(&after, place));
        let change = match (after.shows_beyond(&before), before.shows_beyond(&after)) {
            (true, _) => Turn::Gained,
            (false, true) => Turn::Lost,
            (false, false) => return None,
        };
        let (principal, zone, table, column) = place.clone();
        let (rows_before, rows_after) = (before.rows, after.rows);
        let (before, after) = (before.sight, after.sight);
        Some(AccessChange { principal, zone, table, column, change, before, after, rows_before, rows_after })
    });
    turned.collect()
}

/// All that is seen in a lake.
fn seen(lake: &Lake) -> BTreeMap<Place, Shown> {
    let in_silver = lake.readers.iter().flat_map(|reader| {
        let principal = Principal::Named(reader.to_string());
        lake.tables.iter().flat_map(move |table| in_silver(&principal, table, lake.clearance))
    });
    let in_gold = lake.readers.iter().filter(|_| lake.shows_gold()).flat_map(|reader| {
        let principal = Principal::Named(reader.to_string());
        lake.models.iter().map(move |model| {
            let place = (principal.clone(), None, model.name.to_string(), ALL_COLUMNS.to_owned());
            (place, Shown { sight: Sight::Clear, rows: None })
        })
    });
    let in_zones = lake.zones.iter().flat_map(|zone| {
        let views: Vec<View> = lake.views(zone).collect();
        readers(zone).into_iter().flat_map(move |principal| {
            let each = views.iter().map(|view| in_zone(&principal, zone, view));
            each.collect::<Vec<_>>().concat()
        })
    });
    in_silver.chain(in_gold).chain(in_zones).filter(|(_, shown)| shown.sight != Sight::Nothing).collect()
}

fn readers(zone: &Zone) -> Vec<Principal> {
    let named = zone.readers.iter().map(|reader| Principal::Named(reader.to_string()));
    let mut readers: Vec<Principal> = named.collect();
    if readers.is_empty() {
        readers.push(Principal::WhoeverIamLets(zone.name.to_string()));
    }
    readers.push(Principal::ReaderRole(zone.name.to_string()));
    let granted = zone.principals.iter().map(|principal| Principal::Named(principal.to_string()));
    readers.extend(granted.filter(|principal| {
        !zone.readers.iter().any(|reader| *principal == Principal::Named(reader.to_string()))
    }));
    readers
}

fn in_silver(principal: &Principal, table: &Table, clearance: Pii) -> Vec<(Place, Shown)> {
    let sight = |column: &Column| {
        let is_cleared = table.pii_of(&column.name) <= clearance;
        if is_cleared { Sight::of(column) } else { Sight::Nothing }
    };
    let place = |column: &Column| (principal.clone(), None, table.name.to_string(), column.name.to_string());
    let shown = |column: &Column| Shown { sight: sight(column), rows: None };
    table.newest_layout().columns.iter().map(|column| (place(column), shown(column))).collect()
}

fn in_zone(principal: &Principal, zone: &Zone, view: &View) -> Vec<(Place, Shown)> {
    let zone = zone.name.to_string();
    let place = |column: &Column| {
        (principal.clone(), Some(zone.clone()), view.table.name.to_string(), column.name.to_string())
    };
    let columns = view.table.newest_layout().columns.iter();
    let rows = view.rows.map(ToString::to_string);
    let shown = |column: &Column| Shown { sight: Sight::through(view, column), rows: rows.clone() };
    columns.map(|column| (place(column), shown(column))).collect()
}
