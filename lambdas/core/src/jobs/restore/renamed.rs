//! Names of one environment in those of another: buckets, databases, the key of tags.

use std::collections::BTreeMap;

use tarn_lake::{Governed, Lake, Names};

use crate::jobs::backup::{buckets, databases};
use crate::ports::{CatalogEntry, CatalogPartition, Right};

/// What is called otherwise.
pub(super) struct Renamed {
    databases: BTreeMap<String, String>,
    buckets: Vec<(String, String)>,
}

impl Renamed {
    pub fn new(lake: &Lake, from: &Names, to: &Names) -> Self {
        Self {
            databases: databases(lake, from).into_iter().zip(databases(lake, to)).collect(),
            buckets: buckets(lake, from).into_iter().zip(buckets(lake, to)).collect(),
        }
    }

    pub fn database(&self, name: &str) -> String {
        self.databases.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// A text with the buckets in it called as they are now. Their names end with account and region,
    /// and so none is the beginning of another.
    pub fn text(&self, text: &str) -> String {
        let rename = |text: String, (from, to): &(String, String)| match from == to {
            true => text,
            false => text.replace(from.as_str(), to),
        };
        self.buckets.iter().fold(text.to_owned(), rename)
    }

    pub fn entry(&self, entry: CatalogEntry) -> CatalogEntry {
        let text = |(name, value): (String, String)| (name, self.text(&value));
        CatalogEntry {
            database: self.database(&entry.database),
            location: self.text(&entry.location),
            parameters: entry.parameters.into_iter().map(text).collect(),
            ..entry
        }
    }

    pub fn partition(&self, partition: CatalogPartition) -> CatalogPartition {
        CatalogPartition { location: self.text(&partition.location), ..partition }
    }

    pub fn right(&self, right: Right) -> Right {
        let resource = match right.resource {
            Governed::Database { name } => Governed::Database { name: self.database(&name) },
            Governed::Tables { database } => Governed::Tables { database: self.database(&database) },
            Governed::Table { database, name, columns } => {
                Governed::Table { database: self.database(&database), name, columns }
            }
            Governed::Filter { database, table, name } => {
                Governed::Filter { database: self.database(&database), table, name }
            }
            Governed::Location { arn } => Governed::Location { arn: self.text(&arn) },
        };
        Right { resource, ..right }
    }
}
