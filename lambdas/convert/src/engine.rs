//! The engine as the jobs of `tarn-core` see it.

use std::io::{Read, Write};
use std::ops::Range;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tarn_core::ports::{
    Conversion, ConvertFault, Converter, Form, Gathered, Gathering, Opened, PartDone, PartOf, Rejected,
    Scratch, SilverFile, Splitter, Spool,
};
use tarn_core::{Error, Kind};
use tarn_lake::{Captures, Layout, Table};

use crate::gathered::Gatherer;
use crate::splits::{self, Opening, Part, Survey, Surveyed};
use crate::{
    ConvertError, HashKey, JsonLinesRejects, Limits, Output, Spec, Unique, convert, convert_to, rejects,
    tolerance, without_rows,
};

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
        let form = Form { table, layout, name };
        let spec = Spec { unique: unique.as_ref(), ..self.spec(form) };
        let open = |_: &str, _: usize| silver.spool();
        let rejects = &mut JsonLinesRejects::new(rejects);
        let (done, outputs) = convert_to(&spec, source, open, rejects).map_err(fault)?;
        Ok((counted(&done), outputs.into_iter().map(file).collect()))
    }

    fn no_rows(&self, table: &Table, silver: &dyn Scratch) -> Result<Box<dyn Spool>, Error> {
        const NO_NAME: &Captures = &Captures::none();
        let spec = self.spec(Form { table, layout: table.newest_layout(), name: NO_NAME });
        let failed =
            |error: ConvertError| Error::caused(Kind::Unavailable, "writing a file without rows", error);
        let spool = silver.spool().map_err(|error| failed(ConvertError::Silver(error)))?;
        without_rows(&spec, spool).map_err(failed)
    }

    fn splitter(&self) -> Option<&dyn Splitter> {
        Some(self)
    }
}

impl Engine {
    fn spec<'a>(&'a self, form: Form<'a>) -> Spec<'a> {
        let Form { table, layout, name } = form;
        Spec {
            schema: table.newest_layout(),
            name,
            schema_change: table.arrival.schema_change,
            bad_rows: table.bad_rows,
            placement: &table.placement,
            hash_key: self.hash_key.as_ref(),
            limits: self.limits,
            ..Spec::new(&table.csv, layout)
        }
    }
}

fn counted(done: &convert::Conversion) -> Conversion {
    let convert::Conversion { rows, bad_rows, nulled_values, bytes_in, bytes_out, .. } = *done;
    let drift = done.drift.as_ref().map(ToString::to_string).unwrap_or_default();
    Conversion { rows, bad_rows, nulled_values, bytes_in, bytes_out, drift }
}

fn file(output: Output<Box<dyn Spool>>) -> SilverFile {
    SilverFile { folder: output.folder, spool: output.sink }
}

impl Splitter for Engine {
    fn open(
        &self,
        form: Form<'_>,
        source: &mut (dyn Read + Send),
        size_bytes: u64,
    ) -> Result<Option<Opened>, ConvertFault> {
        // Opening knows of keys that no two rows share, and refuses to split.
        let unique = (!form.table.unique.is_empty()).then(|| Unique::new(&form.table.unique));
        let spec = Spec { unique: unique.as_ref(), ..self.spec(form) };
        let opening = splits::open(&spec, source, size_bytes).map_err(fault)?;
        if opening.unsplit.is_some() || !form.table.placement.partition_by.is_empty() {
            return Ok(None);
        }
        Ok(Some(Opened { start: opening.start, document: document(&opening)? }))
    }

    fn row_start(
        &self,
        form: Form<'_>,
        start: u64,
        source: &mut (dyn Read + Send),
    ) -> Result<Option<u64>, ConvertFault> {
        splits::guess(&self.spec(form), start, source).map_err(fault)
    }

    fn convert_part(
        &self,
        form: Form<'_>,
        range: Range<u64>,
        source: &mut (dyn Read + Send),
        silver: &dyn Scratch,
        rejects: &mut (dyn Write + Send),
    ) -> Result<PartDone, ConvertFault> {
        let part = Part { start: range.start, end: range.end, line: 1 };
        let spec = Spec { part: Some(part), ..self.spec(form) };
        let open = |_: &str, _: usize| silver.spool();
        let rejects = &mut JsonLinesRejects::new(rejects);
        let mut source = Surveyed::new(&spec, range.start, source).map_err(fault)?;
        let (done, outputs) = convert_to(&spec, &mut source, open, rejects).map_err(fault)?;
        let faulty_rows = done.bad_rows + done.nulled_rows;
        let output = outputs.into_iter().next().ok_or_else(|| unsound("a part without a file"))?;
        let (end_bytes, silver) = (output.bytes - output.row_group_bytes, file(output));
        let survey = document(&source.survey())?;
        Ok(PartDone { conversion: counted(&done), faulty_rows, silver, end_bytes, survey })
    }

    fn parts(&self, opening: &Value, surveys: &[Value]) -> Result<Vec<PartOf>, ConvertFault> {
        let opening: Opening = understood(opening)?;
        let surveys: Result<Vec<Survey>, _> = surveys.iter().map(understood).collect();
        let plan = splits::plan(&opening, &surveys?).map_err(fault)?;
        let part = |part: &Part| Ok(PartOf { range: part.start..part.end, document: document(part)? });
        plan.parts.iter().map(part).collect()
    }

    fn place_rejects(&self, part: &PartOf, rejects: &[u8], out: &mut dyn Write) -> Result<(), ConvertFault> {
        let Part { line, .. } = understood(&part.document)?;
        rejects::placed(rejects, line.saturating_sub(1), out).map_err(unsound)
    }

    fn tolerates(&self, table: &Table, all_rows: u64, faulty_rows: u64) -> bool {
        tolerance::allows(table.bad_rows, self.limits, all_rows, faulty_rows)
    }

    fn gather(&self, form: Form<'_>) -> Result<Box<dyn Gathering>, ConvertFault> {
        Ok(Box::new(Gatherer::new(&self.spec(form)).map_err(|error| fault(error.into()))?))
    }
}

impl Gathering for Gatherer {
    fn append(&mut self, size_bytes: u64, end: Bytes) -> Result<(), ConvertFault> {
        Gatherer::append(self, size_bytes, end).map_err(|error| fault(error.into()))
    }

    fn finish(self: Box<Self>) -> Result<Vec<Gathered>, ConvertFault> {
        Gatherer::finish(*self).map_err(|error| fault(error.into()))
    }
}

fn document(of: &impl Serialize) -> Result<Value, ConvertFault> {
    serde_json::to_value(of).map_err(unsound)
}

fn understood<T: DeserializeOwned>(document: &Value) -> Result<T, ConvertFault> {
    T::deserialize(document).map_err(unsound)
}

/// What the engine wrote is not what it reads.
fn unsound(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ConvertFault {
    ConvertFault::Failed(Error::caused(Kind::Invalid, "what the engine said of a part makes no sense", error))
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
