//! The account a command acts on: AWS, or the local cloud of the project.

use std::path::{Path, PathBuf};

use tarn_cloud::{Access, SdkConfig};
use tarn_deploy::Who;
use tarn_lake::{Environment, Lake, Names};
use tarn_local_cloud::{LocalCloud, Running};

use crate::arguments::{Common, Place};
use crate::failure::Failure;
use crate::project;

/// An account with the lake's names in it.
pub struct Account {
    /// Credentials, region, endpoints.
    pub config: SdkConfig,
    /// The names of the lake's resources there.
    pub names: Names,
    /// Who we are, for others.
    pub who: Who,
}

impl Account {
    /// Finds the account and asks who we are there. It must be the one that the environment names.
    pub async fn of(place: Place, folder: &Path, lake: &Lake) -> Result<Self, Failure> {
        let account = Self::of_whatever_place(place, folder, lake).await?;
        if !place.local {
            refuse_another_account(lake, account.names.account())?;
        }
        Ok(account)
    }

    /// The same, whichever account it is.
    pub async fn of_whatever_place(place: Place, folder: &Path, lake: &Lake) -> Result<Self, Failure> {
        let aws = || Access::Aws { region: lake.environment.deployment.region.clone() };
        let access = if place.local { local_access(folder)? } else { aws() };
        let config = tarn_cloud::connect(&access).await;
        let identity = tarn_cloud::identity(&config).await?;
        let who = Who { caller: identity.arn, machine: machine(), process: std::process::id() };
        let names =
            Names::new(lake.name.clone(), lake.environment.name.clone(), identity.account, identity.region);
        Ok(Self { config, names, who })
    }
}

/// How Lake Formation is reached: on the local cloud by an emulator of its own.
pub async fn lake_formation(config: &SdkConfig, place: Place, folder: &Path) -> Result<SdkConfig, Failure> {
    if !place.local {
        return Ok(config.clone());
    }
    let endpoint = running(folder)?.moto.url;
    Ok(tarn_cloud::connect(&Access::LocalCloud { endpoint }).await)
}

/// An environment that names its account is touched in no other.
fn refuse_another_account(lake: &Lake, here: &str) -> Result<(), Failure> {
    let Environment { name, deployment, .. } = &lake.environment;
    let Some(wanted) = deployment.account.as_ref().filter(|wanted| *wanted != here) else {
        return Ok(());
    };
    Err(Failure::bad_input(format!(
        "`{name}` belongs to the account {wanted}, and these credentials to {here}"
    ))
    .hint("take credentials of that account, or another --env; nothing was done"))
}

/// Whether a process was one of this machine and is gone. Of another machine's nothing is known.
pub fn is_dead(who: &Who) -> bool {
    who.machine == machine()
        && Path::new("/proc/self").exists()
        && !Path::new(&format!("/proc/{}", who.process)).exists()
}

fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "an unknown machine".into() } else { name.trim().to_owned() }
}

/// How a place is reached, with credentials that are known to be there.
pub async fn config(common: &Common, place: Place) -> Result<SdkConfig, Failure> {
    let access =
        if place.local { local_access(&project::folder(common)?)? } else { Access::Aws { region: None } };
    let config = tarn_cloud::connect(&access).await;
    tarn_cloud::identity(&config).await?;
    Ok(config)
}

/// The project's local cloud, running or not.
pub fn local_cloud(folder: &Path) -> Result<LocalCloud, Failure> {
    Ok(LocalCloud::at(folder, &cache_folder()?))
}

fn local_access(folder: &Path) -> Result<Access, Failure> {
    Ok(Access::LocalCloud { endpoint: running(folder)?.ministack.url })
}

fn running(folder: &Path) -> Result<Running, Failure> {
    let running = local_cloud(folder)?.running().map_err(|error| Failure::failed(error.to_string()))?;
    running.ok_or_else(|| {
        Failure::failed("the local cloud of this project is not running").hint("start it: tarn local start")
    })
}

/// Where what projects can share is kept: `TARN_CACHE_DIR`, else the user's cache folder.
fn cache_folder() -> Result<PathBuf, Failure> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("TARN_CACHE_DIR")
        .or_else(|| Some(from("XDG_CACHE_HOME")?.join("tarn")))
        .or_else(|| Some(from("HOME")?.join(".cache/tarn")))
        .ok_or_else(|| Failure::bad_input("no folder for caches: set TARN_CACHE_DIR or HOME"))
}

#[cfg(test)]
mod tests {
    use tarn_lake::{EnvironmentName, LakeName};

    use super::*;

    #[test]
    fn an_environment_that_names_its_account_is_touched_in_no_other() {
        let environment = Environment::throwaway(EnvironmentName::new("dev").unwrap());
        let mut lake = Lake::named(LakeName::new("shop").unwrap(), environment);
        assert!(refuse_another_account(&lake, "123456789012").is_ok());
        lake.environment.deployment.account = Some("123456789012".into());
        assert!(refuse_another_account(&lake, "123456789012").is_ok());
        let refused = refuse_another_account(&lake, "210987654321").unwrap_err();
        assert_eq!(
            refused.message,
            "`dev` belongs to the account 123456789012, and these credentials to 210987654321"
        );
    }

    #[test]
    fn a_process_is_dead_when_it_was_here_and_is_gone() {
        let here = |process| Who { caller: "ana".into(), machine: machine(), process };
        assert!(!is_dead(&here(std::process::id())));
        assert!(is_dead(&here(u32::MAX)));
        assert!(!is_dead(&Who { machine: "elsewhere".into(), ..here(u32::MAX) }));
    }
}
