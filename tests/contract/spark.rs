//! The application of Spark on moto, which starts one as it is made and deletes none that is started.

use std::collections::BTreeMap;

use tarn_aws::{EmrServerless, SystemClock};
use tarn_core::jobs::KeepApplication;
use tarn_core::ports::{ApplicationState, Clock, SparkApplication, SparkApplications};
use tarn_local_cloud::Service;

use crate::cloud::Cloud;

#[tokio::test(flavor = "multi_thread")]
async fn an_application_comes_changes_and_goes() {
    let cloud = Cloud::shared();
    let applications = EmrServerless::new(&cloud.config(Service::Moto).await);
    let deadline_millis = SystemClock.now_millis() + 120_000;
    let keep = KeepApplication { applications: &applications, clock: &SystemClock, deadline_millis };
    let wanted = |release: &str| SparkApplication {
        name: "shop-dev".into(),
        release: release.into(),
        most_cpus: 64,
        most_memory_gb: 256,
        tags: BTreeMap::from([("tarn:lake".to_owned(), "shop".to_owned())]),
    };
    let other = SparkApplication { name: "shop-dev-2".into(), ..wanted("emr-7.14.0") };
    keep.ensure(&other).await.unwrap();
    keep.ensure(&wanted("emr-7.13.0")).await.unwrap();
    let found = applications.named("shop-dev").await.unwrap();
    assert_eq!((found.len(), found[0].state), (1, ApplicationState::Started));

    keep.ensure(&wanted("emr-7.14.0")).await.unwrap();
    let found = applications.named("shop-dev").await.unwrap();
    // moto leaves the release as it was; what could be changed was stopped.
    assert_eq!((found.len(), found[0].state), (1, ApplicationState::Idle));
    keep.remove("shop-dev").await.unwrap();
    keep.remove("shop-dev").await.unwrap();
    assert_eq!(applications.named("shop-dev").await.unwrap(), []);
    assert_eq!(applications.named("shop-dev-2").await.unwrap().len(), 1, "another lake's");
}
