//! The engine as the jobs of `tarn-core` see it.

use std::io::{Read, Write};

use tarn_core::ports::{Conversion, ConvertFault, Converter, Rejected, Scratch, SilverFile};
use tarn_core::{Error, Kind};
use tarn_lake::{Captures, Layout, Table};

use crate::{ConvertError, HashKey, JsonLinesRejects, Limits, Output, Spec, Unique, convert_to};

/// Converts within limits.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    /// What a conversion may use.
    pub limits: Limits,
    /// What columns are hashed with; without one, a table that hashes is refused.
    pub hash_key: Option<HashKey>,
}

impl Converter for Engine {
    fn mark_of_secret(&self) -> &str {
        self.hash_key.as_ref().map_or("", HashKey::mark)
    }

    fn convert(
        &self,
        table: &Table,
        layout: &Layout,
        name: &Captures,
        source: &mut (dyn Read + Send),
        silver: &dyn Scratch,
        rejects: &mut (dyn Write + Send),
    ) -> Result<(Conversion, Vec<SilverFile>), ConvertFault> {
        let unique = (!table.unique.is_empty()).then(|| Unique::new(&table.unique));
        let spec = Spec {
            schema: table.newest_layout(),
            name,
            bad_rows: table.bad_rows,
            placement: &table.placement,
            unique: unique.as_ref(),
            hash_key: self.hash_key.as_ref(),
            limits: self.limits,
            ..Spec::new(&table.csv, layout)
        };
        let open = |_: &str, _: usize| silver.spool();
        let rejects = &mut JsonLinesRejects::new(rejects);
        let (done, outputs) = convert_to(&spec, source, open, rejects).map_err(fault)?;
        let conversion = Conversion {
            rows: done.rows,
            bad_rows: done.bad_rows,
            nulled_values: done.nulled_values,
            bytes_in: done.bytes_in,
            bytes_out: done.bytes_out,
        };
        let file = |Output { folder, sink, .. }| SilverFile { folder, spool: sink };
        Ok((conversion, outputs.into_iter().map(file).collect()))
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
