//! In which order tables are joined: a decision of numbers.

use std::collections::BTreeSet;

/// Two tables and a value that they are joined by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edge {
    pub tables: [usize; 2],
    /// How many values each has.
    pub distinct: [f64; 2],
}

/// Tables in the order that they are joined in.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Table(usize),
    /// What is kept in memory, and what is looked up in it.
    Join(Box<Tree>, Box<Tree>),
}

/// What was joined so far.
struct Joined {
    tree: Tree,
    tables: BTreeSet<usize>,
    rows: f64,
}

/// Joins next what gives the fewest rows, of what has a value in common, until all are one; gives how many
/// rows that one has. Of two the smaller is kept in memory. `None` without tables.
///
/// To look at every order is what planners do for up to some ten tables, and with better numbers than
/// those of footers.
pub(super) fn order(rows: &[f64], edges: &[Edge]) -> Option<(Tree, f64)> {
    let table = |(nth, rows): (usize, &f64)| Joined {
        tree: Tree::Table(nth),
        tables: BTreeSet::from([nth]),
        rows: rows.max(1.0),
    };
    let mut open: Vec<Joined> = rows.iter().enumerate().map(table).collect();
    while let Some((one, other, rows)) = next(&open, edges) {
        // The second index is the greater one.
        let (second, first) = (open.remove(other), open.remove(one));
        open.push(joined(first, second, rows));
    }
    open.pop().map(|all| (all.tree, all.rows))
}

fn joined(first: Joined, second: Joined, rows: f64) -> Joined {
    let tables = first.tables.union(&second.tables).copied().collect();
    let (small, large) = if first.rows <= second.rows { (first, second) } else { (second, first) };
    Joined { tree: Tree::Join(Box::new(small.tree), Box::new(large.tree)), tables, rows }
}

/// The pair to join next. Pairs without a value in common come last.
fn next(open: &[Joined], edges: &[Edge]) -> Option<(usize, usize, f64)> {
    let pairs = (0..open.len()).flat_map(|one| (one + 1..open.len()).map(move |other| (one, other)));
    let judged = pairs.filter_map(|(one, other)| {
        let (first, second) = (open.get(one)?, open.get(other)?);
        let (connected, rows) = rows_of(first, second, edges);
        Some(((!connected, rows), (one, other, rows)))
    });
    let least = judged.min_by(|((apart, rows), _), ((other_apart, other_rows), _)| {
        apart.cmp(other_apart).then(rows.total_cmp(other_rows))
    });
    least.map(|(_, pair)| pair)
}

/// Whether two have a value in common, and the rows of both together: each row of the one meets those of
/// the other that have its values, which are spread evenly. Several values have no more combinations than
/// there are rows.
fn rows_of(first: &Joined, second: &Joined, edges: &[Edge]) -> (bool, f64) {
    let (mut connected, mut of_first, mut of_second) = (false, 1.0, 1.0);
    for Edge { tables: [one, other], distinct: [of_one, of_other] } in edges {
        let [of_one, of_other] = match () {
            () if first.tables.contains(one) && second.tables.contains(other) => [of_one, of_other],
            () if first.tables.contains(other) && second.tables.contains(one) => [of_other, of_one],
            () => continue,
        };
        connected = true;
        of_first *= of_one.max(1.0);
        of_second *= of_other.max(1.0);
    }
    let distinct = f64::min(of_first, first.rows).max(f64::min(of_second, second.rows));
    (connected, (first.rows * second.rows / distinct).max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(tables: [usize; 2], distinct: [f64; 2]) -> Edge {
        Edge { tables, distinct }
    }

    fn table(nth: usize) -> Box<Tree> {
        Box::new(Tree::Table(nth))
    }

    fn join(one: Box<Tree>, other: Box<Tree>) -> Box<Tree> {
        Box::new(Tree::Join(one, other))
    }

    #[test]
    fn a_table_alone_is_itself_and_no_table_is_nothing() {
        assert_eq!(order(&[5.0], &[]), Some((Tree::Table(0), 5.0)));
        assert_eq!(order(&[], &[]), None);
    }

    /// Lines, orders, customers, and one nation of 25.
    #[test]
    fn what_leaves_few_rows_comes_first() {
        let rows = [6e6, 1.5e6, 150e3, 1.0];
        let edges = [edge([0, 1], [1.5e6, 1.5e6]), edge([1, 2], [150e3, 150e3]), edge([2, 3], [25.0, 25.0])];
        let (tree, _) = order(&rows, &edges).unwrap();
        let customers = join(table(3), table(2));
        assert_eq!(tree, *join(join(customers, table(1)), table(0)));
    }

    #[test]
    fn a_key_of_two_columns_has_no_more_values_than_rows() {
        let rows = [6e6, 800e3];
        let edges = [edge([0, 1], [200e3, 200e3]), edge([1, 0], [10e3, 10e3])];
        let (_, rows) = order(&rows, &edges).unwrap();
        assert_eq!(rows, 800e3);
    }

    #[test]
    fn tables_without_a_value_in_common_come_last() {
        let rows = [1e6, 10.0, 10.0];
        let edges = [edge([0, 1], [10.0, 10.0])];
        let (tree, rows) = order(&rows, &edges).unwrap();
        assert_eq!(tree, *join(table(2), join(table(1), table(0))));
        assert_eq!(rows, 1e7);
    }
}
