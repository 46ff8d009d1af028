//! The conversion as a story: open, check, convert segment after segment, finish.

use std::io::{self, ErrorKind, Read, Write};

use tarn_lake::{BadRows, Escape, Format, Layout};

use crate::columns::Tools;
use crate::drift::Drift;
use crate::header::{self, Front};
use crate::input::Input;
use crate::json::{self, Lines};
use crate::outputs::{Output, Outputs};
use crate::placer::Placer;
use crate::quoting::Quoting;
use crate::rejects::RejectSink;
use crate::rows::Dialect;
use crate::scan::Grammar;
use crate::segments::{Cutting, Segment, Segments};
use crate::silver::Silver;
use crate::tolerance::Tolerance;
use crate::turns::{Results, Turns};
use crate::worker::Worker;
use crate::{ConvertError, Limits, Spec, schema};

/// What a conversion did: `rows + bad_rows` is every row of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// Rows in the Parquet file.
    pub rows: u64,
    /// Rows that went to the rejects, and nowhere else.
    pub bad_rows: u64,
    /// Rows in the Parquet file with values left out that could not be read. They are among the
    /// rejects too.
    pub nulled_rows: u64,
    /// Those values.
    pub nulled_values: u64,
    /// Read from the source, compressed or not.
    pub bytes_in: u64,
    /// The same, decompressed.
    pub text_bytes: u64,
    /// Written as Parquet.
    pub bytes_out: u64,
    /// How the file's columns differed from its layout's, where the table takes such files.
    pub drift: Option<Drift>,
}

/// Converts one file. Same input, same limits: the same bytes, with any number of threads.
///
/// Rows that break a rule go to `rejects`, and the others go on, unless the table says otherwise. A
/// file without rows becomes a Parquet file without rows. On an error, what reached `silver` is no
/// Parquet file: drop it.
pub fn convert<R: Read + Send, W: Write + Send>(
    spec: &Spec<'_>,
    source: R,
    silver: W,
    rejects: &mut (dyn RejectSink + Send),
) -> Result<Conversion, ConvertError> {
    if !spec.placement.partition_by.is_empty() {
        return Err(ConvertError::Spec("a table with `partition_by` is no single file".into()));
    }
    if spec.file_bytes.is_some() {
        return Err(ConvertError::Spec("files of a greatest size are no single file".into()));
    }
    let mut silver = Some(silver);
    let open = |_: &str, _| {
        silver.take().ok_or_else(|| io::Error::other("a second file of a table without folders"))
    };
    convert_to(spec, source, open, rejects).map(|(done, _)| done)
}

/// Converts one file into one Parquet file for each folder, which `open` gives a place to; it is
/// called with folders such as `event=view/`, and with 0 for the first file of each. In a table without
/// `partition_by` the folder is the empty text, and there is at least one file; in any other only
/// folders with rows are opened.
///
/// On an error, what reached the sinks is no Parquet file: drop it.
pub fn convert_to<R: Read + Send, W: Write + Send>(
    spec: &Spec<'_>,
    source: R,
    open: impl FnMut(&str, usize) -> io::Result<W> + Send,
    rejects: &mut (dyn RejectSink + Send),
) -> Result<(Conversion, Vec<Output<W>>), ConvertError> {
    let limits = limits(spec);
    let dialect = dialect(spec, limits)?;
    let schema = schema::of(spec.file_columns())?;
    let mut outputs = Outputs::new(spec, schema.clone(), open, limits.row_group_bytes);
    if spec.placement.partition_by.is_empty() {
        outputs.open("")?;
    }
    let (drifted, fitted);
    let mut first = worker(spec, limits, dialect)?;
    let source = source.take(spec.part.map_or(u64::MAX, |part| part.bytes()));
    let input = match &spec.part {
        None => Input::open(source, spec.csv, limits)?,
        Some(part) => Input::part(source, part, limits)?,
    };
    let mut segments = Segments::new(input, cutting(spec, dialect), limits.row_group_bytes);
    let mut segment = Segment::new();
    let first_rows = first_rows(&mut segments, &mut segment, dialect, spec)?;
    let (lines, drift) = first_rows.map_or((None, None), |begun| (Some(begun.lines), begun.drifted));
    let (fitted_layout, drift) = drift.map_or((None, None), |(layout, drift)| (Some(layout), Some(drift)));
    drifted = fitted_layout;
    let mut by_header = spec;
    if let Some(layout) = &drifted {
        fitted = Spec { layout, ..*spec };
        by_header = &fitted;
        first = worker(by_header, limits, dialect)?;
    }
    let helpers = if lines.is_some() && !segments.ended() { limits.threads - 1 } else { 0 };
    let helpers: Result<Vec<Worker>, _> = (0..helpers).map(|_| worker(by_header, limits, dialect)).collect();
    let helpers = helpers?;
    let turns = Turns::new(segments, outputs, rejects, Tolerance::new(judged(spec), limits), limits);
    first.claims = spec.unique.map(|unique| unique.begin(first.group.judge(), limits.unique_bytes));
    if let Some(lines) = lines {
        std::thread::scope(|threads| {
            for mut helper in helpers {
                let turns = &turns;
                threads.spawn(move || turns.help(&mut helper));
            }
            turns.work(&mut first, &mut segment, lines);
        });
    }
    let converted = finished(spec, turns, &mut first);
    if let (Some(unique), Some(claims)) = (spec.unique, first.claims) {
        unique.end(claims, converted.is_ok());
    }
    converted.map(|(done, outputs)| (Conversion { drift, ..done }, outputs))
}

/// Writes a Parquet file without rows, as one of a folder's files is; gives what it was written to.
pub fn without_rows<W: Write + Send>(spec: &Spec<'_>, sink: W) -> Result<W, ConvertError> {
    let schema = schema::of(spec.file_columns())?;
    let (_, sink) = Silver::new(spec, schema, sink)?.finish()?;
    Ok(sink)
}

/// The share of bad rows is that of the whole file, so a part cannot judge it.
fn judged(spec: &Spec<'_>) -> BadRows {
    let max_share = spec.bad_rows.max_share.filter(|_| spec.part.is_none());
    BadRows { max_share, ..spec.bad_rows }
}

/// Which of two rows is first is known to a thread that has all rows. Hashed texts are longer than
/// what they stand for, so less text makes a row group of the same size.
fn limits(spec: &Spec<'_>) -> Limits {
    const GROWTH: usize = 4;
    let Limits { threads, row_group_bytes, .. } = spec.limits;
    let growth = if spec.layout.hashed().next().is_some() { GROWTH } else { 1 };
    let threads = if spec.unique.is_some() { 1 } else { threads };
    Limits { threads, row_group_bytes: row_group_bytes / growth, ..spec.limits }.sane()
}

fn finished<R: Read + Send, W: Write + Send>(
    spec: &Spec<'_>,
    turns: Turns<'_, R, W>,
    worker: &mut Worker<'_>,
) -> Result<(Conversion, Vec<Output<W>>), ConvertError> {
    let (segments, mut results) = turns.finish()?;
    refuse_short_part(spec, segments.input().bytes_in())?;
    make_the_rest(&mut results, worker)?;
    results.tolerance.end(results.rows + results.bad_rows)?;
    let outputs = results.outputs.finish()?;
    let done = Conversion {
        rows: results.rows,
        bad_rows: results.bad_rows,
        nulled_rows: results.nulled_rows,
        nulled_values: results.nulled_values,
        bytes_in: segments.input().bytes_in(),
        text_bytes: segments.input().text_bytes(),
        bytes_out: outputs.iter().map(|output| output.bytes).sum(),
        drift: None,
    };
    Ok((done, outputs))
}

/// Makes row groups of all rows that are still kept.
fn make_the_rest<W: Write + Send>(
    results: &mut Results<'_, W>,
    worker: &mut Worker<'_>,
) -> Result<(), ConvertError> {
    results.outputs.give_out_all()?;
    while let Some(job) = results.job() {
        let number = job.number();
        let group = worker.group.make(job, &mut worker.tools)?;
        results.job_done(number, group)?;
    }
    Ok(())
}

/// Where the rows of a file begin.
pub(crate) struct Begun {
    /// The lines before them, the header's too.
    pub lines: u64,
    /// The layout that the header makes of the file's, if that is another.
    pub drifted: Option<(Layout, Drift)>,
}

/// Reads the first segment that holds rows, unless there is none in the file. A part has no header.
pub(crate) fn first_rows<R: Read>(
    segments: &mut Segments<R>,
    segment: &mut Segment,
    dialect: Dialect,
    spec: &Spec<'_>,
) -> Result<Option<Begun>, ConvertError> {
    let begun = |lines, drifted| Ok(Some(Begun { lines, drifted }));
    let mut more = segments.next(segment)?;
    let mut lines_before = segments.input().start().line - 1;
    if spec.part.is_some() {
        return if more { begun(lines_before, None) } else { Ok(None) };
    }
    while more {
        let front = match spec.csv.format {
            Format::Csv => header::step_over(segment, dialect, spec)?,
            Format::JsonLines => json::front(segment)?,
        };
        match front {
            Front::Rows { lines } => return begun(lines_before + lines, None),
            Front::Drifted { lines, layout, drift } => {
                return begun(lines_before + lines, Some((*layout, drift)));
            }
            Front::NoRows { lines } => lines_before += lines,
        }
        more = segments.replace(segment)?;
    }
    if spec.csv.header && spec.csv.format == Format::Csv { Err(ConvertError::Empty) } else { Ok(None) }
}

/// Rows that a source did not give would be missing without a word.
fn refuse_short_part(spec: &Spec<'_>, bytes_in: u64) -> Result<(), ConvertError> {
    match spec.part {
        Some(part) if bytes_in < part.bytes() => Err(ConvertError::Source(ErrorKind::UnexpectedEof.into())),
        _ => Ok(()),
    }
}

/// What the text is cut between.
pub(crate) fn cutting(spec: &Spec<'_>, dialect: Dialect) -> Cutting {
    match spec.csv.format {
        Format::Csv => Cutting::Rows(dialect),
        Format::JsonLines => Cutting::Lines { longest_bytes: dialect.longest_row_bytes },
    }
}

fn worker<'s>(spec: &'s Spec<'s>, limits: Limits, dialect: Dialect) -> Result<Worker<'s>, ConvertError> {
    let group = Placer::new(spec)?;
    let json = (spec.csv.format == Format::JsonLines)
        .then(|| Lines::new(spec.layout, spec.schema, limits.longest_row_bytes));
    Ok(Worker::new(group, Tools::new(spec.codec)?, dialect, json, limits))
}

pub(crate) fn dialect(spec: &Spec<'_>, limits: Limits) -> Result<Dialect, ConvertError> {
    let csv = spec.csv;
    let specials = [("delimiter", Some(csv.delimiter)), ("quote", csv.quote), ("comment", csv.comment)];
    for (place, (key, special)) in specials.iter().enumerate() {
        let Some(special) = special else { continue };
        let taken = csv.escape == Escape::Backslash && *special == '\\'
            || specials.iter().take(place).any(|(_, other)| *other == Some(*special));
        if taken || !special.is_ascii() || matches!(special, '\n' | '\r' | '\0') {
            let problem =
                format!("{special:?} cannot be `{key}`: one ASCII byte, with no other meaning here");
            return Err(ConvertError::Spec(problem));
        }
    }
    let grammar = Grammar { delimiter: csv.delimiter as u8, quoting: Quoting::of(csv) };
    Ok(Dialect {
        grammar,
        comment: csv.comment.map(|comment| comment as u8),
        longest_row_bytes: limits.longest_row_bytes,
        empty_line_is_a_row: spec.layout.fields().count() == 1,
    })
}
