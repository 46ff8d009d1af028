//! Whether a file that was written for a zone holds nothing it must not. It asks the file and not the
//! code that wrote it.

use parquet::file::reader::{FileReader, SerializedFileReader};
use tarn_core::ports::Projection;
use tarn_core::{Error, Kind, Result};
use tarn_lake::{ColumnName, MASK, Treatment};

use crate::column::{Column, Scalar};
use crate::treat::HASH_DIGITS;
use crate::{Source, rewrite, unreadable};

/// Reads the footer, and every value of columns that are not to be seen clearly.
pub(crate) fn whole(projection: &Projection, written: impl Source) -> Result<()> {
    let reader = SerializedFileReader::new(written).map_err(unreadable)?;
    let names: Vec<String> = {
        let columns = reader.metadata().file_metadata().schema_descr().columns().iter();
        columns.map(|column| column.path().string()).collect()
    };
    for (at, name) in names.iter().enumerate() {
        let treatment = ColumnName::new(name.as_str()).map(|name| projection.treatment(&name));
        match treatment.unwrap_or(Treatment::Hidden) {
            Treatment::Clear => {}
            Treatment::Hidden => return Err(forbidden(name, "it is there")),
            Treatment::Masked => each(&reader, at, |column| is_masked(column).then_some(()), name)?,
            Treatment::Hashed => each(&reader, at, |column| is_hashed(column).then_some(()), name)?,
        }
    }
    Ok(())
}

fn each<R: FileReader>(
    reader: &R,
    at: usize,
    holds: impl Fn(&Column) -> Option<()>,
    name: &str,
) -> Result<()> {
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(unreadable)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let column = rewrite::read(&*group, at, rows)?;
        holds(&column).ok_or_else(|| forbidden(name, "a value in it can be read"))?;
    }
    Ok(())
}

fn forbidden(name: &str, why: &str) -> Error {
    let what =
        format!("the zone is not cleared for the column {name}, and {why}; the file was not published");
    Error::new(Kind::Internal, what)
}

fn texts(column: &Column, holds: impl Fn(&[u8]) -> bool) -> bool {
    (0..column.values.len()).all(|at| match column.values.get(at, false) {
        Some(Scalar::Bytes(text)) => holds(text),
        _ => false,
    })
}

/// Asterisks, or no value at all.
fn is_masked(column: &Column) -> bool {
    texts(column, |text| text == MASK.as_bytes())
}

fn is_hashed(column: &Column) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    texts(column, |text| text.len() == HASH_DIGITS && text.iter().all(is_digit))
}
