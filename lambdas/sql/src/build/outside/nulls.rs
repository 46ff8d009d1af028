//! Nulls come last, whichever way one sorts and whoever sorts. Spark has them first ascending, and which rows a
//! `limit` or a `row_number` takes follows from it: what a query does not say is said for it.

use std::convert::Infallible;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArgumentClause, FunctionArguments, NamedWindowExpr, OrderByExpr, OrderByKind,
    OrderByOptions, Query, Select, SetExpr, VisitMut, VisitorMut, WindowType,
};

use crate::fault::{Fault, Result};
use crate::parse;

/// The same query, in which every order says where nulls are.
pub(super) fn last(sql: &str) -> Result<String> {
    let Statement::Statement(mut statement) = parse::query(sql)? else {
        return Err(Fault::new("this is no query", "write one `select`").into());
    };
    // It breaks off nowhere.
    let _: ControlFlow<Infallible> = statement.visit(&mut Said);
    Ok(statement.to_string())
}

struct Said;

impl VisitorMut for Said {
    type Break = Infallible;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Infallible> {
        match query.order_by.as_mut().map(|order| &mut order.kind) {
            Some(OrderByKind::Expressions(orders)) => say(orders),
            Some(OrderByKind::All(options)) => say_of(options),
            None => {}
        }
        of_body(&mut query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Infallible> {
        if let Expr::Function(function) = expr {
            of_function(function);
        }
        ControlFlow::Continue(())
    }
}

fn of_body(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => of_windows(select),
        SetExpr::SetOperation { left, right, .. } => {
            of_body(left);
            of_body(right);
        }
        _ => {}
    }
}

fn of_windows(select: &mut Select) {
    for window in &mut select.named_window {
        if let NamedWindowExpr::WindowSpec(spec) = &mut window.1 {
            say(&mut spec.order_by);
        }
    }
}

fn of_function(function: &mut Function) {
    if let Some(WindowType::WindowSpec(spec)) = &mut function.over {
        say(&mut spec.order_by);
    }
    say(&mut function.within_group);
    if let FunctionArguments::List(list) = &mut function.args {
        for clause in &mut list.clauses {
            if let FunctionArgumentClause::OrderBy(orders) = clause {
                say(orders);
            }
        }
    }
}

fn say(orders: &mut [OrderByExpr]) {
    orders.iter_mut().for_each(|order| say_of(&mut order.options));
}

fn say_of(options: &mut OrderByOptions) {
    options.nulls_first.get_or_insert(false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_says_it() {
        let sql = "with a as (select x from t order by x limit 3) \
                   select row_number() over (partition by y order by x desc, y nulls first) as n, \
                   array_agg(x order by y) as list, max(x) over w as m, \
                   (select z from u order by z limit 1) as least \
                   from a window w as (order by x) union all select 1, null, 2, 3 order by 1, 2 desc";
        let said = last(sql).unwrap();
        assert_eq!(
            (said.matches("NULLS LAST").count(), said.matches("NULLS FIRST").count()),
            (7, 1),
            "{said}"
        );
        assert_eq!(last(&said).unwrap(), said);
    }

    #[test]
    fn a_query_without_order_stays_as_it_is() {
        for sql in ["SELECT a FROM t WHERE b > DATE '2026-01-01'", "SELECT count(*) FROM \"t\" GROUP BY a"] {
            assert_eq!(last(sql).unwrap(), sql);
        }
    }
}
