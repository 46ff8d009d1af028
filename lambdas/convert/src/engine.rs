//! The engine as the jobs of `tarn-core` see it.

use std::io::{Read, Write};

use tarn_core::ports::{Conversion, ConvertFault, Converter, Rejected};
use tarn_core::{Error, Kind};
use tarn_lake::{Captures, Layout, Table};

use crate::{ConvertError, JsonLinesRejects, Limits, Spec, Unique, convert, unsupported};

/// Converts within limits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Engine {
    /// What a conversion may use.
    pub limits: Limits,
}

impl Converter for Engine {
    fn convert(
        &self,
        table: &Table,
        layout: &Layout,
        name: &Captures,
        source: &mut (dyn Read + Send),
        silver: &mut (dyn Write + Send),
        rejects: &mut (dyn Write + Send),
    ) -> Result<Conversion, ConvertFault> {
        let keys = unsupported(table);
        if !keys.is_empty() {
            return Err(fault(ConvertError::Spec(format!(
                "the engine does not act on these keys yet: {}",
                keys.join(", ")
            ))));
        }
        let unique = (!table.unique.is_empty()).then(|| Unique::new(&table.unique));
        let spec = Spec {
            schema: table.newest_layout(),
            name,
            bad_rows: table.bad_rows,
            unique: unique.as_ref(),
            limits: self.limits,
            ..Spec::new(&table.csv, layout)
        };
        let done = convert(&spec, source, silver, &mut JsonLinesRejects::new(rejects)).map_err(fault)?;
        Ok(Conversion {
            rows: done.rows,
            bad_rows: done.bad_rows,
            nulled_values: done.nulled_values,
            bytes_in: done.bytes_in,
            bytes_out: done.bytes_out,
        })
    }
}

/// What is the file's fault goes to quarantine; what is not is tried again.
fn fault(error: ConvertError) -> ConvertFault {
    if error.is_the_files_fault() {
        return ConvertFault::Rejected(Rejected {
            class: error.kind().to_uppercase(),
            reason: error.to_string(),
        });
    }
    let kind = if matches!(error, ConvertError::Spec(_)) { Kind::Invalid } else { Kind::Unavailable };
    ConvertFault::Failed(Error::caused(kind, "the conversion did not end", error))
}
