//! Models planned without data: the columns of each, or what is wrong with its SQL.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::datasource::empty::EmptyTable;
use tarn_lake::{ColumnName, Materialise, Model, ModelTest, Table};

use crate::fault::{Error, Fault, Result, of_datafusion};
use crate::session::Session;
use crate::types::{TypedColumn, gold_type, schema_of, silver_columns};

/// What a check found of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its columns; empty if there are faults.
    pub columns: Vec<TypedColumn>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

/// Plans every model over tables and the models before it. `models` stand in an order in which each
/// comes after those that it reads; a model that reads one with faults is not looked at, and has one
/// fault that says so.
pub async fn check(tables: &[Table], models: &[Model]) -> Result<Vec<Checked>> {
    let session = Session::without_files()?;
    for table in tables {
        add(&session, table.name.as_str(), &silver_schema(table))?;
    }
    let mut checked = Vec::new();
    let mut faulty: HashSet<&str> = HashSet::new();
    for model in models {
        let broken = model.inputs.iter().find(|input| faulty.contains(input.as_str()));
        let found = match broken {
            Some(input) => Checked { columns: Vec::new(), faults: vec![reads_a_faulty_one(input.as_str())] },
            None => match refuse_rewritten(tables, model) {
                Err(fault) => Checked { columns: Vec::new(), faults: vec![fault] },
                Ok(()) => check_one(&session, model).await?,
            },
        };
        if !found.faults.is_empty() {
            faulty.insert(model.name.as_str());
        }
        checked.push(found);
    }
    Ok(checked)
}

/// The columns of a table of silver, folders at the end.
pub(crate) fn silver_schema(table: &Table) -> SchemaRef {
    let (files, folders) = silver_columns(table);
    schema_of(&[files, folders].concat())
}

/// A file that is written anew is no new file, so a model that appends would keep the rows of the one before.
pub(crate) fn refuse_rewritten(tables: &[Table], model: &Model) -> Result<(), Fault> {
    let of = model.new_files_of.as_ref().and_then(|name| tables.iter().find(|table| table.name == *name));
    match of.filter(|table| table.arrival.on_overwrite.is_shared()) {
        None => Ok(()),
        Some(table) => Err(Fault::new(
            format!("`new_files_of` names `{}`, whose files are written anew (`on_overwrite`)", table.name),
            "use `materialise = \"merge\"` with a key, or `\"replace\"`",
        )),
    }
}

async fn check_one(session: &Session, model: &Model) -> Result<Checked> {
    let columns = match planned(session, &model.sql).await {
        Err(Error::Fault(fault)) => return Ok(Checked { columns: Vec::new(), faults: vec![fault] }),
        other => other?,
    };
    let (columns, mut faults) = gold_columns(&columns);
    // The columns are known whatever else is wrong, so that only their own faults are told of others.
    add(session, model.name.as_str(), &schema_of(&columns))?;
    if faults.is_empty() {
        faults.extend(faults_of_settings(model, &columns));
    }
    if faults.is_empty() {
        faults.extend(faults_of_tests(session, model).await?);
    }
    Ok(Checked { columns: if faults.is_empty() { columns } else { Vec::new() }, faults })
}

/// The schema of a query's answer. It is planned to the end, since not all that can be written can be
/// run.
async fn planned(session: &Session, sql: &str) -> Result<SchemaRef> {
    let frame = session.plan(sql).await?;
    let plan = frame.create_physical_plan().await.map_err(|error| of_datafusion(error, sql))?;
    Ok(plan.schema())
}

/// The columns that gold makes of a query's, and what keeps it from it.
pub(crate) fn gold_columns(schema: &SchemaRef) -> (Vec<TypedColumn>, Vec<Fault>) {
    let (mut columns, mut faults) = (Vec::new(), Vec::new());
    for field in schema.fields() {
        match gold_column(field.name(), field.data_type()) {
            Ok(column) if columns.iter().any(|there: &TypedColumn| there.name == column.name) => {
                faults.push(Fault::new(
                    format!("two columns are called `{}`", column.name),
                    "name one with `as`",
                ));
            }
            Ok(column) => columns.push(column),
            Err(fault) => faults.push(fault),
        }
    }
    (columns, faults)
}

fn gold_column(name: &str, kind: &DataType) -> Result<TypedColumn, Fault> {
    let named = ColumnName::new(name).map_err(|_| {
        Fault::new(
            format!("`{name}` is no name of a column"),
            "give the column one with `as`, in small letters",
        )
    })?;
    let kind =
        gold_type(kind).map_err(|why| Fault::new(format!("column `{name}` is of type {kind}"), why))?;
    Ok(TypedColumn { name: named, kind })
}

/// Whether key, partitions and tests speak of columns that are there.
fn faults_of_settings(model: &Model, columns: &[TypedColumn]) -> Vec<Fault> {
    let there = |name: &ColumnName| columns.iter().any(|column| column.name == *name);
    let mut faults = Vec::new();
    let mut wanted = |name: &ColumnName, what: &str| {
        if !there(name) {
            let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let help = format!("the columns are {}", known.join(", "));
            faults.push(Fault::new(format!("{what} names `{name}`, which the SQL does not give"), help));
        }
    };
    model.key.iter().for_each(|name| wanted(name, "`key`"));
    model.partition_by.iter().for_each(|field| wanted(&field.column, "`partition_by`"));
    for test in &model.tests {
        match test {
            ModelTest::Unique(names) => names.iter().for_each(|name| wanted(name, "the test `unique`")),
            ModelTest::NotNull(names) => names.iter().for_each(|name| wanted(name, "the test `not_null`")),
            ModelTest::AcceptedValues { column, .. } => wanted(column, "the test `accepted_values`"),
            ModelTest::Relationship { column, .. } => wanted(column, "the test `relationship`"),
            ModelTest::Sql(_) => {}
        }
    }
    if faults.is_empty() {
        faults.extend(crate::iceberg::partition_faults(model, columns));
    }
    if model.materialise == Materialise::Merge {
        faults.extend(model.key.iter().filter_map(|name| float_key(name, columns)));
    }
    faults
}

fn float_key(name: &ColumnName, columns: &[TypedColumn]) -> Option<Fault> {
    let column = columns.iter().find(|column| column.name == *name)?;
    let is_float = matches!(column.kind, tarn_lake::ColumnType::Float32 | tarn_lake::ColumnType::Float64);
    is_float
        .then(|| Fault::new(format!("`{name}` is a float, and floats are no keys"), "cast it to a decimal"))
}

async fn faults_of_tests(session: &Session, model: &Model) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for test in &model.tests {
        let sql = crate::build::sql_of_test(&model.name, test);
        match planned(session, &sql).await {
            Ok(_) => {}
            Err(Error::Fault(fault)) => {
                let what = format!("the test `{}`: {}", crate::build::name_of_test(test), fault.message);
                faults.push(Fault::new(what, fault.help));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(faults)
}

fn reads_a_faulty_one(input: &str) -> Fault {
    Fault::new(format!("it reads `{input}`, which has faults"), "")
}

fn add(session: &Session, name: &str, schema: &SchemaRef) -> Result<()> {
    session.add(name, Arc::new(EmptyTable::new(schema.clone())))
}
