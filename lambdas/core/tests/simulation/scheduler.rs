//! Who goes on next, and who dies: one task at a time makes one step, and dice decide whose.
//!
//! A task is a future that stops before every call of a port ([`turn`]). So a step is everything up to
//! the next call, and a task that is dropped has died between two calls, which is the same as after a
//! call whose answer was lost.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tarn_core::testing::Dice;

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// What a task is, because a death means another thing for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An execution of the state machine, which waits for invocations.
    Execution,
    /// One invocation of a function.
    Invocation,
    /// Whoever puts files into landing.
    Sender,
}

struct Task {
    role: Role,
    work: Work,
    /// Told when the task dies.
    on_death: Rc<dyn Fn()>,
}

/// Where tasks are begun, also from within tasks.
#[derive(Clone, Default)]
pub struct Spawner(Rc<RefCell<Vec<Task>>>);

impl Spawner {
    pub fn spawn(&self, role: Role, on_death: Rc<dyn Fn()>, work: impl Future<Output = ()> + 'static) {
        self.0.borrow_mut().push(Task { role, work: Box::pin(work), on_death });
    }
}

/// All tasks of one schedule.
pub struct Scheduler {
    pub dice: Dice,
    pub spawner: Spawner,
    tasks: Vec<Task>,
}

impl Scheduler {
    pub fn new(dice: Dice) -> Self {
        Self { dice, spawner: Spawner::default(), tasks: Vec::new() }
    }

    /// Lets one task make a step; whether there was one.
    pub fn step(&mut self) -> bool {
        self.tasks.append(&mut self.spawner.0.borrow_mut());
        if self.tasks.is_empty() {
            return false;
        }
        let chosen = self.dice.below(self.tasks.len());
        let mut context = Context::from_waker(Waker::noop());
        if self.tasks[chosen].work.as_mut().poll(&mut context).is_ready() {
            drop(self.tasks.swap_remove(chosen));
        }
        true
    }

    /// Kills a task of a role where there is one; whether there was.
    pub fn kill(&mut self, role: Role) -> bool {
        let of_role: Vec<usize> =
            (0..self.tasks.len()).filter(|task| self.tasks[*task].role == role).collect();
        if of_role.is_empty() {
            return false;
        }
        let task = self.tasks.swap_remove(of_role[self.dice.below(of_role.len())]);
        (task.on_death)();
        true
    }

    /// Goes on until nobody has anything to do.
    pub fn run_out(&mut self) {
        while self.step() {}
    }
}

/// Lets somebody else go first.
pub fn turn() -> Turn {
    Turn { is_ours: false }
}

pub struct Turn {
    is_ours: bool,
}

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.is_ours, true) {
            return Poll::Ready(());
        }
        // A job may poll several calls of its own side by side, and asks only those that are awake.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
