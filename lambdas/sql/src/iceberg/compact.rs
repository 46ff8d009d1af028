//! Small files become large ones.

use std::collections::{HashMap, HashSet};

use iceberg::spec::{DataFile, Operation, Struct};
use tarn_core::ports::Scratch;
use tarn_core::{Error, Kind};

use super::{
    Attempt, Change, Layout, OUTPUT, ROWS_OF, Sink, Staged, State, TAKEN, Table, gathered, provider, stage,
    write_all,
};
use crate::fault::Result;
use crate::session::{Session, quoted};

const SMALL: &str = "__tarn_small";

/// The files that are worth it: below a size, and not alone in their partition.
pub(crate) fn small_files(state: &State, below_bytes: u64) -> Vec<&DataFile> {
    let mut by_partition: HashMap<(i32, &Struct), Vec<&DataFile>> = HashMap::new();
    for (manifest, _, entries) in &state.manifests {
        for file in entries.iter().map(|entry| entry.data_file()) {
            if file.file_size_in_bytes() < below_bytes {
                by_partition.entry((manifest.partition_spec_id, file.partition())).or_default().push(file);
            }
        }
    }
    by_partition.into_values().filter(|files| files.len() > 1).flatten().collect()
}

/// Writes the rows of small files together, as a snapshot that says the same as the one before.
pub(crate) async fn compacted(
    session: &Session,
    table: &Table,
    state: &State,
    small: &[&DataFile],
    scratch: &dyn Scratch,
    attempt: &Attempt<'_>,
) -> Result<(Staged, usize)> {
    let layout = Layout::there(&table.metadata)?;
    let home = &table.home;
    session.add(SMALL, provider(session.shelf(), home, &layout.schema, small.iter().copied(), false)?)?;
    let columns: Vec<String> = layout.columns.iter().map(|column| quoted(column.name.as_str())).collect();
    let frame = session.plan(&format!("select {} from {SMALL}", columns.join(", "))).await?;
    let frame = gathered(frame, &layout)?;
    let mut sink = Sink::new(home, scratch, &layout, format!("data/{}-compact", attempt.name))?;
    let rows = write_all(&mut sink, frame.execute_stream().await?).await?;
    let there: u64 = small.iter().map(|file| file.record_count()).sum();
    if rows != there {
        let what = format!("{} files of {} hold {there} rows, and {rows} were read", small.len(), home.name);
        return Err(Error::new(Kind::Internal, what).into());
    }
    let added = sink.files();
    let count = added.len();
    let removed: HashSet<String> = small.iter().map(|file| file.file_path().to_owned()).collect();
    let kept = |name: &str| Some((name.to_owned(), table.property(name)?.to_owned()));
    let properties = [OUTPUT, TAKEN, ROWS_OF].into_iter().filter_map(kept).collect();
    let change = Change { operation: Operation::Replace, added, removed, properties };
    let metadata = layout.begun(table)?;
    Ok((stage(home, Some(table), metadata, state, change, attempt).await?, count))
}
