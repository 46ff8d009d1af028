//! One table of a zone: copy, register, delete what is gone, note.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use tarn_lake::{Bucket, Database, Schedule, Treatment, View, Zone, ZoneTable};

use super::compare::{Changes, Guard, compare};
use super::copies::{Brought, Copier};
use super::manifest::{self, Entry, Manifest, Notes};
use super::present::Present;
use super::rule::Rule;
use super::{RESERVE_MILLIS, SyncZone, Synced, taken};
use crate::jobs::commit;
use crate::ports::{CatalogTable, Created, Object, Projection};
use crate::{Error, Kind, Result};

/// Copies under way at once. Server-side copies wait on S3, not on this process.
const COPIES_AT_ONCE: usize = 64;
/// Files that are written anew at once; each takes memory for a row group or two.
const REWRITES_AT_ONCE: usize = 4;
/// How long a mark of change is believed without a look.
const BELIEVED_MILLIS: i64 = 24 * 3_600_000;

/// A table of a zone.
pub(super) struct TableSync<'s> {
    pub job: &'s SyncZone<'s>,
    pub zone: &'s Zone,
    pub part: &'s ZoneTable,
    /// By which days, weeks and months begin.
    pub schedule: &'s Schedule,
    pub view: View<'s>,
    pub notes: &'s Notes,
    /// The table's mark of change, if it has one.
    pub mark: Option<&'s String>,
    pub deadline_millis: i64,
}

impl TableSync<'_> {
    /// Brings the table up to date, if it is due.
    pub async fn run(&self, present: &mut Present, synced: &mut Synced) -> Result<()> {
        let noted = self.notes.load(self.job, self.name()).await?;
        let is_noted = noted.is_some();
        let known = Manifest { gone: false, ..noted.unwrap_or_default() };
        let rule = self.rule(&known).await?;
        let now = self.job.clock.now_millis();
        if known.settled_rule == rule.fingerprint
            && !self.part.frequency.is_due(self.schedule, known.synced_millis, now)
        {
            synced.unchanged += known.objects.len() as u64;
            return Ok(());
        }
        // A zone that went and came again has neither its catalog nor its objects, and the notes of before.
        if self.is_as_noted(&known, &rule, now) && self.register(&known).await? != commit::CREATED {
            synced.unchanged += known.objects.len() as u64;
            return self.turn_is_over(known, now).await;
        }
        let present = present.take(self.job, self.name()).await?;
        let is_first = !is_noted && present.is_empty();
        let originals = self.job.store.list(&self.job.silver(), &self.prefix()).await?;
        let mut notes = self.begun(&known, &rule, is_first);
        let same_rule = known.rule == rule.fingerprint;
        let noted = if same_rule { known.objects.clone() } else { BTreeMap::new() };
        let changes = compare(&originals, &present, &noted);

        notes.objects = kept(&changes, noted);
        let written = self.copy(&rule, &changes, &present, &mut notes, synced).await?;
        self.check(&rule, &written).await?;
        let registered = self.register(&notes).await.map(|_| ());
        let refused = self.delete(&changes, originals.len(), &present, &known, &mut notes, synced).await;
        self.tell(&known, &notes, synced);
        let mut has_news = notes != known;
        if registered.is_ok() && refused.is_ok() {
            notes.synced_millis = now;
            notes.mark = self.mark.cloned();
            notes.looked_millis = self.mark.map_or(0, |_| now);
            has_news |= self.mark.is_some();
        }
        // Where every run is due anyway, the time of a pass that found nothing is not worth a write.
        if has_news || !self.part.frequency.is_on_arrival() {
            manifest::save(self.job, self.name(), &notes).await?;
        }
        registered.and(refused)
    }

    /// Whether nothing has changed since all was brought up to date, by the table's mark. A change that
    /// is not the lake's own has none, so the mark is believed for a day.
    fn is_as_noted(&self, known: &Manifest, rule: &Rule, now_millis: i64) -> bool {
        let is_settled = known.rule == rule.fingerprint && known.settled_rule == rule.fingerprint;
        let is_marked = known.mark.is_some() && known.mark.as_ref() == self.mark;
        let is_fresh = (0..BELIEVED_MILLIS).contains(&(now_millis - known.looked_millis));
        is_settled && is_marked && is_fresh && known.folders == self.folders()
    }

    fn folders(&self) -> Vec<String> {
        self.view.table.placement.partition_by.iter().map(ToString::to_string).collect()
    }

    fn name(&self) -> &str {
        self.view.table.name.as_str()
    }

    fn prefix(&self) -> String {
        format!("{}/", self.name())
    }

    /// The rule of today. A column that was once kept from the zone and is in no layout any more is in
    /// older files still, so the zone has whole files only if there is none.
    async fn rule(&self, known: &Manifest) -> Result<Rule> {
        let ever: BTreeSet<&str> = self.view.columns.keys().map(|name| name.as_str()).collect();
        let forgotten = known.hidden.iter().any(|name| !ever.contains(name.as_str()));
        if self.view.is_whole() && !forgotten {
            return Ok(Rule::whole());
        }
        let hashes = self.view.columns.values().any(|treatment| *treatment == Treatment::Hashed);
        let key = if hashes { Some(self.key().await?) } else { None };
        let nothing = || {
            let what = format!("zone {} may see no column of the table {}", self.zone.name, self.name());
            Error::new(Kind::Invalid, what)
        };
        Rule::part(Projection::of(&self.view, key).ok_or_else(nothing)?)
    }

    /// The zone's own key for hashes, made by the first who needs it. Two zones cannot compare theirs.
    async fn key(&self) -> Result<Vec<u8>> {
        let (ops, key) = (self.job.ops(), format!("{}hash.key", manifest::prefix(self.job)));
        if self.notes.has(&key) {
            return Ok(self.job.store.read(&ops, &key).await?.to_vec());
        }
        let fresh = self.job.projector.fresh_key()?;
        match self.job.store.create(&ops, &key, fresh.clone().into(), "").await? {
            Created::New => Ok(fresh),
            Created::AlreadyThere => Ok(self.job.store.read(&ops, &key).await?.to_vec()),
        }
    }

    /// Notes of what is being done, with nothing done yet.
    fn begun(&self, known: &Manifest, rule: &Rule, is_first: bool) -> Manifest {
        let hidden = self.view.columns.iter().filter(|(_, treatment)| **treatment != Treatment::Clear);
        let hidden = hidden.map(|(name, _)| name.to_string());
        let settled = is_first || (known.rule.is_empty() && rule.projection.is_none());
        Manifest {
            rule: rule.fingerprint.clone(),
            settled_rule: if settled { rule.fingerprint.clone() } else { known.settled_rule.clone() },
            folders: self.folders(),
            columns: self.view.shown().map(|(column, ..)| column.name.to_string()).collect(),
            hidden: known.hidden.iter().cloned().chain(hidden).collect(),
            synced_millis: known.synced_millis,
            mark: None,
            looked_millis: 0,
            gone: false,
            objects: BTreeMap::new(),
        }
    }

    /// Copies what must be; gives the keys that were written. What fails or is late leaves notes of
    /// what was done.
    async fn copy(
        &self,
        rule: &Rule,
        changes: &Changes<'_>,
        present: &[Object],
        notes: &mut Manifest,
        synced: &mut Synced,
    ) -> Result<Vec<String>> {
        let folders = &self.view.table.placement.partition_by;
        let projection = rule.projection.as_ref();
        let copier = Copier { job: self.job, projection, rule: &rule.fingerprint, folders };
        let there: BTreeMap<&str, &Object> =
            present.iter().map(|object| (object.key.as_str(), object)).collect();
        let unsure = changes.unsure.iter().map(|object| (*object, there.get(object.key.as_str()).copied()));
        let all: Vec<_> = unsure.chain(changes.missing.iter().map(|object| (*object, None))).collect();
        synced.unchanged += changes.unchanged.len() as u64;
        let at_once = if projection.is_some() { REWRITES_AT_ONCE } else { COPIES_AT_ONCE };
        let bring = |(original, there)| self.bring(&copier, original, there);
        let mut results = stream::iter(all.into_iter().map(bring)).buffer_unordered(at_once);

        let (mut written, mut failure) = (Vec::new(), None);
        while let Some((original, brought)) = results.next().await {
            match brought {
                Ok(Brought { entry, written: is_written }) => {
                    let size_bytes = entry.as_ref().map_or(0, |entry| entry.size_bytes);
                    synced.unchanged += u64::from(!is_written && entry.is_some());
                    notes.objects.extend(entry.map(|entry| (original.key.clone(), entry)));
                    if is_written {
                        synced.copied += 1;
                        synced.bytes += size_bytes;
                        written.push(original.key.clone());
                    }
                }
                Err(error) => failure = Some(failure.unwrap_or(error)),
            }
        }
        match failure {
            None => Ok(written),
            Some(error) => {
                self.check(rule, &written).await?;
                manifest::save(self.job, self.name(), notes).await?;
                Err(error)
            }
        }
    }

    async fn bring<'o>(
        &self,
        copier: &Copier<'_>,
        original: &'o Object,
        there: Option<&Object>,
    ) -> (&'o Object, Result<Brought>) {
        if self.job.clock.now_millis() + RESERVE_MILLIS > self.deadline_millis {
            let what =
                format!("zone {} is not up to date yet; the state machine tries again", self.zone.name);
            return (original, Err(Error::new(Kind::OutOfTime, what)));
        }
        (original, copier.bring(original, there).await)
    }

    /// Looks at what was written, as it lies in the zone. What must not be there is deleted.
    async fn check<'s>(&self, rule: &'s Rule, written: &'s [String]) -> Result<()> {
        let Some(projection) = &rule.projection else { return Ok(()) };
        let folders = &self.view.table.placement.partition_by;
        let copier =
            &Copier { job: self.job, projection: Some(projection), rule: &rule.fingerprint, folders };
        let look = |key: &'s String| async move { (key, copier.look(key, projection).await) };
        let looks: Vec<_> = written.iter().map(look).collect();
        let mut looked = stream::iter(looks).buffer_unordered(COPIES_AT_ONCE);
        let (mut wrong, mut failure) = (BTreeSet::new(), None);
        while let Some((key, result)) = looked.next().await {
            if let Err(error) = result {
                wrong.insert(key.as_str());
                failure = Some(error);
            }
        }
        match failure {
            None => Ok(()),
            Some(error) => {
                taken::versions(self.job, &self.prefix(), |key, _| wrong.contains(key)).await?;
                Err(error)
            }
        }
    }

    /// Notes that a table which is not taken by every run had its turn.
    async fn turn_is_over(&self, known: Manifest, now_millis: i64) -> Result<()> {
        if self.part.frequency.is_on_arrival() {
            return Ok(());
        }
        manifest::save(self.job, self.name(), &Manifest { synced_millis: now_millis, ..known }).await
    }

    /// Makes the catalog have the table, with what the zone sees of it; says whether it had.
    async fn register(&self, notes: &Manifest) -> Result<&'static str> {
        let wanted = self.catalog_table();
        let done = commit::register(self.job.catalog, &wanted).await?;
        let keys =
            notes.objects.iter().filter(|(_, entry)| entry.size_bytes > 0).map(|(key, _)| key.as_str());
        commit::register_folders(self.job.catalog, keys, self.view.table, &wanted, done).await?;
        Ok(done)
    }

    fn catalog_table(&self) -> CatalogTable {
        let (database, bucket) =
            (Database::Zone(self.zone.name.clone()), Bucket::Zone(self.zone.name.clone()));
        let whole = commit::catalog_table(self.job.names, self.view.table, &database, &bucket);
        let shown: BTreeMap<&str, String> =
            self.view.shown().map(|(column, _, kind)| (column.name.as_str(), kind.glue())).collect();
        let seen = |(name, _): (String, String)| Some((name.clone(), shown.get(name.as_str())?.clone()));
        CatalogTable { columns: whole.columns.into_iter().filter_map(seen).collect(), ..whole }
    }

    /// Deletes what is gone, and under another rule than before every version that was made by it.
    async fn delete(
        &self,
        changes: &Changes<'_>,
        originals: usize,
        present: &[Object],
        known: &Manifest,
        notes: &mut Manifest,
        synced: &mut Synced,
    ) -> Result<()> {
        let other_rule = notes.settled_rule != notes.rule;
        let guard = Guard {
            zone: self.zone.name.as_str(),
            table: self.name(),
            originals,
            present: present.len(),
            gone: changes.gone.len(),
            max_deletions: self.zone.max_deletions,
            explained: !known.rule.is_empty() && (other_rule || known.folders != notes.folders),
        };
        let allowed = guard.check();
        let size = |key: &str| notes.objects.get(key).map(|entry| entry.size_bytes);
        let mut goes: BTreeSet<&str> =
            present.iter().map(|object| object.key.as_str()).filter(|key| size(key) == Some(0)).collect();
        let gone: BTreeSet<&str> = changes.gone.iter().map(|object| object.key.as_str()).collect();
        if allowed.is_ok() {
            goes.extend(&gone);
        }
        if !goes.is_empty() || other_rule {
            let is_kept = |key: &str, newest: bool| match size(key) {
                Some(0) => false,
                Some(_) => newest,
                None => gone.contains(key) && allowed.is_err(),
            };
            let is_old =
                |key: &str, newest: bool| goes.contains(key) || (other_rule && !is_kept(key, newest));
            taken::versions(self.job, &self.prefix(), is_old).await?;
            synced.deleted += goes.len() as u64;
            self.forget_folders(notes).await?;
        }
        allowed?;
        notes.settled_rule = notes.rule.clone();
        Ok(())
    }

    /// Takes folders without objects out of the catalog.
    async fn forget_folders(&self, notes: &Manifest) -> Result<()> {
        if self.view.table.placement.partition_by.is_empty() {
            return Ok(());
        }
        let wanted = self.catalog_table();
        let keys =
            notes.objects.iter().filter(|(_, entry)| entry.size_bytes > 0).map(|(key, _)| key.as_str());
        let there = commit::folders(keys, self.view.table, &wanted);
        let there: BTreeSet<Vec<String>> = there.into_iter().map(|folder| folder.values).collect();
        let known = self.job.catalog.partitions(&wanted.database, &wanted.name).await?;
        let gone: Vec<Vec<String>> = known.difference(&there).cloned().collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.job.catalog.remove_partitions(&wanted.database, &wanted.name, &gone).await
    }

    /// Says what the zone saw before and does not see any more.
    fn tell(&self, known: &Manifest, notes: &Manifest, synced: &mut Synced) {
        if known.rule.is_empty() || known.rule == notes.rule {
            return;
        }
        let lost: Vec<&str> = known.columns.difference(&notes.columns).map(String::as_str).collect();
        let table = self.name();
        let what = match lost.as_slice() {
            [] => format!("the table {table} was made anew, since the zone may see another part of it"),
            lost => format!("the table {table} lost the columns {}", lost.join(", ")),
        };
        synced.taken.push(what);
    }
}

/// The notes on what needs no work.
fn kept(changes: &Changes, mut noted: BTreeMap<String, Entry>) -> BTreeMap<String, Entry> {
    let unchanged: BTreeSet<&str> = changes.unchanged.iter().map(|object| object.key.as_str()).collect();
    noted.retain(|key, _| unchanged.contains(key.as_str()));
    noted
}
