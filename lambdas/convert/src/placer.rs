//! Where a thread's rows go: to the columns of one row group, or to those of several folders.

use std::sync::Arc;

use tarn_lake::ColumnName;

use crate::block::Block;
use crate::columns::Tools;
use crate::folders::Folders;
use crate::group::{Group, Refused};
use crate::outputs::Job;
use crate::parted::{Made, Parted, RowGroup};
use crate::scan::Field;
use crate::{ConvertError, Spec};

/// Takes the rows of one thread.
pub(crate) enum Placer<'s> {
    /// All into one folder, in the order of the file: as fast as it goes.
    Plain {
        group: Box<Group>,
        folder: Arc<str>,
        judge: Option<Box<Group>>,
    },
    Parted(Box<Parted<'s>>),
}

impl<'s> Placer<'s> {
    /// The simplest that does what the table asks for.
    pub fn new(spec: &'s Spec<'s>) -> Result<Self, ConvertError> {
        refuse_hidden(spec)?;
        let folders = Folders::new(spec)?;
        let fixed: Option<Arc<str>> = folders.fixed()?.map(Into::into);
        match fixed {
            Some(folder) if spec.placement.cluster_by.is_empty() => {
                let judge = if folder.is_empty() { None } else { Some(Box::new(Group::judge(spec)?)) };
                Ok(Self::Plain { group: Box::new(Group::new(spec)?), folder, judge })
            }
            Some(folder) => Ok(Self::Parted(Box::new(Parted::new(spec, None, folder)?))),
            None => Ok(Self::Parted(Box::new(Parted::new(spec, Some(folders), "".into())?))),
        }
    }

    /// The columns that say what rows are worth, also those that are folders.
    pub fn judge(&self) -> &Group {
        match self {
            Self::Plain { group, judge, .. } => judge.as_ref().unwrap_or(group),
            Self::Parted(parted) => parted.judge_group(),
        }
    }

    /// Rows since the last row group.
    pub fn rows(&self) -> usize {
        match self {
            Self::Plain { group, .. } => group.rows(),
            Self::Parted(parted) => parted.rows(),
        }
    }

    /// Fields of a row.
    pub fn wanted(&self) -> usize {
        match self {
            Self::Plain { group, .. } => group.wanted(),
            Self::Parted(parted) => parted.wanted(),
        }
    }

    /// Takes all rows of a block, or none when any breaks a rule.
    pub fn append(&mut self, block: &Block<'_>, tools: &mut Tools) -> Result<bool, ConvertError> {
        match self {
            Self::Plain { group, .. } => Ok(group.append(block, tools)?),
            Self::Parted(parted) => parted.append(block, tools),
        }
    }

    /// What is wrong with a row, or nothing; see [`Group::judge_row`].
    pub fn judge_row(&self, raw: &[u8], fields: &mut [Field]) -> Option<Refused> {
        match self {
            Self::Plain { group, .. } => group.judge_row(raw, fields),
            Self::Parted(parted) => parted.judge_row(raw, fields),
        }
    }

    /// Ends all row groups in the making.
    pub fn finish(&mut self, tools: &mut Tools) -> Result<Made, ConvertError> {
        match self {
            Self::Plain { group, folder, .. } => {
                let (folder, rows) = (folder.clone(), group.rows());
                let groups = vec![RowGroup { folder, rows, columns: group.finish(tools)? }];
                Ok(Made { groups, carried: Vec::new() })
            }
            Self::Parted(parted) => parted.finish(tools),
        }
    }

    /// Makes a row group of rows that were kept.
    pub fn make(&mut self, job: Job, tools: &mut Tools) -> Result<RowGroup, ConvertError> {
        match self {
            Self::Plain { .. } => Err(ConvertError::Spec("a table without folders keeps no rows".into())),
            Self::Parted(parted) => {
                let Job { folder, mut rows, .. } = job;
                parted.row_group(folder, &mut rows, tools)
            }
        }
    }
}

/// A folder's name, or the order of rows, would tell what a column hides.
fn refuse_hidden(spec: &Spec<'_>) -> Result<(), ConvertError> {
    let placement = spec.placement;
    let mut shown = placement.partition_by.iter().chain(&placement.cluster_by);
    let columns = || spec.layout.columns.iter().chain(&spec.schema.columns);
    let hidden = |name: &&ColumnName| {
        columns().any(|column| column.name == **name && column.quality.disguise.is_some())
    };
    match shown.find(hidden) {
        None => Ok(()),
        Some(name) => Err(ConvertError::Spec(format!(
            "`{name}` is hidden by `hash` or `mask`, and `partition_by` or `cluster_by` would show its values"
        ))),
    }
}
