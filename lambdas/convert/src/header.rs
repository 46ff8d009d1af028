//! Whether a file is of the layout that its name says it is.

use tarn_lake::Layout;

use crate::ConvertError;
use crate::error::HeaderDifference;
use crate::rows::Row;
use crate::scan::Field;

/// Compares a header with a layout: as many names, the same names, in the same order.
pub(crate) fn check(row: Row<'_>, layout: &Layout) -> Result<(), ConvertError> {
    if let Some(reason) = row.fault {
        return Err(ConvertError::UnreadableHeader(reason));
    }
    check_count(&row, layout)?;
    let differences: Vec<_> = row
        .fields
        .iter()
        .zip(&layout.columns)
        .enumerate()
        .filter_map(|(index, (field, column))| difference(index, &name(&row, *field), column.name.as_str()))
        .collect();
    if differences.is_empty() { Ok(()) } else { Err(ConvertError::HeaderMismatch(differences)) }
}

/// Compares the number of fields of a file's first row with a layout.
pub(crate) fn check_count(row: &Row<'_>, layout: &Layout) -> Result<(), ConvertError> {
    let (wanted, found) = (layout.columns.len(), row.fields.len());
    if wanted == found { Ok(()) } else { Err(ConvertError::Unmatched { wanted, found }) }
}

fn name(row: &Row<'_>, field: Field) -> String {
    String::from_utf8_lossy(row.text(field, &mut Vec::new())).trim().to_owned()
}

fn difference(index: usize, found: &str, wanted: &str) -> Option<HeaderDifference> {
    const LONGEST_NAME: usize = 64;
    let shown = || found.chars().take(LONGEST_NAME).collect();
    (!found.eq_ignore_ascii_case(wanted)).then(|| HeaderDifference {
        column: index + 1,
        wanted: wanted.into(),
        found: shown(),
    })
}
