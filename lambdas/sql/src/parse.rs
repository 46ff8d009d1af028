//! One query and nothing else, without what DataFusion reads over in silence.
//!
//! DataFusion parses more than it plans. Most of what it does not plan it refuses; some of it it takes
//! and ignores, so that `from sales tablesample bernoulli (1)` gives every row. What is ignored is
//! refused here, since Athena would do something else than the same SQL in a folder.

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParser, DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    Query, Select, SetExpr, Spanned, Statement as Sql, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;

use crate::fault::{Error, Fault, of_datafusion};

/// The query of a model, of a test or of a person.
pub(crate) fn query(sql: &str) -> Result<Statement, Error> {
    let mut statements = parse(sql)?;
    let statement = match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => statement,
        (None, _) => return Err(Fault::new("there is no SQL", "write one `select`").into()),
        (Some(_), _) => {
            return Err(Fault::new("this is more than one statement", "write one `select`").into());
        }
    };
    let Statement::Statement(inner) = &statement else { return Err(no_query().into()) };
    let Sql::Query(query) = inner.as_ref() else { return Err(no_query().into()) };
    if has_no_rows(&query.body) {
        return Err(no_query().into());
    }
    match inner.visit(&mut Ignored) {
        ControlFlow::Break(fault) => Err(fault.into()),
        ControlFlow::Continue(()) => Ok(statement),
    }
}

fn parse(sql: &str) -> Result<std::collections::VecDeque<Statement>, Error> {
    let parser: Result<DFParser<'_>, _> = DFParserBuilder::new(sql).with_dialect(&GenericDialect {}).build();
    parser.and_then(|mut parser| parser.parse_statements()).map_err(|error| of_datafusion(error, sql))
}

fn no_query() -> Fault {
    Fault::new("this is no query", "write one `select`; nothing is created, changed or set by it")
}

/// Whether it is a statement in the clothes of a query, such as `insert`.
fn has_no_rows(body: &SetExpr) -> bool {
    matches!(body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
}

/// Finds what would be ignored.
struct Ignored;

impl Visitor for Ignored {
    type Break = Fault;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Fault> {
        let ignored = [
            (!query.locks.is_empty(), "for update"),
            (query.for_clause.is_some(), "for xml or json"),
            (query.settings.is_some(), "settings"),
            (query.format_clause.is_some(), "format"),
        ];
        told(&ignored, query)?;
        selects_of(&query.body)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Fault> {
        match factor {
            TableFactor::Table {
                with_hints,
                version,
                partitions,
                json_path,
                sample,
                index_hints,
                with_ordinality,
                ..
            } => {
                let ignored = [
                    (sample.is_some(), "tablesample"),
                    (version.is_some(), "for version or time"),
                    (!with_hints.is_empty(), "with (hints)"),
                    (!partitions.is_empty(), "partition (...)"),
                    (json_path.is_some(), "a path into JSON"),
                    (!index_hints.is_empty(), "hints for indexes"),
                    (*with_ordinality, "with ordinality"),
                ];
                told(&ignored, factor)
            }
            TableFactor::Derived { sample, .. } => told(&[(sample.is_some(), "tablesample")], factor),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// The selects of a query that are no queries of their own.
fn selects_of(body: &SetExpr) -> ControlFlow<Fault> {
    match body {
        SetExpr::Select(select) => of_select(select),
        SetExpr::SetOperation { left, right, .. } => {
            selects_of(left)?;
            selects_of(right)
        }
        _ => ControlFlow::Continue(()),
    }
}

fn of_select(select: &Select) -> ControlFlow<Fault> {
    let ignored = [
        (select.optimizer_hint.is_some(), "hints for the optimizer"),
        (select.select_modifiers.is_some(), "modifiers of select"),
        (select.into.is_some(), "into"),
        (select.prewhere.is_some(), "prewhere"),
        (!select.connect_by.is_empty(), "connect by"),
        (!select.cluster_by.is_empty(), "cluster by"),
        (!select.distribute_by.is_empty(), "distribute by"),
        (!select.sort_by.is_empty(), "sort by"),
        (!select.lateral_views.is_empty(), "lateral view"),
        (select.top.is_some(), "top"),
        (select.value_table_mode.is_some(), "as struct or value"),
    ];
    told(&ignored, select)
}

fn told(ignored: &[(bool, &str)], node: &impl Spanned) -> ControlFlow<Fault> {
    let Some((_, what)) = ignored.iter().find(|(is_there, _)| *is_there) else {
        return ControlFlow::Continue(());
    };
    let span = node.span();
    let line = span.start.line;
    let at = if line > 0 { format!(" in line {line}") } else { String::new() };
    let message = format!("`{what}`{at} would be read over by one engine and not by another");
    ControlFlow::Break(Fault::new(message, "take it out; rows are chosen by `where` and `limit`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(sql: &str) -> String {
        match query(sql) {
            Err(Error::Fault(fault)) => fault.to_string(),
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn a_query_is_one_select() {
        for sql in ["select 1", "select 1;", "with a as (select 1 x) select x from a", "values (1), (2)"] {
            assert!(query(sql).is_ok(), "{sql}");
        }
        for sql in ["select 1; select 2", ";", "", "-- nothing"] {
            assert!(query(sql).is_err(), "{sql}");
        }
        for sql in [
            "drop table sales",
            "create external table x stored as parquet location '/tmp/x'",
            "copy (select 1) to '/tmp/x.parquet'",
            "set datafusion.execution.batch_size = 1",
            "insert into sales select 1",
            "explain select 1",
        ] {
            assert!(fault(sql).contains("no query"), "{sql}: {}", fault(sql));
        }
    }

    #[test]
    fn what_would_be_ignored_is_refused() {
        for (sql, what) in [
            ("select * from sales tablesample bernoulli (1)", "tablesample"),
            ("select * from (select 1 as x) s tablesample (10 percent)", "tablesample"),
            ("select * from sales where x in (select x from b tablesample system (3))", "tablesample"),
            ("select * from sales for update", "for update"),
            ("select * into copy from sales", "into"),
            ("select a from sales sort by a", "sort by"),
            ("select a from b union all select a from sales sort by a", "sort by"),
            ("select a from sales distribute by a", "distribute by"),
            ("select top 3 a from sales", "top"),
        ] {
            assert!(fault(sql).contains(&format!("`{what}`")), "{sql}: {}", fault(sql));
        }
    }

    #[test]
    fn a_fault_of_the_parser_has_its_place() {
        let sql = "select a,\n  frm sales t x";
        let Err(Error::Fault(fault)) = query(sql) else { panic!("it parses") };
        assert!(fault.place.is_some(), "{fault:?}");
    }
}
