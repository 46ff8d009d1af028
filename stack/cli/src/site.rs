//! A lake that stands somewhere, as the commands that look at files use it: in an account or in a
//! folder, it is a store, a ledger and the lake by which the next run works.

use std::path::Path;

use tarn_aws::{DynamoLedger, S3};
use tarn_core::Kind;
use tarn_core::ports::{Ledger, ObjectStore};
use tarn_lake::{Lake, Names};
use tarn_local::{Home, Lock};

use crate::account::Account;
use crate::arguments::{Common, Site};
use crate::commands::{deployed_lake, folder, not_deployed};
use crate::failure::Failure;
use crate::project::Project;

/// What a command asks and changes.
pub struct Standing {
    /// How the lake's resources are called.
    pub names: Names,
    /// The lake by which the next run works.
    pub lake: Lake,
    /// Its buckets.
    pub store: Box<dyn ObjectStore>,
    /// What became of every source.
    pub ledger: Box<dyn Ledger>,
    /// Who we are, for the ledger's history.
    pub by: String,
    /// In a folder that is changed: the right to.
    _lock: Option<Lock>,
}

impl Standing {
    /// For a command that only looks; in a folder nobody is waited for.
    pub async fn look(common: &Common, site: &Site) -> Result<Self, Failure> {
        match &site.dir {
            None => Self::in_account(common, site).await,
            Some(dir) => {
                let project = Project::load(common)?;
                let home = home(dir, &project.lake)?;
                let (store, ledger) = home.look_into().map_err(folder::failure)?;
                Ok(Self::in_folder(&home, project.lake, Box::new(store), Box::new(ledger), None))
            }
        }
    }

    /// For a command that changes the ledger; in a folder whoever works there is waited for.
    pub async fn change(common: &Common, site: &Site, doing: &str) -> Result<Self, Failure> {
        match &site.dir {
            None => Self::in_account(common, site).await,
            Some(dir) => {
                let project = Project::load(common)?;
                let home = home(dir, &project.lake)?;
                let lock = folder::lock(&home, doing).await?;
                let ports = home.open(&lock).map_err(folder::failure)?;
                let (store, ledger) = (Box::new(ports.store), Box::new(ports.ledger));
                Ok(Self::in_folder(&home, project.lake, store, ledger, Some(lock)))
            }
        }
    }

    async fn in_account(common: &Common, site: &Site) -> Result<Self, Failure> {
        let project = Project::load(common)?;
        let account = Account::of(site.place, &project.folder, &project.lake).await?;
        let store = S3::new(&account.config);
        let lake = deployed_lake(&store, &account).await?;
        let lake = lake.ok_or_else(|| not_deployed(&project.lake))?;
        let ledger = DynamoLedger::new(&account.config, account.names.ledger());
        let (names, by) = (account.names, account.who.caller);
        Ok(Self { names, lake, store: Box::new(store), ledger: Box::new(ledger), by, _lock: None })
    }

    fn in_folder(
        home: &Home,
        lake: Lake,
        store: Box<dyn ObjectStore>,
        ledger: Box<dyn Ledger>,
        lock: Option<Lock>,
    ) -> Self {
        let by = std::env::var("USER").unwrap_or_else(|_| "somebody on this machine".into());
        Self { names: home.names().clone(), lake, store, ledger, by, _lock: lock }
    }
}

/// The folder of a lake that was run there.
pub fn home(dir: &Path, lake: &Lake) -> Result<Home, Failure> {
    let dir = std::path::absolute(dir)
        .map_err(|error| Failure::bad_input(format!("{} cannot be found: {error}", dir.display())))?;
    Home::there(&dir, lake).map_err(|error| match error.kind() {
        Kind::Invalid | Kind::NotFound => Failure::bad_input(error.chain()),
        _ => folder::failure(error),
    })
}
