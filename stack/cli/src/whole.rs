//! A lake that stands somewhere with all of its ports, as backups and restorations need it.

use tarn_aws::{DynamoLedger, GlueCatalog, LakeFormation, S3};
use tarn_core::RunKeys;
use tarn_core::jobs::Governance;
use tarn_core::ports::{Ledger, ObjectStore, Registry};
use tarn_lake::{Bucket, Lake, Names};
use tarn_local::{Home, Lock, Ports};

use crate::account::{self, Account};
use crate::arguments::{Common, Site};
use crate::commands::folder;
use crate::failure::Failure;
use crate::project::Project;
use crate::site;

/// The lake.
pub struct Whole {
    /// How its resources are called.
    pub names: Names,
    /// The lake itself, in a folder; in an account the deployment says it.
    pub in_folder: Option<Lake>,
    /// Its buckets.
    pub store: Box<dyn ObjectStore>,
    /// What became of every source.
    pub ledger: Box<dyn Ledger>,
    /// Its tables.
    pub registry: Box<dyn Registry>,
    lake_formation: Option<LakeFormation>,
    /// In a folder: the right to change it.
    _lock: Option<Lock>,
}

impl Whole {
    /// The lake of an account, or of a folder in which one was run.
    pub async fn of(common: &Common, site: &Site, doing: &str) -> Result<Self, Failure> {
        let project = Project::load(common)?;
        match &site.dir {
            None => Self::in_account(&project, site).await,
            Some(dir) => Self::in_folder(&project, site::home(dir, &project.lake)?, doing, true).await,
        }
    }

    /// The same, with no part of a lake written; a folder is locked, and may be one where none was run yet.
    pub async fn to_look(common: &Common, site: &Site, doing: &str) -> Result<Self, Failure> {
        let project = Project::load(common)?;
        match &site.dir {
            None => Self::in_account(&project, site).await,
            Some(dir) => Self::in_folder(&project, folder::home(dir, &project.lake)?, doing, false).await,
        }
    }

    /// The same, and a folder is made a lake's if it is none.
    pub async fn to_restore(common: &Common, site: &Site, doing: &str) -> Result<Self, Failure> {
        let project = Project::load(common)?;
        match &site.dir {
            None => Self::in_account(&project, site).await,
            Some(dir) => Self::in_folder(&project, folder::home(dir, &project.lake)?, doing, true).await,
        }
    }

    async fn in_account(project: &Project, site: &Site) -> Result<Self, Failure> {
        let Account { config, names, .. } = Account::of(site.place, &project.folder, &project.lake).await?;
        let formation = account::lake_formation(&config, site.place, &project.folder).await?;
        Ok(Self {
            store: Box::new(S3::new(&config)),
            ledger: Box::new(DynamoLedger::new(&config, names.ledger())),
            registry: Box::new(GlueCatalog::new(&config)),
            lake_formation: Some(LakeFormation::new(&formation, names.account())),
            names,
            in_folder: None,
            _lock: None,
        })
    }

    /// All that a deployment leaves for others to read is left here, if something may be.
    async fn in_folder(project: &Project, home: Home, doing: &str, writes: bool) -> Result<Self, Failure> {
        let lock = folder::lock(&home, doing).await?;
        let Ports { names, store, ledger, catalog, .. } = home.open(&lock).map_err(folder::failure)?;
        let ops = names.bucket(&Bucket::Ops);
        let lake = serde_json::to_vec_pretty(&project.lake);
        let documents = [(RunKeys::DEPLOYED_LAKE, lake), (RunKeys::PROJECT, project.document())];
        for (key, document) in documents.into_iter().filter(|_| writes) {
            let document = document.map_err(|error| Failure::failed(format!("{key}: {error}")))?;
            store.replace(&ops, key, document.into(), "").await.map_err(folder::failure)?;
        }
        let (store, ledger, registry) = (Box::new(store), Box::new(ledger), Box::new(catalog));
        let in_folder = Some(project.lake.clone());
        Ok(Self { names, in_folder, store, ledger, registry, lake_formation: None, _lock: Some(lock) })
    }

    /// Its part of Lake Formation.
    pub fn governance(&self) -> Option<Governance<'_>> {
        self.lake_formation.as_ref().map(|account| Governance {
            administration: account,
            locations: account,
            rights: account,
            filters: account,
            tags: account,
        })
    }
}
