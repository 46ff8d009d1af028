//! Reads `lake.toml` and the models beside it: the texts become a [`Lake`], or every fault in them at once.
//!
//! This is a pure library: it prints nothing, opens nothing and asks no clock. The shape of the
//! file is known here and nowhere else; what leaves is `tarn_lake`'s words or [`Diagnostic`]s that
//! know their place.

mod alarms;
mod arrival;
mod aws;
mod backup;
mod bad_rows;
mod bucket_fit;
mod column;
mod csv;
mod diagnostic;
mod document;
pub mod edit;
mod environment;
mod faults;
mod files;
mod group;
mod json_schema;
mod keys;
mod lake;
mod layout;
mod model;
mod name;
mod nearest;
mod pii;
mod placement;
mod quality;
mod reader;
mod readers;
mod retention;
mod schedule;
mod schema;
mod secret;
mod settings;
mod syntax;
mod table;
mod tags;
mod unique;
mod word;
mod zone;
mod zone_table;

pub use diagnostic::{Code, Diagnostic, Located, Severity, Source};
pub use files::Files;
pub use json_schema::json_schema;
pub use model::fault_in_query;
pub use schema::{Schema, parse_schema};

use tarn_lake::{EnvironmentName, Lake};
use toml::de::DeTable;

/// A lake without faults, and what is legal in it but unwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What the file describes.
    pub lake: Lake,
    /// Ordered by place.
    pub warnings: Vec<Diagnostic>,
}

/// Reads the text of a `lake.toml` for one environment.
///
/// `Err` holds every fault, warnings too, ordered by place; at least one of them is an error.
pub fn parse(text: &str, environment: &EnvironmentName) -> Result<Parsed, Vec<Diagnostic>> {
    parse_files(&Files::new("lake.toml", text), environment)
}

/// Reads a `lake.toml` with the files of its tables, zones and models. Places of faults are ranges of
/// [`Files::text`]; [`Files::locate`] tells the file.
pub fn parse_files(files: &Files, environment: &EnvironmentName) -> Result<Parsed, Vec<Diagnostic>> {
    let faults = faults::Faults::new(files);
    let joined = files.join(&faults);
    let (root, errors) = DeTable::parse_recoverable(&joined.text);
    let errors = match joined.errors {
        none if none.is_empty() => errors.into_iter().map(|error| (0, error)).collect::<Vec<_>>(),
        errors => errors,
    };
    let cuts = model::cut(files, &faults);
    let (models, of_headers) = model::headers(&cuts);
    let errors: Vec<_> = errors.into_iter().chain(of_headers).collect();
    let lake = document::read(root.get_ref(), &models, environment, &faults);
    let found = syntax::join(files.text(), &errors, faults.into_inner());
    let found = secret::hush(files.text(), found);
    match lake {
        Some(lake) if found.iter().all(|fault| fault.severity == Severity::Warning) => {
            Ok(Parsed { lake, warnings: found })
        }
        _ => Err(found),
    }
}
