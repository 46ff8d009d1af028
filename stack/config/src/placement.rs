//! Where rows lie in silver: folders by `partition_by`, order by `cluster_by`.

use tarn_lake::{Column, ColumnName, ColumnType, Layout, Placement};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::{Key, Wants};
use crate::nearest::nearest;
use crate::reader::Reader;
use crate::{Code, Diagnostic};

/// Columns that become folders.
pub const PARTITION_BY: Key = Key::optional(
    "partition_by",
    Wants::Texts,
    r#"partition_by = ["event"]"#,
    "which columns become folders such as `event=view/`",
)
.also(&["partition", "partitions", "partitioned_by", "partition_keys", "partition_columns"]);
/// How many folders a file may have.
pub const MAX_PARTITIONS: Key = Key::optional(
    "max_partitions",
    Wants::Count,
    "max_partitions = 256",
    "how many folders the rows of one file may go to",
)
.also(&["partition_limit", "max_open_partitions", "partitioned_write_max_open_files"]);
/// Columns that rows are sorted by.
pub const CLUSTER_BY: Key = Key::optional(
    "cluster_by",
    Wants::Texts,
    r#"cluster_by = ["itemid"]"#,
    "which columns rows are sorted by inside a file",
)
.also(&["cluster", "clustered_by", "sort_by", "sorted_by", "order_by", "sort_key", "bucketed_by"]);

/// More than these and no key of an object has room for their folders.
const MOST_COLUMNS: usize = 8;
/// Each is an open file, of which a Lambda has as many, and a key in the ledger's record of the source.
pub const MOST_PARTITIONS: u32 = 1024;

/// Reads the three keys against the columns that silver has.
pub fn read(block: &Reader, newest: Option<&Layout>) -> Placement {
    let partition_by = columns(block, &PARTITION_BY, newest);
    let cluster_by = columns(block, &CLUSTER_BY, newest);
    refuse_both(block, &partition_by, &cluster_by);
    refuse_types(block, &partition_by, newest);
    partition_by.iter().chain(&cluster_by).for_each(|name| refuse_hidden(block, name, newest));
    refuse_all(block, &partition_by, newest);
    warn_of_many(block, &partition_by, newest);
    let max_partitions = max_partitions(block, &partition_by);
    let names = |columns: Vec<Spanned<ColumnName>>| columns.into_iter().map(Spanned::into_inner).collect();
    Placement {
        max_partitions: max_partitions.unwrap_or(Placement::MAX_PARTITIONS),
        partition_by: names(partition_by),
        cluster_by: names(cluster_by),
    }
}

/// The columns that a key names, each of them in silver and once.
fn columns(block: &Reader, key: &Key, newest: Option<&Layout>) -> Vec<Spanned<ColumnName>> {
    let Some(written) = block.texts(key) else { return Vec::new() };
    if written.get_ref().is_empty() {
        block.refuse_empty(key, written.span());
    }
    let mut names: Vec<Spanned<ColumnName>> = Vec::new();
    for text in written.into_inner() {
        let Some(name) = column(block, key, &text, newest) else { continue };
        if names.iter().any(|other| *other.get_ref() == name) {
            let title = format!("`{}` names the column {} twice", key.name, quote(text.get_ref()));
            let fault = Diagnostic::error(Code::DuplicateName, text.span(), title);
            block.faults.push(fault.label("it stands in the list already").help("leave it out here"));
            continue;
        }
        names.push(Spanned::new(text.span(), name));
    }
    names
}

fn column(block: &Reader, key: &Key, text: &Spanned<&str>, newest: Option<&Layout>) -> Option<ColumnName> {
    let columns = || newest.into_iter().flat_map(Layout::in_silver);
    let found = columns().find(|column| column.name.as_str() == *text.get_ref());
    if found.is_none() {
        let title = format!("`{}` names {}, which is no column", key.name, quote(text.get_ref()));
        let label = match nearest(text.get_ref(), columns().map(|column| column.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{} has no such column", block.subject()),
        };
        let fault = Diagnostic::error(Code::UnknownColumn, text.span(), title).label(label);
        block.faults.push(fault.help("name a column that the newest layout has in silver"));
    }
    found.map(|column| column.name.clone())
}

/// In a folder all values are the same.
fn refuse_both(block: &Reader, partition_by: &[Spanned<ColumnName>], cluster_by: &[Spanned<ColumnName>]) {
    for column in cluster_by {
        if partition_by.iter().any(|folder| folder.get_ref() == column.get_ref()) {
            let title = format!("the column `{}` is in `partition_by` and in `cluster_by`", column.get_ref());
            let fault = Diagnostic::error(Code::Contradiction, column.span(), title);
            let fault = fault.label("inside a folder it has one value, and there is nothing to sort");
            block.faults.push(fault.help("leave it out of one of the two"));
        }
    }
}

/// A folder's name must be a value that every reader spells alike.
fn refuse_types(block: &Reader, partition_by: &[Spanned<ColumnName>], newest: Option<&Layout>) {
    for name in partition_by {
        let Some(kind) = kind_of(newest, name.get_ref()) else { continue };
        if !kind.can_be_a_folder() {
            let title = format!("the column `{}` cannot become folders", name.get_ref());
            let fault = Diagnostic::error(Code::InvalidValue, name.span(), title);
            let fault = fault.label(format!("its type is `{kind}`, which has no one spelling"));
            let help = "partition by a string, a whole number, a decimal, a bool, a date or a timestamp";
            block.faults.push(fault.help(help));
        }
    }
}

/// A folder's name, or the order of rows, would tell what `hash` or `mask` hides.
fn refuse_hidden(block: &Reader, name: &Spanned<ColumnName>, newest: Option<&Layout>) {
    let column =
        newest.and_then(|layout| layout.columns.iter().find(|column| column.name == *name.get_ref()));
    if column.is_none_or(|column| column.quality.disguise.is_none()) {
        return;
    }
    let title = format!("the column `{}` is hidden, and cannot become folders or an order", name.get_ref());
    let fault = Diagnostic::error(Code::Contradiction, name.span(), title);
    let fault = fault.label("names of folders and the order of rows would show its values");
    block.faults.push(fault.help("leave it out here, or `hash` and `mask` out there"));
}

fn refuse_all(block: &Reader, partition_by: &[Spanned<ColumnName>], newest: Option<&Layout>) {
    let Some(last) = partition_by.last() else { return };
    let title = if newest.is_some_and(|layout| layout.in_silver().count() == partition_by.len()) {
        "`partition_by` names every column"
    } else if partition_by.len() > MOST_COLUMNS {
        "`partition_by` names more than 8 columns"
    } else {
        return;
    };
    let fault = Diagnostic::error(Code::InvalidValue, last.span(), title);
    let fault = fault.label("one too many: the columns of folders are not in the files");
    block.faults.push(fault.help("partition by a few columns with few values, such as a date"));
}

fn max_partitions(block: &Reader, partition_by: &[Spanned<ColumnName>]) -> Option<u32> {
    let count = block.count(&MAX_PARTITIONS)?;
    let place = || block.key_place(&MAX_PARTITIONS);
    let fault = match count {
        _ if partition_by.is_empty() && block.find(&PARTITION_BY).is_none() => Diagnostic::error(
            Code::InvalidValue,
            place(),
            "`max_partitions` means nothing without `partition_by`",
        )
        .label("there are no folders")
        .help("leave it out, or add `partition_by`"),
        1..=MOST_PARTITIONS => return Some(count),
        _ => Diagnostic::error(Code::InvalidValue, place(), format!("`max_partitions` cannot be {count}"))
            .label(format!("wanted is 1 to {MOST_PARTITIONS}"))
            .help("for a column of more values write `cluster_by` instead of `partition_by`"),
    };
    block.faults.push(fault);
    None
}

/// Says so when a column's type lets one expect a value for nearly every row, and nobody has said
/// how many there are.
fn warn_of_many(block: &Reader, partition_by: &[Spanned<ColumnName>], newest: Option<&Layout>) {
    if block.find(&MAX_PARTITIONS).is_some() {
        return;
    }
    for name in partition_by {
        let column = newest.and_then(|layout| layout.columns.iter().find(|c| c.name == *name.get_ref()));
        let Some(kind) = column.filter(|column| has_many_values(column)).map(|column| column.kind) else {
            continue;
        };
        let title = format!("`{}` may have very many values, each a folder", name.get_ref());
        let fault = Diagnostic::warning(Code::ManyPartitions, name.span(), title);
        let fault = fault.label(format!(
            "its type is `{kind}`; a file with more than {} is refused",
            Placement::MAX_PARTITIONS
        ));
        let help = format!(
            "write `cluster_by = [\"{}\"]` if it has many, or say how many with `max_partitions`",
            name.get_ref()
        );
        block.faults.push(fault.help(help));
    }
}

fn has_many_values(column: &Column) -> bool {
    let many =
        matches!(column.kind, ColumnType::Int64 | ColumnType::Decimal { .. } | ColumnType::Timestamp(_));
    many && column.source.is_field()
}

fn kind_of(newest: Option<&Layout>, name: &ColumnName) -> Option<ColumnType> {
    newest?.columns.iter().find(|column| column.name == *name).map(|column| column.kind)
}
