//! What jobs need from the world. Each port is as narrow as its jobs allow.

mod answers;
mod build;
mod catalog;
mod clock;
mod convert;
mod crawlers;
mod executions;
mod governance;
mod ledger;
mod pointers;
mod project;
mod registry;
mod shelf;
mod spark;
mod split;
mod statements;
mod store;

pub use answers::Answers;
pub use build::{Build, Builder, Built, Keeper, Kept};
pub use catalog::{Catalog, CatalogPartition, CatalogTable};
pub use clock::Clock;
pub use convert::{Conversion, ConvertFault, Converter, Rejected, SilverFile};
pub use crawlers::{CrawlerState, Crawlers};
pub use executions::{Executions, Started};
pub use governance::{
    AccountSettings, Administration, Filters, LONGEST_REPLACE, Locations, Office, Right, Rights, TableColumn,
    Tags, WHOM_IAM_ALLOWS,
};
pub use ledger::Ledger;
pub use pointers::{Pointer, Pointers, Publication, Swapped, Target};
pub use project::{Projected, Projection, Projector};
pub use registry::{CatalogEntry, EntryColumn, FileFormat, Registry};
pub use shelf::Shelf;
pub use spark::{ApplicationState, FoundApplication, SparkApplication, SparkApplications};
pub use split::{Form, Gathered, Gathering, Opened, PartDone, PartOf, Splitter};
pub use statements::{Ended, SparkJob, SparkJobs, Statement, Statements};
pub use store::{
    Content, Created, Object, ObjectStore, ObjectVersion, Piece, Scratch, Spool, Stored, Stretch,
};
