//! The same work on many items, on all cores. A lake has as many zones as it has teams, and their
//! templates know nothing of each other.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread::{available_parallelism, scope};

/// So few items are no work for a thread of their own.
const FEWEST: usize = 8;

/// Does the work on every item; the results keep the order, and the first error in it counts.
pub(crate) fn side_by_side<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let portion = items.len().div_ceil(cores).max(FEWEST);
    let work = |portion: &[T]| portion.iter().map(&work).collect::<Result<Vec<R>, E>>();
    let done: Vec<_> = scope(|scope| {
        let running: Vec<_> = items.chunks(portion).map(|items| scope.spawn(move || work(items))).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    Ok(done.into_iter().collect::<Result<Vec<_>, E>>()?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_items() {
        for count in [0, 1, FEWEST, 1_000] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(side_by_side(&items, |item| Ok::<_, ()>(*item)), Ok(items.clone()));
        }
    }

    #[test]
    fn the_first_error_in_order_counts() {
        let items: Vec<usize> = (0..1_000).collect();
        let failing = |item: &usize| if item % 300 == 299 { Err(*item) } else { Ok(()) };
        assert_eq!(side_by_side(&items, failing), Err(299));
    }
}
