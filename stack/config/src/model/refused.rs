//! What SQL has and the engine reads over in silence, so that rows would be others than the query
//! says. It is refused here, by name.

use std::ops::Range;

use sqlparser::ast::{ObjectName, Query, Select, SelectFlavor, SetExpr, Spanned as _, TableFactor};

use super::query::range;
use crate::diagnostic::quote;
use crate::{Code, Diagnostic};

/// Functions of the engine that give rows. Others might look at files.
const TABLE_FUNCTIONS: [&str; 2] = ["generate_series", "range"];

/// What stands behind a query.
pub fn of_query(text: &str, query: &Query) -> Vec<Diagnostic> {
    let clauses = [
        (!query.locks.is_empty(), "FOR UPDATE"),
        (query.for_clause.is_some(), "FOR XML"),
        (query.settings.is_some(), "SETTINGS"),
        (query.format_clause.is_some(), "FORMAT"),
        (query.fetch.is_some(), "FETCH"),
    ];
    let mut found = ignored(range(text, query.span()), &clauses);
    found.extend(of_body(text, &query.body));
    found
}

/// Selects that are no queries of their own. A query in brackets is met by itself.
fn of_body(text: &str, body: &SetExpr) -> Vec<Diagnostic> {
    match body {
        SetExpr::Select(select) => of_select(text, select),
        SetExpr::SetOperation { left, right, .. } => [of_body(text, left), of_body(text, right)].concat(),
        _ => Vec::new(),
    }
}

fn of_select(text: &str, select: &Select) -> Vec<Diagnostic> {
    let clauses = [
        (select.optimizer_hint.is_some(), "a hint for the optimizer"),
        (select.into.is_some(), "INTO"),
        (select.top.is_some(), "TOP"),
        (select.prewhere.is_some(), "PREWHERE"),
        (!select.connect_by.is_empty(), "CONNECT BY"),
        (!select.cluster_by.is_empty(), "CLUSTER BY"),
        (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
        (!select.sort_by.is_empty(), "SORT BY"),
        (!select.lateral_views.is_empty(), "LATERAL VIEW"),
        (select.value_table_mode.is_some(), "SELECT AS"),
        (
            select.select_modifiers.as_ref().is_some_and(|it| *it != Default::default()),
            "a modifier of SELECT",
        ),
        (select.flavor != SelectFlavor::Standard, "FROM before SELECT"),
    ];
    ignored(range(text, select.span()), &clauses)
}

/// What stands behind a table.
pub fn of_factor(text: &str, factor: &TableFactor) -> Vec<Diagnostic> {
    let place = range(text, factor.span());
    match factor {
        TableFactor::Table {
            name,
            args,
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
            ..
        } => {
            let clauses = [
                (sample.is_some(), "TABLESAMPLE"),
                (version.is_some(), "a table's version"),
                (!with_hints.is_empty() || !index_hints.is_empty(), "hints"),
                (*with_ordinality, "WITH ORDINALITY"),
                (!partitions.is_empty(), "PARTITION"),
                (json_path.is_some(), "a path into JSON"),
            ];
            let mut found = ignored(place.clone(), &clauses);
            if args.is_some() && !TABLE_FUNCTIONS.contains(&name.to_string().to_lowercase().as_str()) {
                found.push(function(place, &name.to_string()));
            }
            found
        }
        TableFactor::Derived { sample, .. } => ignored(place, &[(sample.is_some(), "TABLESAMPLE")]),
        TableFactor::NestedJoin { .. } | TableFactor::UNNEST { .. } => Vec::new(),
        other => vec![function(place, &other.to_string())],
    }
}

/// A name with its database before it.
pub fn qualified(place: Range<usize>, name: &ObjectName) -> Diagnostic {
    let title = format!("{} names a table by more than its name", quote(&name.to_string()));
    let fault = Diagnostic::error(Code::IgnoredSql, place, title);
    let fault = fault.label("a model reads the lake's own tables and models, in every environment");
    let last = name.0.last().map(ToString::to_string).unwrap_or_default();
    fault.help(format!("write {}", quote(&last)))
}

fn function(place: Range<usize>, name: &str) -> Diagnostic {
    let title = format!("{} cannot be read from", quote(name));
    let fault = Diagnostic::error(Code::IgnoredSql, place, title).label("a model reads tables and models");
    fault.help("beside those, it may read `generate_series`, `range` and `unnest`")
}

fn ignored(place: Range<usize>, clauses: &[(bool, &str)]) -> Vec<Diagnostic> {
    let fault = |words: &str| {
        let fault =
            Diagnostic::error(Code::IgnoredSql, place.clone(), format!("{words} cannot be used here"));
        let fault = fault.label("the engine would read over it, or refuse it when the model runs");
        fault.help("leave it out, or say the same with `where`, `order by` and `limit`")
    };
    clauses.iter().filter(|(is_there, _)| *is_there).map(|(_, words)| fault(words)).collect()
}
