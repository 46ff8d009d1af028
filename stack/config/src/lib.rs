//! Reads `lake.toml`: the text becomes a [`Lake`], or every fault in it at once.
//!
//! This is a pure library: it prints nothing, opens nothing and asks no clock. The shape of the
//! file is known here and nowhere else; what leaves is `tarn_lake`'s words or [`Diagnostic`]s that
//! know their place.

mod bad_rows;
mod bucket_fit;
mod column;
mod csv;
mod diagnostic;
mod document;
pub mod edit;
mod environment;
mod faults;
mod keys;
mod lake;
mod layout;
mod name;
mod nearest;
mod placement;
mod quality;
mod reader;
mod schedule;
mod schema;
mod syntax;
mod table;
mod unique;
mod word;
mod zone;

pub use diagnostic::{Code, Diagnostic, Located, Severity, Source};
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
    let (root, syntax_errors) = DeTable::parse_recoverable(text);
    let faults = faults::Faults::new(text);
    let lake = document::read(root.get_ref(), environment, &faults);
    let found = syntax::join(text, &syntax_errors, faults.into_inner());
    match lake {
        Some(lake) if found.iter().all(|fault| fault.severity == Severity::Warning) => {
            Ok(Parsed { lake, warnings: found })
        }
        _ => Err(found),
    }
}
