//! What an engine finds wrong with a model's query, at its place in the model's file.

use std::ops::Range;

use super::cut;
use crate::faults::Faults;
use crate::{Code, Diagnostic, Files};

/// A fault of a model's query, in the words of whoever planned it. `place` counts from the beginning of
/// the query, as [`tarn_lake::Model::sql`] has it; without one, the fault is of the query as a whole.
/// `None` for a model that is not among the files.
pub fn fault_in_query(
    files: &Files,
    model: &str,
    place: Option<Range<usize>>,
    title: &str,
    help: &str,
) -> Option<Diagnostic> {
    let faults = Faults::new(files);
    let cuts = cut::all(files, &faults);
    let cut = cuts.iter().find(|cut| *cut.name.get_ref() == model)?;
    let text = faults.written(&cut.query);
    let begins = cut.query.start + (text.len() - text.trim_start().len());
    let first_line = text.trim_start().lines().next().map_or(0, str::len);
    let (place, label) = match place {
        Some(place) => (place, "here"),
        None => (0..first_line, "the query that begins here"),
    };
    let whole = files.text();
    let start = whole.floor_char_boundary(begins + place.start);
    let end = whole.ceil_char_boundary((begins + place.end).min(cut.query.end)).max(start);
    let fault = Diagnostic::error(Code::Sql, start..end, title).label(label);
    Some(if help.is_empty() { fault } else { fault.help(help) })
}
