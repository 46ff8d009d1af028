//! Makes an account look like a set of templates, and takes it down again.
//!
//! What to do follows from the templates and from what stands in the account; how it is done goes
//! through two ports, [`Stacks`] and [`Artifacts`]. Nothing here prints: an [`Observer`] is told.

mod apply;
mod deploy;
mod destroy;
mod error;
mod follow;
mod graph;
mod health;
mod holdings;
mod inventory;
mod kind;
mod lock;
mod memory;
mod observer;
mod plan;
mod ports;
mod preflight;
mod receipt;
mod report;
mod sight;
mod unlock;

pub use deploy::{Deployment, DesiredStack, Upload, deploy};
pub use destroy::{Destroyed, Destruction, Standing, destroy, standing};
pub use error::{DeployError, PortError, PortErrorKind};
pub use health::{
    Depth, Drift, Finding, LastRun, Location, Place, Queue, State, Tagging, Vitals, health, is_healthy,
};
pub use holdings::{Ground, Held, Holdings, granted_by, holdings};
pub use inventory::{Found, Inventory, Means, Sighting, Thing};
pub use kind::{Kind, Marks};
pub use lock::{Holder, Lock, LockError, Locked, Who};
pub use observer::{Event, Observer};
pub use plan::{Plan, StackPlan, Step, plan};
pub use ports::{
    Action, Artifacts, ChangeRequest, ChangeSet, Clock, Effect, ResourceChange, ResourceEvent, StackState,
    StackStatus, Stacks, TemplateSource,
};
pub use preflight::{BucketName, Check, Facts, Room, preflight};
pub use receipt::{Line, Receipt};
pub use report::{Outcome, Report, StackReport};
pub use sight::{ColumnOf, may_read};
pub use unlock::Held as HeldLock;
