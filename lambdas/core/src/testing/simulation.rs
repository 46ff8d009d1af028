//! Several jobs at once in simulated time, by a seed: the same seed, the same meeting.

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;

use super::{Dice, locked};
use crate::ports::Clock;

/// A clock that moves when everybody waits, and the one source of chance. Clones are the same.
#[derive(Debug, Clone)]
pub struct Simulation(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now_millis: i64,
    next_wake: Option<i64>,
    dice: Dice,
}

impl Simulation {
    /// The meeting of that seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            now_millis: 1_748_779_200_000,
            next_wake: None,
            dice: Dice::of(seed),
        })))
    }

    /// A number below another.
    pub fn below(&self, bound: u64) -> u64 {
        locked(&self.0).dice.below(bound.max(1) as usize) as u64
    }

    /// Waits for less than that long.
    pub async fn wait_below(&self, millis: u64) {
        self.sleep(Duration::from_millis(self.below(millis))).await;
    }

    /// Lets all of them go on until each has ended. They meet in time and in what they share; who of
    /// those that wake at the same moment comes first is chance.
    pub fn run<'t, T>(&self, tasks: Vec<Pin<Box<dyn Future<Output = T> + 't>>>) -> Vec<T> {
        let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
        let mut ended: Vec<Option<T>> = tasks.iter().map(|_| None).collect();
        let mut context = Context::from_waker(Waker::noop());
        while tasks.iter().any(Option::is_some) {
            locked(&self.0).next_wake = None;
            for place in self.shuffled(tasks.len()) {
                if let Some(task) = &mut tasks[place]
                    && let Poll::Ready(result) = task.as_mut().poll(&mut context)
                {
                    ended[place] = Some(result);
                    tasks[place] = None;
                }
            }
            let mut state = locked(&self.0);
            if let Some(next) = state.next_wake {
                state.now_millis = next;
            }
        }
        ended.into_iter().flatten().collect()
    }

    fn shuffled(&self, count: usize) -> Vec<usize> {
        let (mut order, mut seen) = (Vec::new(), HashSet::new());
        while order.len() < count {
            let place = self.below(count as u64) as usize;
            if seen.insert(place) {
                order.push(place);
            }
        }
        order
    }
}

#[async_trait]
impl Clock for Simulation {
    fn now_millis(&self) -> i64 {
        locked(&self.0).now_millis
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now_millis() + duration.as_millis() as i64;
        poll_fn(|_| {
            let mut state = locked(&self.0);
            if state.now_millis >= until {
                return Poll::Ready(());
            }
            state.next_wake = Some(state.next_wake.map_or(until, |next| next.min(until)));
            Poll::Pending
        })
        .await;
    }
}
