//! The words of a lake, shared by the control plane and the data plane.
//!
//! Everything here is a value: no I/O, no async, no clock, no environment. What a user may write
//! in `lake.toml` is the business of `tarn-config`; this crate holds what it means.

mod arn;
mod arrival;
mod calendar;
mod cells;
mod csv;
mod data;
mod environment;
mod filter;
mod frequency;
mod governed;
mod grants;
mod handler;
mod lake;
mod literal;
mod model;
mod moment;
mod names;
mod ops;
mod pattern;
mod pii;
mod placement;
mod quality;
mod resources;
mod table;
mod tags;
mod types;
mod view;
mod zone;

pub use arn::{InvalidArn, KeyArn, PolicyArn, PrincipalArn, RoleArn, is_account};
pub use arrival::{Arrival, OnOverwrite, SchemaChange};
pub use calendar::{DailyTime, Day, InvalidDate, MonthlyTime, WeeklyTime};
pub use cells::CellsFilter;
pub use csv::{BadRows, Compression, Csv, Encoding, Escape, Format, OnBadRow};
pub use data::{DATA_BEARING, holds_data};
pub use environment::{Alarms, Architecture, Backups, Deployment, Environment, Retention};
pub use filter::{
    Ask, ColumnTest, Comparison, Condition, Form, InvalidFilter, Misfit, RowFilter, SqlLiteral,
};
pub use frequency::{Frequency, Period};
pub use governed::{Columns, Governed, Grant, Permission};
pub use grants::Grantee;
pub use handler::{Handler, Settings, SettingsError, variable};
pub use lake::{Lake, Schedule};
pub use literal::Literal;
pub use model::{Engine, Materialise, Model, ModelFormat, ModelTest, PartitionField, Transform};
pub use moment::{InvalidMoment, Moment};
pub use names::{ColumnName, EnvironmentName, InvalidName, LakeName, TableName, ZoneName};
pub use ops::{OpsColumn, OpsTable};
pub use pattern::{Captures, FilePattern, ImpossibleDay, InvalidPattern, Matched};
pub use pii::Pii;
pub use placement::Placement;
pub use quality::{Disguise, InvalidValuePattern, Quality, ValuePattern};
pub use resources::{Bucket, Database, LONGEST_BUCKET_NAME, Names, StackId};
pub use table::{Column, ColumnSource, Layout, Table};
pub use tags::TaggedTable;
pub use types::{ColumnType, InvalidType, TimeFormat, TimeUnit};
pub use view::{MASK, Treatment, View};
pub use zone::{Mode, Pick, Uncleared, Zone, ZoneTable};
