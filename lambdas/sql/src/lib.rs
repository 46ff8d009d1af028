//! SQL over a lake: gold tables that models make of silver, and questions of people.
//!
//! * [`check`] plans models without data and gives the columns of each, or what is wrong with it.
//! * [`session`] opens what a query mentions, and [`Session::query`] answers it within stated memory.
//! * [`build`] runs a model: what is due is made, tested, written as Iceberg (or Parquet) and published
//!   by moving one pointer.
//! * [`maintain`] puts small files together, lets old snapshots go, and removes what nothing names.
//!
//! DataFusion plans and runs the SQL, with the order of joins from `joins`; the `iceberg` crate has the words of the format; everything is
//! read and written through the ports of `tarn-core`. The file system is touched only where DataFusion
//! spills. Stores of a folder block, so all of it needs a runtime with several threads.
//!
//! # Where engines differ
//!
//! The same SQL is to give the same rows in a folder, in a Lambda (both DataFusion), in Athena (Trino) and in Spark
//! (3.5, with ANSI rules and no zone in moments). Where they do not agree:
//!
//! | | DataFusion | Athena | Spark | what tarn does |
//! |---|---|---|---|---|
//! | `tablesample`, `for version`, hints, `sort by`, `into` | read over | differs | differs | refused, with the line |
//! | `0.1` | a double by default | a decimal | a decimal | a decimal |
//! | nulls in `order by` | last ascending, first descending | last | first ascending, last descending | always last; for Spark every order says so |
//! | `date_format(t, '%i')` | strftime: no such letter | minutes | Java's patterns | Athena's letters |
//! | `date_parse(text, pattern)` | none | yes | none | Athena's |
//! | `date_diff('day', a, b)` | none | whole units | another order of arguments | Athena's |
//! | `count_if(x)` | none | yes | yes | yes |
//! | `avg` of a decimal | 4 digits more behind the point | the scale of the column | 4 digits more | nothing: cast it |
//! | `sum` of whole numbers | wraps around at 64 bits | an error | wraps around, or an error | nothing: cast to decimal where it may |
//! | integer overflow in `+`, `*` | wraps around | an error | by a setting | nothing |
//! | `1 / 0` of integers | an error | an error | null | nothing |
//! | regular expressions | Rust's: linear, no look-around | Java's | Java's | nothing |
//! | `approx_distinct` and other sketches | its own | its own | its own | nothing: they are approximate |
//! | a moment | microseconds | milliseconds | microseconds | nothing: a model by Athena has milliseconds |
//! | text in `=` | by bytes | by bytes | by bytes | nothing |
//! | `date_format`, `date_parse`, `date_diff` in a model by Spark | | | Java's patterns; none; other arguments | nothing: Spark refuses what it does not know, and `date_format` has its patterns |
//! | an integer divided by one | an integer | an integer | a double | nothing: cast it |
//! | `json_extract_scalar`, `element_at`, lambdas | none | yes | other names | an unknown function is a fault of `check` |
//!
//! # Types
//!
//! Gold holds the types of `lake.toml`. Narrow and unsigned numbers become the next wider signed one,
//! moments become microseconds without a zone, in UTC. A list, a struct, a span of time or a column
//! that is always null is a fault which says what to do. Every column can be null.

mod answer;
mod build;
mod builder;
mod check;
mod fault;
mod functions;
mod iceberg;
mod joins;
mod maintain;
mod parse;
mod scan;
mod session;
mod sieve;
mod store;
mod types;

pub use answer::Answer;
pub use build::{
    Athena, Built, By, FailedTest, Job, Outside, Places, Ports, Published, Random, Spark, build, session,
    system_random,
};
pub use builder::Engine;
pub use check::{Checked, check};
pub use fault::{Error, Fault, Result};
pub use iceberg::{Place, Renamed};
pub use maintain::{Rules, Upkeep, maintain};
pub use session::{Rows, Session, Settings};
pub use types::{TypedColumn, arrow_of, gold_type, silver_columns};
