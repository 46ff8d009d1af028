//! What makes the models of a run, as the jobs of `tarn-core` know it.

use std::time::Duration;

use async_trait::async_trait;
use tarn_core::ports::{Build, Builder, Built as Made, Keeper, Kept};
use tarn_core::{Error, Kind, Result};
use tarn_lake::{Engine as Runs, Model};

use crate::build::{Athena, Built, By, FailedTest, Job, Outside, Places, Ports, Spark, build};
use crate::maintain::{Rules, maintain};
use crate::session::Settings;

/// Runs models by DataFusion, and by Athena or Spark those that say so.
#[derive(Clone)]
pub struct Engine {
    /// What gold needs from the world.
    pub ports: Ports,
    /// Where the data are.
    pub places: Places,
    /// Memory, threads, and where to spill.
    pub settings: Settings,
    /// What runs the models that say `engine = "athena"`. A folder has none, and DataFusion runs them too.
    pub athena: Option<Athena>,
    /// What runs those that say `engine = "spark"`.
    pub spark: Option<Spark>,
}

/// What a worker keeps of its time for reading rows from outside, testing and publishing them. With less left than
/// that, another one does it.
const PUBLISHING_MILLIS: i64 = 300_000;

/// How long a worker waits for Spark, which takes a minute to begin. It costs as much as one that works, and the
/// state machine waits for nothing: it calls another worker.
const WAITS_FOR_SPARK_MILLIS: i64 = 20_000;

/// What is left of a worker's time for saying that it was not enough.
const LAST_WORDS: Duration = Duration::from_secs(5);

#[async_trait]
impl Builder for Engine {
    /// A model that its worker has no time for fails, instead of dying with it: whoever reads the report
    /// learns why. Where its worker runs it, it is not tried again, since it would take as long.
    async fn build(&self, asked: &Build<'_>) -> Result<Made> {
        let job = Job {
            tables: &asked.lake.tables,
            model: asked.model,
            renamed: asked.model.renamed.clone(),
            rebuild: false,
            outside: self.outside(asked),
            settings: self.settings.clone(),
        };
        let name = &asked.model.name;
        let left = self.left_until(asked.deadline_millis);
        match tokio::time::timeout(left, build(&job, &self.ports, &self.places)).await {
            Err(_) => Err(Error::new(late(&job), format!("{name} takes longer than its worker has"))),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(Built::Unchanged { .. })) => Ok(Made::Unchanged),
            Ok(Ok(Built::Published(published))) => {
                Ok(Made::Anew { rows: published.rows, changed_inputs: published.changed_inputs as u64 })
            }
            Ok(Ok(Built::Failed(tests))) => Err(Error::new(Kind::Invalid, told(name.as_str(), &tests))),
        }
    }
}

#[async_trait]
impl Keeper for Engine {
    async fn keep(&self, model: &Model, removes: bool, deadline_millis: i64) -> Result<Kept> {
        let rules = Rules { delete: removes, ..Rules::default() };
        let left = self.left_until(deadline_millis);
        let kept = maintain(&self.ports, &self.places, model, &rules, &self.settings);
        let done = tokio::time::timeout(left, kept).await;
        let done = done.map_err(|_| Error::new(Kind::Invalid, "it takes longer than its worker has"))??;
        Ok(Kept {
            compacted: done.compacted as u64,
            into: done.into as u64,
            snapshots: done.expired as u64,
            files: done.orphans as u64,
            bytes: done.orphan_bytes,
            overtaken: done.overtaken,
        })
    }
}

impl Engine {
    fn outside<'a>(&'a self, asked: &'a Build<'_>) -> Option<Outside<'a>> {
        let by = match asked.model.engine {
            Runs::DataFusion => None,
            Runs::Athena => self.athena.as_ref().map(By::Athena),
            Runs::Spark => self.spark.as_ref().map(By::Spark),
        }?;
        let until = asked.deadline_millis - PUBLISHING_MILLIS;
        let waits_until_millis = match by {
            By::Athena(_) => until,
            By::Spark(_) => until.min(self.ports.clock.now_millis() + WAITS_FOR_SPARK_MILLIS),
        };
        Some(Outside { by, run: asked.run.as_str(), waits_until_millis })
    }

    /// The time until a deadline, but for the last words.
    fn left_until(&self, deadline_millis: i64) -> Duration {
        let left = deadline_millis.saturating_sub(self.ports.clock.now_millis());
        Duration::from_millis(left.try_into().unwrap_or_default()).saturating_sub(LAST_WORDS)
    }
}

/// Of rows that an engine outside has made the next worker has all of its time to publish them.
fn late(job: &Job<'_>) -> Kind {
    if job.outside.is_some() { Kind::OutOfTime } else { Kind::Invalid }
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
