//! `tarn access` and `tarn can`: who sees what, by the file and as it is deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;
use tarn_aws::{LakeFormation, S3};
use tarn_cloud::CloudFormation;
use tarn_core::ports::{Filters, Right, Rights};
use tarn_deploy::{ColumnOf, Ground, Held, may_read};
use tarn_lake::{CellsFilter, Columns, Database, Disguise, Governed, Lake, Mode, Names, StackId};
use tarn_render::diff::{ALL_COLUMNS, Principal, Seen, Sight, matrix, place};

use super::{model, not_deployed, plan};
use crate::account::{self, Account};
use crate::arguments::{Access, Can, Common, Place};
use crate::console::{self, BAD, BOLD, DIM, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::project::Project;

/// One cell of the matrix, by the file and as it is deployed.
#[derive(Debug, Clone, Serialize)]
struct Cell {
    principal: Principal,
    zone: Option<String>,
    table: String,
    column: String,
    file: Sight,
    /// `None` where no account was asked.
    deployed: Option<Sight>,
    /// In which rows, by the file.
    file_rows: Option<String>,
    /// In which rows as it is deployed; also `None` where no account was asked.
    deployed_rows: Option<String>,
    differs: bool,
}

pub async fn access(common: &Common, options: &Access) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let asked = (!options.file_only).then_some(options.place);
    let mut cells = cells(&project, asked).await?;
    cells.retain(|cell| {
        is_asked(&options.zone, cell.zone.as_ref()) && is_asked(&options.table, Some(&cell.table))
    });
    let differ = cells.iter().filter(|cell| cell.differs).count();
    if common.json {
        console::json(&json!({ "differences": differ, "cells": cells }));
    } else {
        print(&cells);
        match (asked.is_some(), differ) {
            (false, _) => console::note("no account was asked"),
            (true, 0) => console::result(styled("the file and what is deployed are the same", GOOD)),
            (true, some) => console::result(styled(
                format!("{some} differences between the file and what is deployed"),
                BAD,
            )),
        }
    }
    Ok(ExitCode::from(if differ == 0 { exit::DONE } else { exit::CHANGES }))
}

pub async fn can(common: &Common, options: &Can) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let asked = (!options.file_only).then_some(options.place);
    let (table, column) = match options.what.split_once('.') {
        Some((table, column)) => (table, Some(column.to_owned())),
        None => (options.what.as_str(), None),
    };
    refuse_unknown(common, &project, table, column.as_deref()).await?;
    let mut cells = cells(&project, asked).await?;
    cells.retain(|cell| {
        is_called(&cell.principal, &options.principal)
            && cell.table == table
            && (is_asked(&column, Some(&cell.column)) || cell.column == ALL_COLUMNS)
            && is_asked(&options.zone, cell.zone.as_ref())
    });
    let can = |cell: &&Cell| *cell.deployed.as_ref().unwrap_or(&cell.file) != Sight::Nothing;
    let yes = cells.iter().filter(can).count() > 0;
    if common.json {
        console::json(&json!({ "can": yes, "cells": cells }));
    } else {
        let (word, style) = if yes { ("yes", GOOD) } else { ("no", BAD) };
        console::result(format!("{}: {} reads {}", styled(word, style), options.principal, options.what));
        print(&cells);
    }
    Ok(exit::done_if(yes))
}

/// A table or a column that no lake has is a slip of the pen, and not something that nobody can read.
async fn refuse_unknown(
    common: &Common,
    project: &Project,
    table: &str,
    column: Option<&str>,
) -> Result<(), Failure> {
    let Some(columns) = columns_of(common, project, table, column.is_some()).await? else {
        let lake = &project.lake;
        let tables = lake.tables.iter().map(|table| table.name.as_str());
        let names: Vec<&str> = tables.chain(lake.models.iter().map(|model| model.name.as_str())).collect();
        let what = format!("the lake has no table `{table}`; it has `{}`", names.join("`, `"));
        return Err(Failure::bad_input(what));
    };
    match column.filter(|column| !columns.iter().any(|known| known == column)) {
        None => Ok(()),
        Some(column) => {
            let all = columns.join("`, `");
            Err(Failure::bad_input(format!("`{table}` has no column `{column}`; it has `{all}`")))
        }
    }
}

/// The columns of a table or model; those of a model take a plan of its SQL, so only if they are needed.
async fn columns_of(
    common: &Common,
    project: &Project,
    name: &str,
    are_needed: bool,
) -> Result<Option<Vec<String>>, Failure> {
    let lake = &project.lake;
    if let Some(table) = lake.tables.iter().find(|table| table.name.as_str() == name) {
        let columns = table.newest_layout().columns.iter();
        return Ok(Some(columns.map(|column| column.name.to_string()).collect()));
    }
    match lake.models.iter().any(|model| model.name.as_str() == name) {
        true if are_needed => model::columns_of(common, project, name).await.map(Some),
        true => Ok(Some(Vec::new())),
        false => Ok(None),
    }
}

fn is_asked(wanted: &Option<String>, found: Option<&String>) -> bool {
    wanted.is_none() || wanted.as_ref() == found
}

/// A zone stands for its reader role.
fn is_called(principal: &Principal, name: &str) -> bool {
    match principal {
        Principal::ReaderRole(zone) => zone == name || format!("zone/{zone}") == name,
        Principal::WhoeverIamLets(_) => false,
        Principal::Named(arn) => arn == name || arn.ends_with(&format!(":{name}")),
    }
}

type Key = (Principal, Option<String>, String, String);

async fn cells(project: &Project, asked: Option<Place>) -> Result<Vec<Cell>, Failure> {
    let file = by_key(matrix(&project.lake));
    let deployed = match asked {
        None => None,
        Some(place) => Some(deployed(project, place).await?),
    };
    let none = BTreeMap::new();
    let places: BTreeSet<&Key> = file.keys().chain(deployed.as_ref().unwrap_or(&none).keys()).collect();
    let cell = |key: &Key| {
        let shown = |of: &BTreeMap<Key, Shown>| of.get(key).cloned().unwrap_or((Sight::Nothing, None));
        let (principal, zone, table, column) = key.clone();
        let ((file, file_rows), deployed) = (shown(&file), deployed.as_ref().map(shown));
        let differs = deployed.as_ref().is_some_and(|(sight, rows)| (sight, rows) != (&file, &file_rows));
        let (deployed, deployed_rows) = deployed.map_or((None, None), |(sight, rows)| (Some(sight), rows));
        Cell { principal, zone, table, column, file, deployed, file_rows, deployed_rows, differs }
    };
    Ok(places.into_iter().map(cell).collect())
}

/// How a column is seen, and in which rows.
type Shown = (Sight, Option<String>);

fn by_key(seen: Vec<Seen>) -> BTreeMap<Key, Shown> {
    let key = |seen: Seen| {
        let Seen { principal, zone, table, column, sight, rows } = seen;
        ((principal, zone, table, column), (sight, rows))
    };
    seen.into_iter().map(key).collect()
}

/// What the deployed file says, as far as it is granted, and what is granted beyond.
async fn deployed(project: &Project, place: Place) -> Result<BTreeMap<Key, Shown>, Failure> {
    let account = Account::of(place, &project.folder, &project.lake).await?;
    let lake = plan::deployed_lake(&S3::new(&account.config), &account).await?;
    let lake = lake.ok_or_else(|| not_deployed(&project.lake))?;
    let config = account::lake_formation(&account.config, place, &project.folder).await?;
    let governance = LakeFormation::new(&config, account.names.account());
    let standing = standing(&governance, &lake, &account.names).await?;
    let standing = on_columns(standing, &lake.all_filters(&account.names));
    let roles = reader_roles(&lake, &account).await?;
    let granted = Granted { lake: &lake, names: &account.names, roles: &roles, standing: &standing };
    let said = by_key(matrix(&lake));
    let mut seen = BTreeMap::new();
    for key in granted.all_places() {
        let shown = match (granted.stands(&key), said.get(&key)) {
            (false, _) => continue,
            // Nothing says that it is disguised where it is not meant to be seen at all.
            (true, None) => (Sight::Clear, None),
            (true, Some(shown)) => shown.clone(),
        };
        seen.insert(key, shown);
    }
    Ok(seen)
}

/// What Lake Formation holds. A listing of all need not have the rights on filters, so these are asked
/// for filter by filter; one that does not show what the lake says counts as not there.
pub(crate) async fn standing(
    governance: &LakeFormation,
    lake: &Lake,
    names: &Names,
) -> Result<BTreeSet<Held>, tarn_core::Error> {
    let mut granted = governance.granted().await?;
    granted.retain(|right| !matches!(right.resource, Governed::Filter { .. }));
    for filter in lake.all_filters(names) {
        if governance.found(&filter).await?.as_ref() == Some(&filter) {
            granted.extend(governance.granted_on(&filter).await?);
        }
    }
    let held = |right: Right| Held {
        principal: right.principal,
        resource: right.resource,
        permission: right.permission,
    };
    Ok(granted.into_iter().map(held).collect())
}

/// A right on a filter as one on the columns that it shows.
fn on_columns(standing: BTreeSet<Held>, filters: &[CellsFilter]) -> BTreeSet<Held> {
    let shown = |held: Held| {
        let filter = filters.iter().find(|filter| filter.governed() == held.resource);
        let resource = filter.map_or(held.resource, |filter| Governed::Table {
            database: filter.database.clone(),
            name: filter.table.clone(),
            columns: Columns::Only(filter.columns.clone()),
        });
        Held { resource, ..held }
    };
    standing.into_iter().map(shown).collect()
}

/// The reader role of every zone that stands.
async fn reader_roles(lake: &Lake, account: &Account) -> Result<BTreeMap<String, String>, Failure> {
    let stacks = CloudFormation::new(&account.config);
    let ground = Ground::of(&account.names);
    let mut roles = BTreeMap::new();
    for zone in &lake.zones {
        let stack = account.names.stack(&StackId::Zone(zone.name.clone()));
        let resources = stacks.resources(&stack).await?;
        let role = resources.into_iter().find(|resource| resource.logical_id == "ReaderRole");
        roles.extend(role.map(|role| (zone.name.to_string(), ground.role(&role.physical_id))));
    }
    Ok(roles)
}

/// The grants, and what it takes to ask them about a cell.
struct Granted<'a> {
    lake: &'a Lake,
    names: &'a Names,
    roles: &'a BTreeMap<String, String>,
    standing: &'a BTreeSet<Held>,
}

impl Granted<'_> {
    /// Every principal of the file on every column of what it might see.
    fn all_places(&self) -> Vec<Key> {
        let said = matrix(self.lake);
        let whom: BTreeSet<(Principal, Option<String>)> =
            said.into_iter().map(|seen| (seen.principal, seen.zone)).collect();
        let mut places = Vec::new();
        for (principal, zone) in whom {
            for table in &self.lake.tables {
                let is_there =
                    zone.as_ref().is_none_or(|zone| self.part(zone, table.name.as_str()).is_some());
                for column in table.newest_layout().in_silver().filter(|_| is_there) {
                    let (table, column) = (table.name.to_string(), column.name.to_string());
                    places.push((principal.clone(), zone.clone(), table, column));
                }
            }
            let models = self.lake.models.iter().filter(|_| zone.is_none());
            places.extend(
                models.map(|model| (principal.clone(), None, model.name.to_string(), ALL_COLUMNS.to_owned())),
            );
        }
        places
    }

    fn part(&self, zone: &str, table: &str) -> Option<Mode> {
        let zone = self.lake.zones.iter().find(|known| known.name.as_str() == zone)?;
        zone.tables.iter().find(|part| part.name.as_str() == table).map(|part| part.mode)
    }

    fn stands(&self, (principal, zone, table, column): &Key) -> bool {
        let database = match zone {
            Some(zone) if self.part(zone, table) == Some(Mode::Copy) => {
                let found = self.lake.zones.iter().find(|known| known.name.as_str() == zone);
                found.map(|zone| self.names.database(&Database::Zone(zone.name.clone())))
            }
            _ if column == ALL_COLUMNS => Some(self.names.database(&Database::Gold)),
            _ => Some(self.names.database(&Database::Silver)),
        };
        let Some(database) = database else { return false };
        // A copy has the columns that the zone sees, and a grant on it is on all of them.
        let is_copied = zone.as_ref().is_some_and(|zone| self.part(zone, table) == Some(Mode::Copy));
        if is_copied && !self.is_in_copy(zone.as_deref(), table, column) {
            return false;
        }
        let place = ColumnOf { database: &database, table, column };
        self.arns(principal, zone.as_deref()).iter().any(|arn| may_read(self.standing, arn, place))
    }

    fn is_in_copy(&self, zone: Option<&str>, table: &str, column: &str) -> bool {
        let zone = self.lake.zones.iter().find(|known| Some(known.name.as_str()) == zone);
        zone.is_some_and(|zone| {
            let view = self.lake.views(zone).find(|view| view.table.name.as_str() == table);
            view.is_some_and(|view| view.shown().any(|(shown, ..)| shown.name.as_str() == column))
        })
    }

    /// Under which ARNs somebody asks: its own, and the reader role that it may take.
    fn arns(&self, principal: &Principal, zone: Option<&str>) -> Vec<String> {
        let role = |zone: &str| self.roles.get(zone).cloned();
        match principal {
            Principal::ReaderRole(zone) | Principal::WhoeverIamLets(zone) => role(zone).into_iter().collect(),
            Principal::Named(arn) => {
                let named = tarn_lake::PrincipalArn::new(arn.as_str()).ok();
                let own = named.map(|arn| Ground::of(self.names).resolved(&arn.for_template().1));
                let zone = self.lake.zones.iter().find(|known| Some(known.name.as_str()) == zone);
                let takes = zone.filter(|zone| zone.readers.iter().any(|reader| reader.as_str() == arn));
                own.into_iter().chain(takes.and_then(|zone| role(zone.name.as_str()))).collect()
            }
        }
    }
}

/// What somebody sees, table by table.
type Tables<'c> = BTreeMap<(&'c str, String), Vec<&'c Cell>>;

/// One entry for each principal in each zone, one line for each table.
fn print(cells: &[Cell]) {
    let mut entries: BTreeMap<(String, Principal), Tables<'_>> = BTreeMap::new();
    for cell in cells {
        let place = place(cell.zone.as_deref(), &cell.column);
        let entry = entries.entry((place, cell.principal.clone())).or_default();
        entry.entry((&cell.table, rows(cell))).or_default().push(cell);
    }
    for ((place, principal), tables) in entries {
        console::result(format!("{}: {}", styled(place, BOLD), who(&principal)));
        for ((table, rows), cells) in tables {
            let columns: Vec<String> = cells.iter().map(|cell| column(cell)).collect();
            console::result(format!("  {table}{}: {}", styled(rows, DIM), columns.join(", ")));
        }
    }
}

/// Which rows are seen, where these are not all.
fn rows(cell: &Cell) -> String {
    let told = |rows: &Option<String>| rows.clone().unwrap_or_else(|| "all rows".into());
    match (&cell.deployed, &cell.file_rows, &cell.deployed_rows) {
        (_, None, None) => String::new(),
        (None, rows, _) => format!(" (where {})", told(rows)),
        (Some(_), file, deployed) if file == deployed => format!(" (where {})", told(file)),
        (Some(Sight::Nothing), ..) => String::new(),
        (Some(_), file, deployed) => format!(" (where {} [file: {}])", told(deployed), told(file)),
    }
}

fn column(cell: &Cell) -> String {
    let deployed = cell.deployed.as_ref().unwrap_or(&cell.file);
    let name = if cell.column == ALL_COLUMNS { "all columns" } else { &cell.column };
    let told = match deployed {
        Sight::Clear => name.to_owned(),
        sight => format!("{name} {}", styled(format!("({})", word(sight)), DIM)),
    };
    match cell.differs {
        false => told,
        true => {
            format!("{} {told} {}", styled("!", BAD), styled(format!("[file: {}]", word(&cell.file)), BAD))
        }
    }
}

fn word(sight: &Sight) -> &'static str {
    match sight {
        Sight::Nothing => "nothing",
        Sight::Clear => "clear",
        Sight::Disguised(Disguise::Sha256) => "hashed",
        Sight::Disguised(Disguise::Text(_)) => "masked",
        Sight::Disguised(Disguise::KeepLast(_)) => "masked but for its end",
    }
}

fn who(principal: &Principal) -> String {
    match principal {
        Principal::ReaderRole(_) => "its reader role".into(),
        Principal::WhoeverIamLets(_) => "whoever IAM lets in".into(),
        Principal::Named(arn) => arn.clone(),
    }
}
