//! What is told of a run to whom it concerns: a mail for people, and figures for whoever draws curves.
//! Both hold names and counts, and no value of any row.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tarn_lake::{Bucket, Moment, Names};

use crate::{RunId, RunKeys, RunReport, Tally};

/// A mail's subject and text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// ASCII, of at most 100 characters (source: the limits of SNS).
    pub subject: String,
    /// What a person reads.
    pub message: String,
}

/// Remarks in a mail; the report has more.
const MOST_REMARKS: usize = 20;
const LONGEST_REMARK: usize = 300;
const LONGEST_SUBJECT: usize = 100;

impl RunReport {
    /// The classes of the account, and what is in each.
    pub fn classes(&self) -> [(&'static str, Tally); 6] {
        [
            ("landed", self.landed),
            ("converted", self.converted),
            ("quarantined", self.quarantined),
            ("duplicate", self.duplicate),
            ("skipped", self.skipped),
            ("failed", self.failed),
        ]
    }

    /// The mail about a run.
    pub fn notice(&self, names: &Names) -> Notice {
        let mut subject = format!("{}: {}", names.prefix(), self.in_short());
        subject.truncate(LONGEST_SUBJECT);
        let mut lines = vec![format!("Run {} of {}: {}.", self.run, names.prefix(), self.in_short())];
        lines.push(String::new());
        lines.push(format!("began   {}", Moment(self.began_millis)));
        lines.push(format!("ended   {}, after {:.0} s", Moment(self.ended_millis), self.seconds()));
        lines.push(String::new());
        for (class, tally) in self.classes() {
            lines.push(format!("{class:<12} {:>8} files {:>16} bytes", tally.files, tally.bytes));
        }
        lines.push(format!("rows         {:>8} in silver, {} in quarantine", self.rows, self.bad_rows));
        if !self.models.is_empty() {
            let crate::ModelTally { built, unchanged, skipped, failed, .. } = self.models;
            lines.push(format!(
                "models       {built:>8} built, {unchanged} unchanged, {skipped} skipped, {failed} failed"
            ));
        }
        lines.extend(self.looks());
        lines.push(String::new());
        let report = RunId::new(self.run.as_str()).map(|run| RunKeys(&run).report()).unwrap_or_default();
        lines.push(format!("The report: s3://{}/{report}", names.bucket(&Bucket::Ops)));
        lines.push("One file's story: tarn why FILE".into());
        Notice { subject, message: lines.join("\n") }
    }

    fn in_short(&self) -> String {
        let files = |count: u64, what: &str| match count {
            1 => format!("1 file {what}"),
            count => format!("{count} files {what}"),
        };
        let amiss: Vec<String> = [
            (self.failed.files, "failed"),
            (self.quarantined.files, "quarantined"),
            (self.skipped.files, "skipped"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .chain((self.failed_steps > 0).then(|| format!("{} failed steps", self.failed_steps)))
        .collect();
        let landed = files(self.landed.files, "landed");
        match amiss.as_slice() {
            [] => format!("{landed}, all is well"),
            amiss => format!("{landed}, {}", amiss.join(", ")),
        }
    }

    fn looks(&self) -> Vec<String> {
        if self.remarks.is_empty() {
            return Vec::new();
        }
        let short = |remark: &String| -> String {
            let plain = remark.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
            plain.take(LONGEST_REMARK).collect()
        };
        let mut lines = vec![String::new(), "What needs a look:".into()];
        lines.extend(self.remarks.iter().take(MOST_REMARKS).map(|remark| format!("  {}", short(remark))));
        if let Some(more) = self.remarks.len().checked_sub(MOST_REMARKS).filter(|more| *more > 0) {
            lines.push(format!("  and {more} more in the report"));
        }
        lines
    }

    /// The figures of a run as one line of the log, in CloudWatch's embedded metric format: CloudWatch
    /// makes metrics of such a line, and whoever writes it needs no right for that.
    pub fn metrics(&self, names: &Names) -> Value {
        let files = |class: &str| format!("Files{}{}", class[..1].to_uppercase(), &class[1..]);
        let mut figures: Vec<(String, &str, f64)> =
            self.classes().iter().map(|(class, tally)| (files(class), "Count", tally.files as f64)).collect();
        for (name, unit, figure) in [
            ("FailedSteps", "Count", self.failed_steps as f64),
            ("Rows", "Count", self.rows as f64),
            ("RowsInQuarantine", "Count", self.bad_rows as f64),
            ("BytesLanded", "Bytes", self.landed.bytes as f64),
            ("BytesWritten", "Bytes", self.bytes_out as f64),
            ("Seconds", "Seconds", self.seconds()),
        ] {
            figures.push((name.to_owned(), unit, figure));
        }
        let declared: Vec<Value> =
            figures.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
        let directive = json!({
            "Timestamp": self.ended_millis,
            "CloudWatchMetrics": [{ "Namespace": "tarn", "Dimensions": [["Lake"]], "Metrics": declared }],
        });
        let mut line = Map::new();
        line.insert("_aws".into(), directive);
        line.insert("Lake".into(), names.prefix().into());
        line.insert("Run".into(), self.run.clone().into());
        line.extend(figures.into_iter().map(|(name, _, figure)| (name, figure.into())));
        Value::Object(line)
    }
}

#[cfg(test)]
mod tests {
    use tarn_lake::{EnvironmentName, LakeName};

    use super::*;

    fn names() -> Names {
        let (lake, environment) = (LakeName::new("shop").unwrap(), EnvironmentName::new("dev").unwrap());
        Names::new(lake, environment, "123456789012", "eu-west-1")
    }

    fn report() -> RunReport {
        let tally = |files| Tally { files, bytes: files * 10 };
        RunReport {
            run: "daily-1".into(),
            landed: tally(5),
            converted: tally(3),
            quarantined: tally(1),
            failed: tally(1),
            failed_steps: 1,
            rows: 9,
            bad_rows: 2,
            began_millis: 0,
            ended_millis: 61_400,
            remarks: vec!["a\nb.csv: UNMATCHED: it is broken".into(); 21],
            ..RunReport::default()
        }
    }

    #[test]
    fn a_mail_says_what_became_of_the_files_and_where_to_look() {
        let notice = report().notice(&names());
        assert_eq!(notice.subject, "shop-dev: 5 files landed, 1 failed, 1 quarantined, 1 failed steps");
        for part in [
            "Run daily-1 of shop-dev: 5 files landed",
            "began   1970-01-01T00:00:00Z",
            "ended   1970-01-01T00:01:01Z, after 61 s",
            "quarantined         1 files               10 bytes",
            "rows                9 in silver, 2 in quarantine",
            "  a b.csv: UNMATCHED: it is broken",
            "  and 1 more in the report",
            "s3://shop-dev-ops-123456789012-eu-west-1/runs/daily-1/report.json",
        ] {
            assert!(notice.message.contains(part), "{part}\n{}", notice.message);
        }
        let well = RunReport { landed: Tally { files: 1, bytes: 1 }, ..RunReport::default() };
        assert_eq!(well.notice(&names()).subject, "shop-dev: 1 file landed, all is well");
    }

    #[test]
    fn a_subject_is_what_sns_takes() {
        let most = Tally { files: u64::MAX, bytes: u64::MAX };
        let report = RunReport { landed: most, failed: most, quarantined: most, skipped: most, ..report() };
        let subject = report.notice(&names()).subject;
        assert!(subject.len() <= 100 && subject.is_ascii() && !subject.contains('\n'), "{subject}");
    }

    #[test]
    fn every_metric_that_is_declared_has_a_figure() {
        let line = report().metrics(&names());
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 12);
        assert!(metrics.iter().all(|metric| line[metric["Name"].as_str().unwrap()].is_number()));
        assert_eq!((&line["FilesQuarantined"], &line["Seconds"]), (&json!(1.0), &json!(61.4)));
        assert_eq!((&line["Lake"], &line["_aws"]["Timestamp"]), (&json!("shop-dev"), &json!(61_400)));
    }
}
