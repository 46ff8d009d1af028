//! Whether a file is of the layout that its name says it is.

use tarn_lake::{Layout, SchemaChange};

use crate::drift::{self, Drift};
use crate::error::HeaderDifference;
use crate::quoting::Quoting;
use crate::rejects::Reason;
use crate::rows::Dialect;
use crate::scan::Field;
use crate::segments::Segment;
use crate::{ConvertError, Spec};

/// What stands at the front of a text.
pub(crate) enum Front {
    /// A row, or the end of the header; so many lines were stepped over before it.
    Rows { lines: u64 },
    /// The end of a header that is not the layout's, and what it makes of the layout.
    Drifted { lines: u64, layout: Box<Layout>, drift: Drift },
    /// So many lines that are no rows, and nothing else.
    NoRows { lines: u64 },
}

/// Compares a file's first row with its layout, and steps over it if it is the header.
pub(crate) fn step_over(
    segment: &mut Segment,
    dialect: Dialect,
    spec: &Spec<'_>,
) -> Result<Front, ConvertError> {
    let mut fields = Vec::new();
    let (mut at, mut lines, mut has_rows) = (segment.start, 0, false);
    while at < segment.end {
        let text = segment.buffer.get(at..segment.end).unwrap_or_default();
        let Some(row) = dialect.row(text, true, &mut fields) else { break };
        let is_row = !dialect.is_no_row(&row);
        has_rows |= is_row;
        let mut drifted = None;
        if is_row && spec.csv.header {
            drifted = check(text, row.fault, &fields, spec, dialect.grammar.quoting)?;
        } else if is_row && row.fault.is_none() {
            check_count(&fields, spec.layout)?;
            break;
        }
        lines += row.lines;
        at += row.next;
        if is_row && spec.csv.header {
            segment.offset += (at - segment.start) as u64;
            segment.start = at;
            return Ok(match drifted {
                Some((layout, drift)) => Front::Drifted { lines, layout: Box::new(layout), drift },
                None => Front::Rows { lines },
            });
        }
    }
    Ok(if has_rows { Front::Rows { lines: 0 } } else { Front::NoRows { lines } })
}

/// As many names, the same names, in the same order; or what the table makes of others.
fn check(
    text: &[u8],
    fault: Option<Reason>,
    fields: &[Field],
    spec: &Spec<'_>,
    quoting: Quoting,
) -> Result<Option<(Layout, Drift)>, ConvertError> {
    if let Some(reason) = fault {
        return Err(ConvertError::UnreadableHeader(reason));
    }
    let names: Vec<String> = fields.iter().map(|field| name(text, *field, quoting)).collect();
    match spec.schema_change {
        SchemaChange::Strict => refuse_others(&names, fields, spec.layout).map(|()| None),
        rule => drift::fit(spec.layout, &names, rule),
    }
}

fn refuse_others(names: &[String], fields: &[Field], layout: &Layout) -> Result<(), ConvertError> {
    check_count(fields, layout)?;
    let pairs = names.iter().zip(layout.fields()).enumerate();
    let differences: Vec<_> =
        pairs.filter_map(|(index, (name, column))| difference(index, name, column.name_in_file())).collect();
    if differences.is_empty() { Ok(()) } else { Err(ConvertError::HeaderMismatch(differences)) }
}

fn check_count(fields: &[Field], layout: &Layout) -> Result<(), ConvertError> {
    let (wanted, found) = (layout.fields().count(), fields.len());
    if wanted == found { Ok(()) } else { Err(ConvertError::Unmatched { wanted, found }) }
}

fn name(text: &[u8], field: Field, quoting: Quoting) -> String {
    let name = text.get(field.start as usize..field.end as usize).unwrap_or_default();
    String::from_utf8_lossy(&quoting.meant(name, field.quoted)).trim().to_owned()
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
