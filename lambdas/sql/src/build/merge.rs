//! What new rows do to the rows that are there.

use std::collections::HashSet;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int32Type;
use futures::TryStreamExt;
use iceberg::spec::{DataFile, Operation, Struct};
use tarn_lake::{ColumnName, Materialise, Model};

use crate::fault::{ANEW, Fault, Result, of_datafusion};
use crate::iceberg::{FILE, Layout, Sink, State, gathered, provider, write_all};
use crate::session::{Session, quoted};

const NEW: &str = "__tarn_new";
const OLD: &str = "__tarn_old";

/// The files that go, and the operation that Iceberg calls it.
pub(super) struct Effect {
    pub removed: HashSet<String>,
    pub operation: Operation,
}

impl Effect {
    /// All that is there goes.
    pub fn on_all(state: &State) -> Self {
        let removed = state.files().map(|file| file.file_path().to_owned()).collect();
        Self { removed, operation: Operation::Overwrite }
    }
}

/// What the new files `added` do to the files that are there. Rows that stay and whose file goes are
/// written by `rest`.
pub(super) async fn effect(
    session: &Session,
    model: &Model,
    state: &State,
    layout: &Layout,
    home: &crate::iceberg::Home,
    added: &[DataFile],
    rest: &mut Sink<'_>,
) -> Result<Effect> {
    let removed = match model.materialise {
        Materialise::Append => return Ok(Effect { removed: HashSet::new(), operation: Operation::Append }),
        Materialise::Replace => return Ok(Effect::on_all(state)),
        Materialise::Partition => in_partitions(state, layout, added)?,
        Materialise::Merge => merged(session, model, state, layout, home, added, rest).await?,
    };
    Ok(Effect { removed, operation: Operation::Overwrite })
}

/// The files in partitions that new rows fall into.
fn in_partitions(state: &State, layout: &Layout, added: &[DataFile]) -> Result<HashSet<String>> {
    let spec = layout.spec.spec_id();
    let touched: HashSet<&Struct> = added.iter().map(DataFile::partition).collect();
    let mut removed = HashSet::new();
    for (manifest, _, entries) in &state.manifests {
        if manifest.partition_spec_id != spec && !entries.is_empty() {
            let message = "`partition_by` is another one than that of files which are there";
            return Err(Fault::new(message, ANEW).into());
        }
        let gone = entries.iter().filter(|entry| touched.contains(entry.data_file().partition()));
        removed.extend(gone.map(|entry| entry.file_path().to_owned()));
    }
    Ok(removed)
}

async fn merged(
    session: &Session,
    model: &Model,
    state: &State,
    layout: &Layout,
    home: &crate::iceberg::Home,
    added: &[DataFile],
    rest: &mut Sink<'_>,
) -> Result<HashSet<String>> {
    session.add(NEW, provider(session.shelf(), home, &layout.schema, added.iter(), false)?)?;
    one_row_for_each_key(session, &model.key).await?;
    let there: Vec<&DataFile> = state.files().collect();
    session.add(OLD, provider(session.shelf(), home, &layout.schema, there.iter().copied(), true)?)?;
    let touched: Vec<&DataFile> =
        touched(session, &model.key).await?.into_iter().filter_map(|nth| there.get(nth).copied()).collect();
    if touched.is_empty() {
        return Ok(HashSet::new());
    }
    session.add(OLD, provider(session.shelf(), home, &layout.schema, touched.iter().copied(), true)?)?;
    let columns: Vec<String> =
        layout.columns.iter().map(|column| format!("o.{}", quoted(column.name.as_str()))).collect();
    let (columns, on) = (columns.join(", "), same_key(&model.key));
    let left = session.plan(&format!("select {columns} from {OLD} o left anti join {NEW} n on {on}")).await?;
    let left = gathered(left, layout)?;
    write_all(rest, left.execute_stream().await?).await?;
    Ok(touched.iter().map(|file| file.file_path().to_owned()).collect())
}

/// The numbers of files that hold a key of the new rows.
async fn touched(session: &Session, key: &[ColumnName]) -> Result<Vec<usize>> {
    let on = same_key(key);
    let sql = format!("select distinct o.{FILE} from {OLD} o left semi join {NEW} n on {on}");
    let batches: Vec<_> =
        session.query(&sql).await?.stream.try_collect().await.map_err(|e| of_datafusion(e, ""))?;
    let numbers =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int32Type>().values().to_vec());
    let mut numbers: Vec<usize> = numbers.filter_map(|number| usize::try_from(number).ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

async fn one_row_for_each_key(session: &Session, key: &[ColumnName]) -> Result<()> {
    let columns: Vec<String> = key.iter().map(|column| quoted(column.as_str())).collect();
    let names = key.iter().map(ColumnName::as_str).collect::<Vec<_>>().join(", ");
    let missing = columns.iter().map(|column| format!("{column} is null")).collect::<Vec<_>>().join(" or ");
    let nulls = session.count(&format!("select count(*) from {NEW} where {missing}")).await?;
    if nulls > 0 {
        let message = format!("{nulls} of the new rows have a null in the key ({names})");
        return Err(Fault::new(message, "leave them out with `where`").into());
    }
    let key = columns.join(", ");
    let sql = format!("select count(*) from (select 1 from {NEW} group by {key} having count(*) > 1) d");
    let doubled = session.count(&sql).await?;
    if doubled > 0 {
        let message = format!("{doubled} keys ({names}) have more than one new row");
        return Err(Fault::new(
            message,
            "let the SQL give one row for each key, with `group by` or `distinct`",
        )
        .into());
    }
    Ok(())
}

fn same_key(key: &[ColumnName]) -> String {
    let same = |column: &ColumnName| format!("o.{0} = n.{0}", quoted(column.as_str()));
    key.iter().map(same).collect::<Vec<_>>().join(" and ")
}
