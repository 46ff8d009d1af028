//! Converts one file, as `scripts/bench convert` measures it:
//! `convert-file IN OUT CODEC DELIMITER HEADER COLUMN...`, a column as `name=type` or `name=type=format`.
//! With `BENCH_PARTITION_BY=name` in the environment OUT is a folder, and the rows go to folders in it.
//! `jsonl` in the place of the delimiter says that the file is JSON Lines.
//!
//! It is `tarn convert` without the command line around the engine, so that a benchmark needs no
//! build of the AWS clients. Prints one line of JSON.

#![allow(clippy::print_stdout, reason = "an example's output is its purpose")]

use std::error::Error;
use std::fs::File;
use std::io;
use std::path::Path;

use tarn_convert::{Codec, JsonLinesRejects, Limits, Spec, convert_to};
use tarn_lake::{Column, ColumnName, Csv, Format, Layout, Placement, TimeFormat};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, codec, delimiter, header, columns @ ..] = arguments.as_slice() else {
        return Err("convert-file IN OUT CODEC DELIMITER HEADER COLUMN...".into());
    };
    let csv = match delimiter.as_str() {
        "jsonl" => Csv { format: Format::JsonLines, ..Csv::default() },
        _ => {
            let delimiter = delimiter.chars().next().ok_or("the delimiter is empty")?;
            Csv { delimiter, header: header == "true", ..Csv::default() }
        }
    };
    let columns: Result<Vec<Column>, _> = columns.iter().map(|text| column(text)).collect();
    let layout = Layout { from: None, columns: columns? };
    let codec = if codec == "snappy" { Codec::Snappy } else { Codec::Zstd };
    let placement = placement()?;
    let spec = Spec { codec, limits: limits()?, placement: &placement, ..Spec::new(&csv, &layout) };
    let mut rejects = JsonLinesRejects::new(io::stderr());
    let create = |folder: &str, _| match placement.partition_by.is_empty() {
        true => File::create(output),
        false => file_in(&Path::new(output).join(folder)),
    };
    let (done, _) = convert_to(&spec, File::open(input)?, create, &mut rejects)?;
    println!(
        "{{\"rows\": {}, \"bad_rows\": {}, \"text_bytes\": {}}}",
        done.rows, done.bad_rows, done.text_bytes
    );
    Ok(())
}

fn file_in(folder: &Path) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    File::create(folder.join("part.parquet"))
}

fn placement() -> Result<Placement, Box<dyn Error>> {
    let by = |name: &str| -> Result<Vec<ColumnName>, _> {
        let names = std::env::var(name).unwrap_or_default();
        names.split_terminator(',').map(ColumnName::new).collect()
    };
    let (partition_by, cluster_by) = (by("BENCH_PARTITION_BY")?, by("BENCH_CLUSTER_BY")?);
    Ok(Placement { partition_by, cluster_by, ..Placement::default() })
}

fn column(text: &str) -> Result<Column, Box<dyn Error>> {
    let mut parts = text.splitn(3, '=');
    let (name, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut column = Column::new(ColumnName::new(name)?, kind.parse()?);
    column.format = parts.next().map(|format| TimeFormat::from(format.to_owned())).unwrap_or_default();
    Ok(column)
}

/// The defaults, or what the environment says for an experiment.
fn limits() -> Result<Limits, Box<dyn Error>> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<usize>()).transpose();
    let default = Limits::default();
    let threads = number("BENCH_THREADS")?.unwrap_or(default.threads);
    let row_group_bytes = number("BENCH_ROW_GROUP_BYTES")?.unwrap_or(default.row_group_bytes);
    Ok(Limits { threads, row_group_bytes, ..default })
}
