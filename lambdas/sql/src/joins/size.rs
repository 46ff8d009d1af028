//! How many rows a part of a query has, by guesses that are made of what footers say.

use std::collections::HashMap;

use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, ScalarValue};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::expr::{InList, Like};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Expr, Filter, Join, JoinType, LogicalPlan, Operator, Projection, SubqueryAlias,
    TableScan,
};

use super::is_of;

/// The share of rows that pass a comparison of which nothing is known. Rough on purpose: only which of two
/// orders is better follows from it.
const OF_RANGE: f64 = 0.3;
const OF_LIKE: f64 = 0.1;
const OF_EQUAL: f64 = 0.1;
/// What groups leave of rows when nothing is known of the groups' values.
const OF_GROUPS: f64 = 0.3;

/// Rows, and how many values columns have.
#[derive(Debug, Clone, Default)]
pub(super) struct Size {
    pub rows: f64,
    distinct: HashMap<Column, f64>,
}

impl Size {
    /// How many values an expression has; as many as there are rows if nobody knows.
    pub fn distinct(&self, expr: &Expr) -> f64 {
        let column = match expr {
            Expr::Column(column) => self.distinct.get(column),
            Expr::Cast(cast) => return self.distinct(&cast.expr),
            _ => None,
        };
        column.copied().unwrap_or(self.rows).min(self.rows).max(1.0)
    }

    fn with_rows(mut self, rows: f64) -> Self {
        self.rows = rows.max(1.0);
        self
    }

    fn of_share(self, share: f64) -> Self {
        let rows = self.rows * share;
        self.with_rows(rows)
    }
}

/// The size of a plan; `None` where something in it has no rows that could be counted.
pub(super) fn size(plan: &LogicalPlan) -> Option<Size> {
    match plan {
        LogicalPlan::TableScan(scan) => of_table(scan),
        LogicalPlan::SubqueryAlias(alias) => of_alias(alias),
        LogicalPlan::Filter(filter) => of_filter(filter),
        LogicalPlan::Projection(projection) => of_projection(projection),
        LogicalPlan::Aggregate(aggregate) => of_aggregate(aggregate),
        LogicalPlan::Join(join) => of_join(join),
        LogicalPlan::Sort(sort) => size(&sort.input),
        LogicalPlan::Distinct(_) | LogicalPlan::Limit(_) => {
            plan.inputs().first().and_then(|input| size(input)).map(|size| size.of_share(OF_GROUPS))
        }
        LogicalPlan::Union(union) => {
            let rows: Option<f64> = union.inputs.iter().map(|input| Some(size(input)?.rows)).sum();
            Some(Size::default().with_rows(rows?))
        }
        _ => None,
    }
}

fn of_table(scan: &TableScan) -> Option<Size> {
    let known = source_as_provider(&scan.source).ok()?.statistics()?;
    let rows = *known.num_rows.get_value()? as f64;
    let schema = scan.source.schema();
    let columns = schema.fields().iter().zip(&known.column_statistics);
    let distinct = columns.filter_map(|(field, known)| {
        let column = Column::new(Some(scan.table_name.clone()), field.name());
        Some((column, values_between(known)?.min(rows)))
    });
    Some(Size { rows: rows.max(1.0), distinct: distinct.collect() })
}

/// Whole numbers and days between the least and the greatest value.
fn values_between(known: &ColumnStatistics) -> Option<f64> {
    if let Precision::Exact(count) | Precision::Inexact(count) = known.distinct_count {
        return Some(count as f64);
    }
    let number = |value: &Precision<ScalarValue>| match value.get_value()? {
        ScalarValue::Int64(value) => value.map(|value| value as f64),
        ScalarValue::Int32(value) | ScalarValue::Date32(value) => value.map(f64::from),
        _ => None,
    };
    Some(number(&known.max_value)? - number(&known.min_value)? + 1.0)
}

fn of_alias(alias: &SubqueryAlias) -> Option<Size> {
    let input = size(&alias.input)?;
    let renamed = alias.input.schema().columns().into_iter().zip(alias.schema.columns());
    let distinct = renamed.filter_map(|(from, to)| Some((to, *input.distinct.get(&from)?)));
    Some(Size { rows: input.rows, distinct: distinct.collect() })
}

fn of_projection(projection: &Projection) -> Option<Size> {
    let input = size(&projection.input)?;
    let named = projection.expr.iter().zip(projection.schema.columns());
    let distinct = named.filter_map(|(expr, to)| match expr.clone().unalias() {
        Expr::Column(from) => Some((to, *input.distinct.get(&from)?)),
        _ => None,
    });
    Some(Size { rows: input.rows, distinct: distinct.collect() })
}

fn of_filter(filter: &Filter) -> Option<Size> {
    let input = size(&filter.input)?;
    let share = share(&filter.predicate, &input);
    Some(input.of_share(share))
}

/// The share of rows that pass.
fn share(predicate: &Expr, of: &Size) -> f64 {
    let found = match predicate {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => share(left, of) * share(right, of),
            Operator::Or => share(left, of) + share(right, of),
            Operator::Eq => of_equal(left, right, of),
            Operator::NotEq => 1.0 - of_equal(left, right, of),
            _ => OF_RANGE,
        },
        Expr::Not(inner) => 1.0 - share(inner, of),
        Expr::InList(InList { expr, list, negated }) => {
            let share = list.iter().map(|value| of_equal(expr, value, of)).sum::<f64>();
            if *negated { 1.0 - share } else { share }
        }
        Expr::Like(Like { negated, .. }) => {
            if *negated {
                1.0 - OF_LIKE
            } else {
                OF_LIKE
            }
        }
        Expr::IsNotNull(_) => 1.0,
        _ => OF_RANGE,
    };
    found.clamp(0.0, 1.0)
}

/// Of a column whose values are known to be so many, one; of any other a guess.
fn of_equal(left: &Expr, right: &Expr, of: &Size) -> f64 {
    let known = [left, right].into_iter().filter_map(|side| match side {
        Expr::Column(column) => of.distinct.get(column),
        _ => None,
    });
    known.copied().reduce(f64::max).map_or(OF_EQUAL, |distinct| 1.0 / distinct.max(1.0))
}

fn of_aggregate(aggregate: &Aggregate) -> Option<Size> {
    let input = size(&aggregate.input)?;
    let groups = aggregate.group_expr.iter();
    let known: Option<f64> = groups
        .map(|group| match group {
            Expr::Column(column) => input.distinct.get(column).copied(),
            _ => None,
        })
        .product();
    let rows = known.unwrap_or(input.rows * OF_GROUPS).min(input.rows);
    Some(input.with_rows(rows))
}

fn of_join(join: &Join) -> Option<Size> {
    let (left, right) = (size(&join.left)?, size(&join.right)?);
    let met = |of: &Size, other: &Size| {
        let share = join.on.iter().map(|(l, r)| other.distinct(r) / of.distinct(l)).fold(1.0, f64::min);
        share.min(1.0)
    };
    match join.join_type {
        JoinType::LeftMark => Some(left),
        JoinType::LeftSemi => {
            let share = met(&left, &right);
            Some(left.of_share(share))
        }
        JoinType::LeftAnti => Some(left.of_share(OF_RANGE)),
        JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => Some(right.of_share(OF_RANGE)),
        _ => {
            let distinct = equal(join).map(|(l, r)| left.distinct(l).max(right.distinct(r)));
            let rows = left.rows * right.rows / distinct.fold(1.0, f64::max);
            let mut both = left.distinct;
            both.extend(right.distinct);
            Some(Size { rows: rows.max(1.0), distinct: both })
        }
    }
}

/// What must be equal, each side of its table. Until a rule behind this one takes them out of the other
/// conditions, they may be among those.
fn equal(join: &Join) -> impl Iterator<Item = (&Expr, &Expr)> {
    let among_others = join.filter.iter().flat_map(split_conjunction).filter_map(|condition| {
        let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else { return None };
        let are_of = |one, other| is_of(&join.left, one) && is_of(&join.right, other);
        match () {
            () if are_of(left, right) => Some((left.as_ref(), right.as_ref())),
            () if are_of(right, left) => Some((right.as_ref(), left.as_ref())),
            () => None,
        }
    });
    join.on.iter().map(|(left, right)| (left, right)).chain(among_others)
}
