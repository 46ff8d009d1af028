//! Lake Formation in memory, with what makes the real one hard: settings that only an administrator
//! may change, principals that are gone, principals that are not known yet, listings that lag behind
//! and others who write at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use tarn_lake::{CellsFilter, Governed};

use super::locked;
use crate::ports::{AccountSettings, Administration, Filters, Locations, Right, Rights, TableColumn, Tags};
use crate::{Error, Kind, Result};

/// An account's Lake Formation, as one principal sees it.
#[derive(Debug, Default)]
pub struct MemoryGovernance {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    caller: Option<String>,
    settings: AccountSettings,
    after_next_write: Option<AccountSettings>,
    after_next_look: Option<AccountSettings>,
    locations: BTreeMap<String, String>,
    rights: BTreeSet<Right>,
    outdated: BTreeSet<Right>,
    outdated_listings: u32,
    dead: BTreeSet<String>,
    unknown_for: u32,
    filters: Vec<CellsFilter>,
    keys: BTreeMap<String, BTreeSet<String>>,
    /// Value by key and column.
    tagged: BTreeMap<(String, TableColumn), String>,
}

impl MemoryGovernance {
    /// An account that already has settings.
    pub fn with(settings: AccountSettings) -> Self {
        Self { state: Mutex::new(State { settings, ..State::default() }) }
    }

    /// Who calls from now on. Where there are administrators, settings are theirs to change.
    pub fn called_by(self, principal: &str) -> Self {
        locked(&self.state).caller = Some(principal.into());
        self
    }

    /// The settings as they are.
    pub fn settings_now(&self) -> AccountSettings {
        locked(&self.state).settings.clone()
    }

    /// Somebody else, who read the settings a while ago, writes after the next write and after the
    /// look that follows it.
    pub fn overwrite_after_next_write(&self, settings: AccountSettings) {
        locked(&self.state).after_next_write = Some(settings);
    }

    /// A principal is deleted, and whoever names it is refused.
    pub fn delete_principal(&self, principal: &str) {
        locked(&self.state).dead.insert(principal.into());
    }

    /// The next calls that change anything are refused, because the principal in them is too new.
    pub fn knows_no_principal_for(&self, calls: u32) {
        locked(&self.state).unknown_for = calls;
    }

    /// The next listings show what was granted before the next change.
    pub fn listings_lag(&self, listings: u32) {
        let mut state = locked(&self.state);
        state.outdated = state.rights.clone();
        state.outdated_listings = listings;
    }

    /// The rights as they are.
    pub fn rights_now(&self) -> BTreeSet<Right> {
        locked(&self.state).rights.clone()
    }

    /// The filters as they are.
    pub fn filters_now(&self) -> Vec<CellsFilter> {
        locked(&self.state).filters.clone()
    }

    /// The keys of tags with their values, and what is tagged.
    pub fn tags_now(&self) -> (TagKeys, Tagged) {
        let state = locked(&self.state);
        (state.keys.clone(), state.tagged.clone())
    }

    /// The locations as they are, with their roles.
    pub fn locations_now(&self) -> BTreeMap<String, String> {
        locked(&self.state).locations.clone()
    }

    fn change<T>(&self, act: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = locked(&self.state);
        if state.unknown_for > 0 {
            state.unknown_for -= 1;
            return Err(Error::new(Kind::Invalid, "Invalid principal"));
        }
        act(&mut state)
    }
}

/// The values of each key.
pub type TagKeys = BTreeMap<String, BTreeSet<String>>;
/// The value that a column has of a key.
pub type Tagged = BTreeMap<(String, TableColumn), String>;

impl State {
    fn refuse_dead<'p>(&self, mut principals: impl Iterator<Item = &'p str>) -> Result<()> {
        match principals.find(|principal| self.dead.contains(*principal)) {
            Some(dead) => Err(Error::new(Kind::Invalid, format!("Invalid principal, arn: {dead}"))),
            None => Ok(()),
        }
    }

    fn refuse_filters_not_there(&self, rights: &BTreeSet<Right>) -> Result<()> {
        let is_there = |on: &Governed| self.filters.iter().any(|filter| filter.governed() == *on);
        let mut on = rights.iter().map(|right| &right.resource);
        match on.find(|on| matches!(on, Governed::Filter { .. }) && !is_there(on)) {
            Some(absent) => Err(Error::new(Kind::NotFound, format!("{absent:?} is not there"))),
            None => Ok(()),
        }
    }

    fn refuse_strangers(&self) -> Result<()> {
        let administrators = self.settings.administrators();
        match &self.caller {
            Some(caller) if !administrators.is_empty() && !administrators.contains(&caller.as_str()) => {
                Err(Error::new(Kind::AccessDenied, format!("{caller} is no data lake administrator")))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Administration for MemoryGovernance {
    async fn settings(&self) -> Result<AccountSettings> {
        let mut state = locked(&self.state);
        let seen = state.settings.clone();
        if let Some(overwritten) = state.after_next_look.take() {
            state.settings = overwritten;
        }
        Ok(seen)
    }

    async fn replace(&self, settings: &AccountSettings) -> Result<()> {
        self.change(|state| {
            state.refuse_strangers()?;
            state.refuse_dead(settings.administrators().into_iter())?;
            state.settings = settings.clone();
            state.after_next_look = state.after_next_write.take();
            Ok(())
        })
    }
}

#[async_trait]
impl Locations for MemoryGovernance {
    async fn role_of(&self, location: &str) -> Result<Option<String>> {
        Ok(locked(&self.state).locations.get(location).cloned())
    }

    async fn register(&self, location: &str, role: &str) -> Result<()> {
        self.change(|state| {
            state.refuse_dead([role].into_iter())?;
            if state.locations.contains_key(location) {
                return Err(Error::new(Kind::Conflict, format!("{location} is registered already")));
            }
            state.locations.insert(location.into(), role.into());
            Ok(())
        })
    }

    async fn deregister(&self, location: &str) -> Result<()> {
        self.change(|state| match state.locations.remove(location) {
            Some(_) => Ok(()),
            None => Err(Error::new(Kind::NotFound, format!("{location} is not registered"))),
        })
    }
}

#[async_trait]
impl Rights for MemoryGovernance {
    async fn granted(&self) -> Result<BTreeSet<Right>> {
        let mut state = locked(&self.state);
        if state.outdated_listings > 0 {
            state.outdated_listings -= 1;
            return Ok(state.outdated.clone());
        }
        // As a listing by kinds of resources may do: rights on filters are asked for by the filter.
        let listed = state.rights.iter().filter(|right| !matches!(right.resource, Governed::Filter { .. }));
        Ok(listed.cloned().collect())
    }

    async fn granted_on(&self, filter: &CellsFilter) -> Result<BTreeSet<Right>> {
        let state = locked(&self.state);
        let on_it = state.rights.iter().filter(|right| right.resource == filter.governed());
        Ok(on_it.cloned().collect())
    }

    async fn grant(&self, rights: &BTreeSet<Right>) -> Result<()> {
        self.change(|state| {
            state.refuse_dead(rights.iter().map(|right| right.principal.as_str()))?;
            state.refuse_filters_not_there(rights)?;
            state.rights.extend(rights.iter().cloned());
            Ok(())
        })
    }

    async fn revoke(&self, rights: &BTreeSet<Right>) -> Result<()> {
        self.change(|state| {
            state.rights.retain(|right| !rights.contains(right));
            Ok(())
        })
    }
}

#[async_trait]
impl Tags for MemoryGovernance {
    async fn values(&self, key: &str) -> Result<Option<BTreeSet<String>>> {
        Ok(locked(&self.state).keys.get(key).cloned())
    }

    async fn create_key(&self, key: &str, values: &BTreeSet<String>) -> Result<()> {
        self.change(|state| match state.keys.contains_key(key) {
            true => Err(Error::new(Kind::Invalid, format!("Tag key {key} already exists"))),
            false => {
                state.keys.insert(key.into(), values.clone());
                Ok(())
            }
        })
    }

    async fn add_values(&self, key: &str, values: &BTreeSet<String>) -> Result<()> {
        self.change(|state| {
            state.key(key)?.extend(values.iter().cloned());
            Ok(())
        })
    }

    async fn remove_values(&self, key: &str, values: &BTreeSet<String>) -> Result<()> {
        self.change(|state| {
            let mut used = state.tagged.iter().filter(|((of, _), _)| of == key);
            if used.any(|(_, value)| values.contains(value)) {
                return Err(Error::new(Kind::Invalid, "Update not allowed: a value is in use"));
            }
            state.key(key)?.retain(|value| !values.contains(value));
            Ok(())
        })
    }

    async fn delete_key(&self, key: &str) -> Result<()> {
        self.change(|state| {
            state.key(key)?;
            state.keys.remove(key);
            state.tagged.retain(|(of, _), _| of != key);
            Ok(())
        })
    }

    async fn assigned(
        &self,
        key: &str,
        columns: &BTreeSet<TableColumn>,
    ) -> Result<BTreeMap<TableColumn, String>> {
        let state = locked(&self.state);
        let value = |column: &TableColumn| state.tagged.get(&(key.to_owned(), column.clone())).cloned();
        Ok(columns.iter().filter_map(|column| Some((column.clone(), value(column)?))).collect())
    }

    async fn assign(&self, key: &str, value: &str, columns: &BTreeSet<TableColumn>) -> Result<()> {
        self.change(|state| {
            if !state.key(key)?.contains(value) {
                return Err(Error::new(Kind::NotFound, format!("{key} has no value {value}")));
            }
            let each = columns.iter().map(|column| ((key.to_owned(), column.clone()), value.to_owned()));
            state.tagged.extend(each);
            Ok(())
        })
    }

    async fn unassign(&self, key: &str, value: &str, columns: &BTreeSet<TableColumn>) -> Result<()> {
        self.change(|state| {
            state.tagged.retain(|(of, column), has| of != key || !columns.contains(column) || has != value);
            Ok(())
        })
    }
}

impl State {
    fn key(&mut self, key: &str) -> Result<&mut BTreeSet<String>> {
        self.keys.get_mut(key).ok_or_else(|| Error::new(Kind::NotFound, format!("there is no tag {key}")))
    }
}

#[async_trait]
impl Filters for MemoryGovernance {
    async fn found(&self, filter: &CellsFilter) -> Result<Option<CellsFilter>> {
        let state = locked(&self.state);
        Ok(state.filters.iter().find(|other| other.governed() == filter.governed()).cloned())
    }

    async fn create(&self, filter: &CellsFilter) -> Result<()> {
        self.change(|state| match state.filter(filter) {
            Ok(_) => Err(Error::new(Kind::Conflict, format!("the filter {} is there already", filter.name))),
            Err(_) => {
                state.filters.push(filter.clone());
                Ok(())
            }
        })
    }

    async fn replace(&self, filter: &CellsFilter) -> Result<()> {
        self.change(|state| {
            *state.filter(filter)? = filter.clone();
            Ok(())
        })
    }

    async fn delete(&self, filter: &CellsFilter) -> Result<()> {
        self.change(|state| {
            state.filter(filter)?;
            if state.rights.iter().any(|right| right.resource == filter.governed()) {
                return Err(Error::new(
                    Kind::Invalid,
                    format!("there are rights on the filter {}", filter.name),
                ));
            }
            state.filters.retain(|other| other.governed() != filter.governed());
            Ok(())
        })
    }
}

impl State {
    fn filter(&mut self, filter: &CellsFilter) -> Result<&mut CellsFilter> {
        let mut filters = self.filters.iter_mut();
        let found = filters.find(|other| other.governed() == filter.governed());
        found.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no filter {}", filter.name)))
    }
}
