//! The ledger in a DynamoDB table. Every write is conditional, so check and write are one step.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use tarn_core::ports::Ledger;
use tarn_core::{
    Claim, Error, Kind, Lease, Outcome, Past, Record, Result, RunId, Selection, SourceId, Status,
};

use crate::SdkConfig;
use crate::failure::failed;

/// DynamoDB's limit for one batch.
const BATCH: usize = 100;

/// A lease is given over no record, an expired lease or one of the same run, what was opened again, and
/// what failed or was skipped less often than the limit; the same rule as `Record::may_be_leased`. A
/// record that was opened again once has a limit of its own, since no condition can add.
const MAY_LEASE: &str = "attribute_not_exists(source_id) \
    OR #status = :reopened \
    OR (#status = :leased AND (lease_until < :now OR #run = :run)) \
    OR (#status IN (:failed, :skipped) \
        AND (attempt < most_attempts OR (attribute_not_exists(most_attempts) AND attempt < :most)))";

/// A note is made over no record, and over what is open; as `Record::may_be_noted_over`.
const MAY_NOTE: &str = "attribute_not_exists(source_id) OR #status IN (:failed, :skipped, :reopened)";

/// One ledger.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    client: Client,
    table: String,
}

impl DynamoLedger {
    /// The ledger in that table.
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(config), table: table.into() }
    }

    async fn batch(&self, ids: &[SourceId], into: &mut HashMap<SourceId, Record>) -> Result<()> {
        let mut wanted: Vec<_> = ids.iter().map(key).collect();
        while !wanted.is_empty() {
            let keys = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
            let keys = keys.map_err(|e| Error::caused(Kind::Internal, "asking the ledger", e))?;
            let sent = self.client.batch_get_item().request_items(&self.table, keys).send().await;
            let answer = sent.map_err(failed(format!("reading the ledger {}", self.table)))?;
            for item in answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
                let record = record_of(&item)?;
                into.insert(record.source_id.clone(), record);
            }
            let mut left = answer.unprocessed_keys.unwrap_or_default();
            wanted = left.remove(&self.table).map(|rest| rest.keys).unwrap_or_default();
        }
        Ok(())
    }

    async fn record(&self, id: &SourceId) -> Result<Option<Record>> {
        let mut found = HashMap::new();
        self.batch(std::slice::from_ref(id), &mut found).await?;
        Ok(found.remove(id))
    }
}

#[async_trait]
impl Ledger for DynamoLedger {
    async fn records(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Record>> {
        let mut found = HashMap::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            self.batch(batch, &mut found).await?;
        }
        Ok(found)
    }

    async fn lease(&self, lease: &Lease) -> Result<Claim> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&lease.source_id)))
            .update_expression(
                "SET #status = :leased, #key = :key, #version = :version, #table = :table, \
                 #run = :run, lease_until = :until, attempt = if_not_exists(attempt, :zero) + :one \
                 REMOVE outcome",
            )
            .condition_expression(MAY_LEASE)
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#key", "key")
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#table", "table")
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":leased", text(Status::Leased.word()))
            .expression_attribute_values(":failed", text(Status::Failed.word()))
            .expression_attribute_values(":skipped", text(Status::Skipped.word()))
            .expression_attribute_values(":reopened", text(Status::Reopened.word()))
            .expression_attribute_values(":key", text(&lease.key))
            .expression_attribute_values(":version", text(&lease.version))
            .expression_attribute_values(":table", text(lease.table.as_str()))
            .expression_attribute_values(":run", text(lease.run.as_str()))
            .expression_attribute_values(":until", number(lease.until_millis))
            .expression_attribute_values(":now", number(lease.now_millis))
            .expression_attribute_values(":most", number(tarn_core::MOST_ATTEMPTS))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .return_values(aws_sdk_dynamodb::types::ReturnValue::UpdatedNew)
            .send()
            .await;
        match sent.map_err(failed(format!("leasing {} in the ledger", lease.key))) {
            Ok(answer) => {
                let attempt = answer.attributes.as_ref().and_then(|item| integer(item, "attempt"));
                let attempt = attempt.ok_or_else(|| malformed("attempt"))?;
                Ok(Claim::Granted { attempt: attempt as u32 })
            }
            Err(error) if error.kind() == Kind::Conflict => {
                let taken = self.record(&lease.source_id).await?;
                taken.map(Claim::Taken).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn settle(
        &self,
        id: &SourceId,
        run: &RunId,
        attempt: u32,
        status: Status,
        outcome: &Outcome,
    ) -> Result<()> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(id)))
            .update_expression("SET #status = :status, #run = :run, outcome = :outcome")
            .condition_expression("attempt = :attempt AND #status = :leased")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":status", text(status.word()))
            .expression_attribute_values(":leased", text(Status::Leased.word()))
            .expression_attribute_values(":run", text(run.as_str()))
            .expression_attribute_values(":attempt", number(attempt))
            .expression_attribute_values(":outcome", text(&written(serde_json::to_string(outcome))?))
            .send()
            .await;
        sent.map(|_| ()).map_err(failed(format!("settling {id} in the ledger")))
    }

    async fn retire(&self, id: &SourceId, outcome: &Outcome) -> Result<()> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(id)))
            .update_expression("SET #status = :skipped, outcome = :outcome")
            .condition_expression("#status IN (:done, :reopened)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":skipped", text(Status::Skipped.word()))
            .expression_attribute_values(":reopened", text(Status::Reopened.word()))
            .expression_attribute_values(":done", text(Status::Done.word()))
            .expression_attribute_values(":outcome", text(&written(serde_json::to_string(outcome))?))
            .send()
            .await;
        match sent.map_err(failed(format!("retiring {id} in the ledger"))) {
            Err(error) if error.kind() == Kind::Conflict => Ok(()),
            retired => retired.map(|_| ()),
        }
    }

    /// An update and no put, because what the record tells of earlier stays.
    async fn note(&self, record: &Record) -> Result<()> {
        let table = match &record.table {
            Some(_) => ", #table = :table",
            None => " REMOVE #table",
        };
        let update = format!(
            "SET #key = :key, #version = :version, #run = :run, #status = :status, attempt = :attempt, \
             lease_until = :until, outcome = :outcome{table}"
        );
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&record.source_id)))
            .update_expression(update)
            .condition_expression(MAY_NOTE)
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#key", "key")
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#table", "table")
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":failed", text(Status::Failed.word()))
            .expression_attribute_values(":skipped", text(Status::Skipped.word()))
            .expression_attribute_values(":reopened", text(Status::Reopened.word()))
            .expression_attribute_values(":key", text(&record.key))
            .expression_attribute_values(":version", text(&record.version))
            .expression_attribute_values(":run", text(record.run.as_str()))
            .expression_attribute_values(":status", text(record.status.word()))
            .expression_attribute_values(":attempt", number(record.attempt))
            .expression_attribute_values(":until", number(record.lease_until_millis))
            .expression_attribute_values(":outcome", text(&written(serde_json::to_string(&record.outcome))?));
        let sent = match &record.table {
            Some(table) => sent.expression_attribute_values(":table", text(table.as_str())),
            None => sent,
        };
        match sent.send().await.map_err(failed(format!("noting {} in the ledger", record.key))) {
            Err(error) if error.kind() == Kind::Conflict => Ok(()),
            noted => noted.map(|_| ()),
        }
    }

    /// A scan: the ledger has no index, since no run asks like this, and people do so now and then. It
    /// reads the whole table, a megabyte at a call, whatever the filter lets through.
    async fn select(&self, selection: &Selection) -> Result<Vec<Record>> {
        let mut scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let wanted = wanted(selection);
        for (name, _, value) in &wanted {
            scan = scan
                .expression_attribute_names(format!("#{name}"), *name)
                .expression_attribute_values(format!(":{name}"), text(value));
        }
        let conditions: Vec<&str> = wanted.iter().map(|(_, condition, _)| *condition).collect();
        if !conditions.is_empty() {
            scan = scan.filter_expression(conditions.join(" AND "));
        }
        let mut pages = scan.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed(format!("reading the ledger {}", self.table)))?;
            for item in page.items.unwrap_or_default() {
                found.push(record_of(&item)?);
            }
        }
        found.sort_by(|a, b| (&a.key, &a.version).cmp(&(&b.key, &b.version)));
        Ok(found)
    }

    async fn reopen(&self, record: &Record, now_millis: i64, by: &str) -> Result<()> {
        let Some(reopened) = record.reopened(now_millis, by) else {
            return Err(record.not_reopened());
        };
        let sent = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&record.source_id)))
            .update_expression("SET #status = :reopened, history = :history, most_attempts = :most")
            .condition_expression("#status = :status AND attempt = :attempt AND #run = :run")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#run", "run")
            .expression_attribute_values(":reopened", text(Status::Reopened.word()))
            .expression_attribute_values(
                ":history",
                text(&written(serde_json::to_string(&reopened.history))?),
            )
            .expression_attribute_values(":most", number(reopened.most_attempts()))
            .expression_attribute_values(":status", text(record.status.word()))
            .expression_attribute_values(":attempt", number(record.attempt))
            .expression_attribute_values(":run", text(record.run.as_str()))
            .send()
            .await;
        match sent.map_err(failed(format!("opening {} again in the ledger", record.key))) {
            Err(error) if error.kind() == Kind::Conflict => Err(record.not_reopened()),
            opened => opened.map(|_| ()),
        }
    }

    async fn restore(&self, record: &Record, there: Option<&Record>) -> Result<()> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item_of(record)?));
        let put = match there {
            None => put.condition_expression("attribute_not_exists(source_id)"),
            Some(there) => put
                .condition_expression("#status = :status AND attempt = :attempt AND #run = :run")
                .expression_attribute_names("#status", "status")
                .expression_attribute_names("#run", "run")
                .expression_attribute_values(":status", text(there.status.word()))
                .expression_attribute_values(":attempt", number(there.attempt))
                .expression_attribute_values(":run", text(there.run.as_str())),
        };
        match put.send().await.map_err(failed(format!("restoring {} in the ledger", record.key))) {
            Err(error) if error.kind() == Kind::Conflict => Err(record.not_restored()),
            restored => restored.map(|_| ()),
        }
    }
}

/// A record as the other writes would have left it.
fn item_of(record: &Record) -> Result<HashMap<String, AttributeValue>> {
    let mut item = key(&record.source_id);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set("key", text(&record.key));
    set("version", text(&record.version));
    set("run", text(record.run.as_str()));
    set("status", text(record.status.word()));
    set("attempt", number(record.attempt));
    set("lease_until", number(record.lease_until_millis));
    set("outcome", text(&written(serde_json::to_string(&record.outcome))?));
    if let Some(table) = &record.table {
        set("table", text(table.as_str()));
    }
    if !record.history.is_empty() {
        set("history", text(&written(serde_json::to_string(&record.history))?));
        set("most_attempts", number(record.most_attempts()));
    }
    Ok(item)
}

/// What of a selection is asked for: the attribute, what must hold of it, and the value.
fn wanted(selection: &Selection) -> Vec<(&'static str, &'static str, &str)> {
    let Selection { status, table, run, prefix } = selection;
    let status = status.map(|status| ("status", "#status = :status", status.word()));
    let table = table.as_ref().map(|table| ("table", "#table = :table", table.as_str()));
    let run = run.as_ref().map(|run| ("run", "#run = :run", run.as_str()));
    let prefix = Some(("key", "begins_with(#key, :key)", prefix.as_str()));
    let prefix = prefix.filter(|(_, _, prefix)| !prefix.is_empty());
    [status, table, run, prefix].into_iter().flatten().collect()
}

fn key(id: &SourceId) -> HashMap<String, AttributeValue> {
    HashMap::from([("source_id".to_owned(), text(id.as_str()))])
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn written(part: serde_json::Result<String>) -> Result<String> {
    part.map_err(|error| Error::caused(Kind::Internal, "a part of a record cannot be written as JSON", error))
}

fn string(item: &HashMap<String, AttributeValue>, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

fn integer(item: &HashMap<String, AttributeValue>, name: &str) -> Option<i64> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok())
}

fn record_of(item: &HashMap<String, AttributeValue>) -> Result<Record> {
    let required = |name: &'static str| string(item, name).ok_or_else(|| malformed(name));
    let table = string(item, "table").map(tarn_lake::TableName::new).transpose();
    let outcome = string(item, "outcome").map(|json| serde_json::from_str(&json)).transpose();
    let history: std::result::Result<Option<Vec<Past>>, _> =
        string(item, "history").map(|json| serde_json::from_str(&json)).transpose();
    Ok(Record {
        source_id: SourceId::from(required("source_id")?),
        key: required("key")?,
        version: required("version")?,
        table: table.map_err(|_| malformed("table"))?,
        run: RunId::new(required("run")?)?,
        status: Status::named(&required("status")?).ok_or_else(|| malformed("status"))?,
        attempt: integer(item, "attempt").ok_or_else(|| malformed("attempt"))? as u32,
        lease_until_millis: integer(item, "lease_until").unwrap_or_default(),
        outcome: outcome.map_err(|_| malformed("outcome"))?.unwrap_or_default(),
        history: history.map_err(|_| malformed("history"))?.unwrap_or_default(),
    })
}

fn malformed(attribute: &str) -> Error {
    Error::new(
        Kind::Invalid,
        format!("a record of the ledger has no valid `{attribute}`; was it edited by hand?"),
    )
}
