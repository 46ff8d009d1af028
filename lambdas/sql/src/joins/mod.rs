//! Joins in a good order. DataFusion joins tables in the order in which a query names them, and knows
//! which of two is the smaller one at best. Of six tables of which the last has the only condition, that
//! is all rows of all the others first.
//!
//! Only inner joins by equal values change their order, and only where every table has a number of rows.
//! A row that is sought elsewhere (`EXISTS`, `IN`) is sought in the table that it is of, before that is
//! joined, where this has fewer rows than all tables together.

mod order;
mod size;

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{NullEquality, Result};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    BinaryExpr, Expr, Join, JoinConstraint, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, binary_expr,
};
use datafusion::optimizer::optimizer::Optimizer;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use order::{Edge, Tree};

/// Behind which of DataFusion's rules the order is chosen: conditions are where they belong by then, and
/// no projection stands between joins yet.
const BEHIND: &str = "push_down_filter";

/// DataFusion's rules, and this one.
pub(crate) fn rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules = Optimizer::new().rules;
    let behind = rules.iter().position(|rule| rule.name() == BEHIND).map_or(rules.len(), |at| at + 1);
    rules.insert(behind, Arc::new(JoinOrder));
    rules
}

/// The rule.
#[derive(Debug)]
struct JoinOrder;

impl OptimizerRule for JoinOrder {
    fn name(&self) -> &'static str {
        "join_order"
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        rewrite(plan)
    }
}

fn rewrite(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let plan = match plan {
        LogicalPlan::Join(join) if is_sought(&join) => match sought_earlier(&join) {
            Some(plan) => return Ok(Transformed::yes(rewrite(plan)?.data)),
            None => LogicalPlan::Join(join),
        },
        plan => plan,
    };
    match Joins::of(&plan) {
        Some(joins) => joins.in_order(),
        None => plan.map_children(rewrite),
    }
}

/// Inner joins, taken apart.
#[derive(Default)]
struct Joins {
    tables: Vec<LogicalPlan>,
    /// Expressions that are equal.
    equal: Vec<(Expr, Expr)>,
    /// Other conditions.
    others: Vec<Expr>,
    /// As the query has them.
    columns: Vec<Expr>,
}

impl Joins {
    /// Joins of at least three tables.
    fn of(plan: &LogicalPlan) -> Option<Self> {
        let mut joins = Self::default();
        joins.take(plan);
        joins.find_equal();
        joins.columns = plan.schema().columns().into_iter().map(Expr::Column).collect();
        (joins.tables.len() > 2).then_some(joins)
    }

    fn take(&mut self, plan: &LogicalPlan) {
        match plan {
            LogicalPlan::Join(join) if is_inner(join) => {
                self.take(&join.left);
                self.take(&join.right);
                self.equal.extend(join.on.iter().cloned());
                self.others.extend(join.filter.iter().cloned().flat_map(split_conjunction_owned));
            }
            other => self.tables.push(other.clone()),
        }
    }

    /// Takes what must be equal out of the other conditions, where its sides are of different tables.
    fn find_equal(&mut self) {
        for other in std::mem::take(&mut self.others) {
            match other {
                Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right })
                    if self.are_apart(&left, &right) =>
                {
                    self.equal.push((*left, *right));
                }
                other => self.others.push(other),
            }
        }
    }

    fn are_apart(&self, left: &Expr, right: &Expr) -> bool {
        let reads = |expr: &Expr, table: &LogicalPlan| {
            expr.column_refs().iter().any(|column| table.schema().has_column(column))
        };
        let some = |expr| self.tables.iter().any(|table| reads(expr, table));
        some(left)
            && some(right)
            && !self.tables.iter().any(|table| reads(left, table) && reads(right, table))
    }

    fn in_order(self) -> Result<Transformed<LogicalPlan>> {
        let Self { tables, equal, others, columns } = self;
        let tables: Result<Vec<LogicalPlan>> =
            tables.into_iter().map(|table| rewrite(table).map(|rewritten| rewritten.data)).collect();
        let mut open = Open { tables: tables?, equal, others };
        let tree = open.order().unwrap_or_else(|| as_written(open.tables.len()));
        let joined = open.joined(&tree)?;
        let rest = conjunction(open.rest());
        let builder = LogicalPlanBuilder::from(joined);
        let builder = if let Some(rest) = rest { builder.filter(rest)? } else { builder };
        Ok(Transformed::yes(builder.project(columns)?.build()?))
    }
}

fn as_written(tables: usize) -> Tree {
    let join = |tree, nth| Tree::Join(Box::new(tree), Box::new(Tree::Table(nth)));
    (1..tables).fold(Tree::Table(0), join)
}

/// Conditions that are not part of a join yet.
struct Open {
    tables: Vec<LogicalPlan>,
    equal: Vec<(Expr, Expr)>,
    others: Vec<Expr>,
}

impl Open {
    fn order(&self) -> Option<Tree> {
        let sizes: Option<Vec<_>> = self.tables.iter().map(size::size).collect();
        let sizes = sizes?;
        let rows: Vec<f64> = sizes.iter().map(|size| size.rows).collect();
        let edge = |(one, other): &(Expr, Expr)| {
            let tables = [self.table_of(one)?, self.table_of(other)?];
            let distinct = [sizes.get(tables[0])?.distinct(one), sizes.get(tables[1])?.distinct(other)];
            (tables[0] != tables[1]).then_some(Edge { tables, distinct })
        };
        let edges: Vec<Edge> = self.equal.iter().filter_map(edge).collect();
        order::order(&rows, &edges).map(|(tree, _)| tree)
    }

    /// The only table that an expression reads.
    fn table_of(&self, expr: &Expr) -> Option<usize> {
        let mut tables = (0..self.tables.len()).filter(|nth| {
            let schema = self.tables.get(*nth).map(LogicalPlan::schema);
            schema.is_some_and(|schema| expr.column_refs().iter().any(|column| schema.has_column(column)))
        });
        tables.next().filter(|_| tables.next().is_none())
    }

    fn joined(&mut self, tree: &Tree) -> Result<LogicalPlan> {
        match tree {
            Tree::Table(nth) => Ok(self.tables[*nth].clone()),
            Tree::Join(one, other) => {
                let (left, right) = (self.joined(one)?, self.joined(other)?);
                let on = self.equal_between(&left, &right);
                let filter = conjunction(self.others_within(&left, &right));
                Join::try_new(
                    Arc::new(left),
                    Arc::new(right),
                    on,
                    filter,
                    JoinType::Inner,
                    JoinConstraint::On,
                    NullEquality::NullEqualsNothing,
                    false,
                )
                .map(LogicalPlan::Join)
            }
        }
    }

    /// Takes the conditions that join the two, each side first what is of the left one.
    fn equal_between(&mut self, left: &LogicalPlan, right: &LogicalPlan) -> Vec<(Expr, Expr)> {
        let (mut on, mut open) = (Vec::new(), Vec::new());
        for (one, other) in std::mem::take(&mut self.equal) {
            match () {
                () if is_of(left, &one) && is_of(right, &other) => on.push((one, other)),
                () if is_of(left, &other) && is_of(right, &one) => on.push((other, one)),
                () => open.push((one, other)),
            }
        }
        self.equal = open;
        on
    }

    /// Takes the other conditions that the two can judge together.
    fn others_within(&mut self, left: &LogicalPlan, right: &LogicalPlan) -> Vec<Expr> {
        let within = |expr: &Expr| {
            let columns = expr.column_refs();
            columns.iter().all(|column| left.schema().has_column(column) || right.schema().has_column(column))
        };
        let (taken, open) = std::mem::take(&mut self.others).into_iter().partition(within);
        self.others = open;
        taken
    }

    /// What no join took: equal expressions of more tables than two.
    fn rest(self) -> Vec<Expr> {
        let equal = self.equal.into_iter().map(|(one, other)| binary_expr(one, Operator::Eq, other));
        self.others.into_iter().chain(equal).collect()
    }
}

/// Whether a plan has all columns of an expression, and the expression has any.
fn is_of(plan: &LogicalPlan, expr: &Expr) -> bool {
    let columns = expr.column_refs();
    !columns.is_empty() && columns.iter().all(|column| plan.schema().has_column(column))
}

fn is_inner(join: &Join) -> bool {
    join.join_type == JoinType::Inner && join.null_equality == NullEquality::NullEqualsNothing
}

/// Whether rows are kept or left out by what is in another table.
fn is_sought(join: &Join) -> bool {
    matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti) && !join.on.is_empty()
}

/// Seeks the rows of the one table that they are of, before it is joined; `None` where they are of
/// several, or where that table has more rows than what is joined.
fn sought_earlier(join: &Join) -> Option<LogicalPlan> {
    let table = sought_in(&join.left, join);
    if std::ptr::eq(table, join.left.as_ref()) {
        return None;
    }
    let (of_table, of_all) = (size::size(table)?.rows, size::size(&join.left)?.rows);
    (of_table <= MANY_MORE * of_all).then(|| sought_below(&join.left, join))
}

/// Guesses of joins are too low rather than too high.
const MANY_MORE: f64 = 2.0;

/// The innermost plan that has all that is compared with what is sought.
fn sought_in<'p>(plan: &'p LogicalPlan, join: &Join) -> &'p LogicalPlan {
    below(plan, join).map_or(plan, |inner| sought_in(inner, join))
}

/// The side of an inner join that has all that is compared with what is sought.
fn below<'p>(plan: &'p LogicalPlan, join: &Join) -> Option<&'p Arc<LogicalPlan>> {
    let LogicalPlan::Join(inner) = plan else { return None };
    let sides = if is_inner(inner) { [&inner.left, &inner.right] } else { return None };
    let compared = join.on.iter().map(|(left, _)| left).chain(&join.filter);
    let columns: Vec<_> = compared.flat_map(Expr::column_refs).collect();
    let has = |side: &LogicalPlan, column| side.schema().has_column(column);
    let all =
        |side: &&Arc<LogicalPlan>| columns.iter().all(|column| has(side, column) || has(&join.right, column));
    sides.into_iter().find(all)
}

fn sought_below(plan: &LogicalPlan, join: &Join) -> LogicalPlan {
    match (plan, below(plan, join)) {
        (LogicalPlan::Join(inner), Some(side)) => {
            let sought = Arc::new(sought_below(side, join));
            let mut inner = inner.clone();
            if Arc::ptr_eq(side, &inner.left) {
                inner.left = sought;
            } else {
                inner.right = sought;
            }
            LogicalPlan::Join(inner)
        }
        (plan, _) => {
            let schema = plan.schema().clone();
            LogicalPlan::Join(Join { left: Arc::new(plan.clone()), schema, ..join.clone() })
        }
    }
}

#[cfg(test)]
mod tests;
