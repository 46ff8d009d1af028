//! The rule that a zone's files of a table are made by, and its fingerprint.
//!
//! The fingerprint stands in the zone's notes and in that of every file: another one makes all files anew.
//! So it is made of words that are written down here, and not of how a type is spelled in the code.

use std::collections::BTreeMap;

use serde::Serialize;
use tarn_lake::Treatment;

use crate::ports::Projection;
use crate::source::digest;
use crate::{Error, Kind, Result};

/// Counts up when what is written anew becomes another file for the same file and rule.
const CODE_VERSION: u32 = 2;
/// The rule of a table that the zone has all of.
const WHOLE: &str = "whole";

/// What the zone may have of the table's files.
pub(super) struct Rule {
    /// Which part; nothing for all of it.
    pub projection: Option<Projection>,
    /// What makes it another rule.
    pub fingerprint: String,
}

/// What files are a function of, beside their originals. Its JSON is what counts.
#[derive(Serialize)]
struct Words<'r> {
    version: u32,
    columns: BTreeMap<&'r str, &'static str>,
    folders: Vec<(&'r str, String)>,
    rows: Option<String>,
    filler: (&'r str, String),
    key: Option<String>,
}

impl Rule {
    /// All of the table.
    pub fn whole() -> Self {
        Self { projection: None, fingerprint: WHOLE.into() }
    }

    /// A part of it.
    pub fn part(projection: Projection) -> Result<Self> {
        let fingerprint = fingerprint(&projection)?;
        Ok(Self { projection: Some(projection), fingerprint })
    }
}

fn fingerprint(projection: &Projection) -> Result<String> {
    let Projection { columns, folders, rows, filler, key } = projection;
    let words = Words {
        version: CODE_VERSION,
        columns: columns.iter().map(|(name, treatment)| (name.as_str(), word(*treatment))).collect(),
        folders: folders.iter().map(|(name, kind)| (name.as_str(), kind.to_string())).collect(),
        rows: rows.clone().map(String::from),
        filler: (filler.name.as_str(), filler.kind.to_string()),
        key: key.as_deref().map(hexadecimal),
    };
    let words = serde_json::to_string(&words)
        .map_err(|error| Error::caused(Kind::Internal, "a zone's rule cannot be written as JSON", error))?;
    Ok(digest(&[&words]))
}

fn word(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::Hidden => "hidden",
        Treatment::Masked => "masked",
        Treatment::Hashed => "hashed",
        Treatment::Clear => "clear",
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use tarn_lake::{Column, ColumnName, ColumnType, RowFilter};

    use super::*;

    fn name(text: &str) -> ColumnName {
        ColumnName::new(text).unwrap()
    }

    fn everything() -> Projection {
        let treated = [
            ("id", Treatment::Clear),
            ("mail", Treatment::Hashed),
            ("phone", Treatment::Masked),
            ("remark", Treatment::Hidden),
        ];
        Projection {
            columns: treated.into_iter().map(|(column, treatment)| (name(column), treatment)).collect(),
            folders: vec![(name("kind"), ColumnType::String)],
            rows: Some(RowFilter::try_from("id > 0".to_owned()).unwrap()),
            filler: Column::new(name("id"), ColumnType::Int64),
            key: Some(vec![0, 255]),
        }
    }

    /// Whoever sees this fail is about to make every file of every zone anew: is that meant?
    #[test]
    fn the_fingerprint_of_a_rule_stays_what_it_is() {
        assert_eq!(fingerprint(&everything()).unwrap(), "a1138ebb1117eef46a90b3cf0ff125f2");
        assert_eq!(Rule::whole().fingerprint, "whole");
    }

    #[test]
    fn whatever_changes_a_file_changes_the_fingerprint() {
        let changes: [fn(&mut Projection); 7] = [
            |rule| _ = rule.columns.insert(name("mail"), Treatment::Clear),
            |rule| _ = rule.columns.remove(&name("remark")),
            |rule| rule.folders.clear(),
            |rule| rule.rows = None,
            |rule| rule.filler = Column::new(name("id"), ColumnType::Int32),
            |rule| rule.key = Some(vec![0, 254]),
            |rule| rule.key = None,
        ];
        let mut seen = std::collections::BTreeSet::from([fingerprint(&everything()).unwrap()]);
        for change in changes {
            let mut rule = everything();
            change(&mut rule);
            assert!(seen.insert(fingerprint(&rule).unwrap()));
        }
    }
}
