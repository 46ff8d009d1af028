//! What makes the models of a run, as the jobs of `tarn-core` know it.

use std::time::Duration;

use async_trait::async_trait;
use tarn_core::ports::{Build, Builder, Built as Made};
use tarn_core::{Error, Kind, Result};

use crate::build::{Built, FailedTest, Job, Places, Ports, build};
use crate::session::Settings;

/// Runs models by DataFusion.
#[derive(Clone)]
pub struct Engine {
    /// What gold needs from the world.
    pub ports: Ports,
    /// Where the data are.
    pub places: Places,
    /// Memory, threads, and where to spill.
    pub settings: Settings,
}

/// What is left of a worker's time for saying that it was not enough.
const LAST_WORDS: Duration = Duration::from_secs(5);

#[async_trait]
impl Builder for Engine {
    /// A model that its worker has no time for fails, instead of dying with it: whoever reads the report
    /// learns why. It is not tried again, since it would take as long.
    async fn build(&self, asked: &Build<'_>) -> Result<Made> {
        let job = Job {
            tables: &asked.lake.tables,
            model: asked.model,
            renamed: asked.model.renamed.clone(),
            rebuild: false,
            settings: self.settings.clone(),
        };
        let left = asked.deadline_millis.saturating_sub(self.ports.clock.now_millis());
        let left = Duration::from_millis(left.try_into().unwrap_or_default()).saturating_sub(LAST_WORDS);
        let name = &asked.model.name;
        match tokio::time::timeout(left, build(&job, &self.ports, &self.places)).await {
            Err(_) => Err(Error::new(Kind::Invalid, format!("{name} takes longer than its worker has"))),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(Built::Unchanged { .. })) => Ok(Made::Unchanged),
            Ok(Ok(Built::Published(published))) => Ok(Made::Anew { rows: published.rows }),
            Ok(Ok(Built::Failed(tests))) => Err(Error::new(Kind::Invalid, told(name.as_str(), &tests))),
        }
    }
}

/// Counts, and no value of any row.
fn told(name: &str, tests: &[FailedTest]) -> String {
    let rows = |count: u64| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    let test = |test: &FailedTest| format!("the test `{}` fails for {}", test.test, rows(test.rows));
    let tests: Vec<String> = tests.iter().map(test).collect();
    format!("{name} is not published: {}", tests.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_told_by_name_and_count() {
        let failed = |test: &str, rows| FailedTest { test: test.into(), rows };
        let told = told("days", &[failed("unique (day)", 1), failed("sql 1", 7)]);
        let wanted = "days is not published: the test `unique (day)` fails for 1 row, the test `sql 1` fails for 7 rows";
        assert_eq!(told, wanted);
    }
}
