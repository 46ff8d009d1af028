//! What the templates are told: one full struct for each, so that a misspelt field is an error.

use serde::Serialize;
use tarn_lake::{
    Bucket, CellsFilter, Database, Handler, Lake, Mode, Names, OpsColumn, OpsTable, Pii, Retention, Schedule,
    StackId, TaggedTable, Zone,
};

use crate::grants::{GrantContext, RegisteredTable};
use crate::table_groups::TableGroups;
use crate::{Options, Target};

/// CloudFormation's limit for the description of a template, in bytes.
const LONGEST_DESCRIPTION: usize = 1_024;

/// EMR's newest release with Spark 3.5 when this was written.
/// Source: Amazon EMR release guide, release 7.14.0: Spark 3.5.8.
const SPARK_RELEASE: &str = "emr-7.14.0";

/// Once a week. It may come while a run is under way, and whoever reads silver sees only duplicates go.
const JANITOR_COMES: &str = "cron(20 3 ? * SUN *)";

/// Once a week, an hour after the janitor, and before most people begin to work.
const BACKUP_COMES: &str = "cron(20 4 ? * SUN *)";

/// Once a week, between the two: a backup is of tables that were kept.
const UPKEEP_COMES: &str = "cron(50 3 ? * SUN *)";

/// Tables that a crawler may find beyond those of the lake before it gives up.
const UNEXPECTED_TABLES: usize = 10;

/// Makes the contexts of one lake.
pub(crate) struct Contexts<'a> {
    lake: &'a Lake,
    options: &'a Options,
    pub(crate) names: Names,
}

/// What every template may say of the lake.
#[derive(Debug, Serialize)]
pub(crate) struct LakeContext {
    stack: &'static str,
    name: String,
    environment: String,
    description: String,
    prefix: String,
    databases: String,
    /// Whether grants or tags name tables, which are then registered by who grants.
    registers_early: bool,
    protected: bool,
    local_cloud: bool,
    architecture: &'static str,
    permissions_boundary: Option<String>,
    kms_key: Option<String>,
    hashes: bool,
    retention: Retention,
    handlers_key: String,
    gold_key: String,
    /// Whether it has models, and so gold.
    models: bool,
    /// What models need that Spark runs, if there are any.
    spark: Option<SparkContext>,
    /// Whether a model may take hours.
    patient: bool,
    /// What a model is tried again for, a few times.
    models_retried: &'static [&'static str],
    key_alias: String,
    ledger: String,
    state_machine: String,
    govern_role: String,
    exports: Exports,
    buckets: BucketNames,
    handlers: HandlerWords,
    functions: HandlerWords,
}

/// Where jobs of Spark run, and as whom.
#[derive(Debug, Serialize)]
struct SparkContext {
    application: String,
    role: String,
    release: &'static str,
}

/// What stacks hand each other.
#[derive(Debug, Serialize)]
struct Exports {
    key: String,
    hash_key: String,
    emptier_role: String,
    govern_role: String,
}

#[derive(Debug, Serialize)]
struct BucketNames {
    landing: String,
    bronze: String,
    silver: String,
    gold: String,
    quarantine: String,
    ops: String,
    logs: String,
}

/// A word for each handler: its own name, or its function's.
#[derive(Debug, Serialize)]
struct HandlerWords {
    custom_resource: String,
    govern: String,
    trigger: String,
    plan_run: String,
    convert: String,
    commit: String,
    model: String,
    sync: String,
    run_crawlers: String,
    account: String,
    janitor: String,
    backup: String,
    upkeep: String,
}

/// Of `foundation.yaml.tera`.
#[derive(Debug, Serialize)]
pub(crate) struct FoundationContext {
    description: String,
    lake: LakeContext,
}

/// Of `storage.yaml.tera`.
#[derive(Debug, Serialize)]
pub(crate) struct StorageContext {
    description: String,
    lake: LakeContext,
    database: String,
    gold_database: String,
    crawler: String,
    table_threshold: usize,
    lake_formation_admin: Option<String>,
    grants: Vec<GrantContext>,
    tables: Vec<RegisteredTable>,
    pii_tag: String,
    pii_values: Vec<&'static str>,
    tags: Vec<TaggedTable>,
    ops_database: String,
    ops_tables: Vec<OpsTableContext>,
}

/// A table in which the lake keeps what it knows of itself.
#[derive(Debug, Serialize)]
struct OpsTableContext {
    id: String,
    name: &'static str,
    description: &'static str,
    location: String,
    by_day: bool,
    columns: Vec<OpsColumnContext>,
}

#[derive(Debug, Serialize)]
struct OpsColumnContext {
    name: &'static str,
    kind: &'static str,
    meaning: &'static str,
}

/// Of `pipeline.yaml.tera`. It holds nothing of the zones.
#[derive(Debug, Serialize)]
pub(crate) struct PipelineContext {
    description: String,
    lake: LakeContext,
    database: String,
    gold_database: String,
    /// The workgroup of models that Athena runs, if there are any.
    athena: Option<String>,
    /// The state after Commit.
    after_commit: &'static str,
    grants: Vec<GrantContext>,
    tables: Vec<RegisteredTable>,
    schedule: ScheduleContext,
    mails: Vec<MailContext>,
    silent_hours: Option<u32>,
}

#[derive(Debug, Serialize)]
struct ScheduleContext {
    on_arrival: bool,
    times: Vec<TimeContext>,
    /// When the janitor comes.
    janitor: &'static str,
    /// What it is called with.
    janitor_input: &'static str,
    /// When a backup is made.
    backup: &'static str,
    /// What for.
    backup_input: &'static str,
    /// When the tables of models are kept.
    upkeep: &'static str,
    /// What the upkeep is called with.
    upkeep_input: &'static str,
}

/// A time at which a run starts.
#[derive(Debug, Serialize)]
struct TimeContext {
    id: &'static str,
    word: &'static str,
    cron: String,
}

/// Somebody who is told.
#[derive(Debug, Serialize)]
struct MailContext {
    id: String,
    address: String,
}

/// Of `consumption.yaml.tera`.
#[derive(Debug, Serialize)]
pub(crate) struct ConsumptionContext {
    description: String,
    lake: LakeContext,
    workgroup: String,
}

/// What a zone's sync function needs.
#[derive(Debug, Serialize)]
struct SyncWords {
    /// In MB.
    memory: u32,
    /// In MB.
    storage: u32,
}

impl SyncWords {
    /// Copies are S3's work. A file that is written anew lies in the function's storage, and a row group
    /// of it in its memory.
    fn of(lake: &Lake, zone: &Zone) -> Self {
        let rewrites = lake.views(zone).any(|view| view.mode == Mode::Copy && !view.is_whole());
        if rewrites { Self { memory: 1_769, storage: 4_096 } } else { Self { memory: 512, storage: 512 } }
    }
}

/// Of `zone.yaml.tera`.
#[derive(Debug, Serialize)]
pub(crate) struct ZoneContext {
    description: String,
    lake: LakeContext,
    zone: ZoneWords,
    grants: Vec<GrantContext>,
    tables: Vec<RegisteredTable>,
    filters: Vec<CellsFilter>,
}

#[derive(Debug, Serialize)]
struct ZoneWords {
    name: String,
    description: String,
    tables: TableGroups,
    sync: SyncWords,
    /// Tables of silver that its readers read where they lie.
    shares: Vec<String>,
    silver: String,
    readers: Vec<serde_json::Value>,
    scan_limit: u64,
    table_threshold: usize,
    bucket: String,
    database: String,
    crawler: String,
    sync_function: String,
    workgroup: String,
}

impl<'a> Contexts<'a> {
    pub(crate) fn new(lake: &'a Lake, options: &'a Options) -> Self {
        let names = Names::for_template(lake.name.clone(), lake.environment.name.clone());
        Self { lake, options, names }
    }

    pub(crate) fn foundation(&self) -> FoundationContext {
        FoundationContext { description: self.description("foundation"), lake: self.lake("foundation") }
    }

    pub(crate) fn storage(&self) -> StorageContext {
        StorageContext {
            description: self.description("storage"),
            lake: self.lake("storage"),
            database: self.names.database(&Database::Silver),
            gold_database: self.names.database(&Database::Gold),
            crawler: self.names.crawler(&Database::Silver),
            table_threshold: self.lake.tables.len() + UNEXPECTED_TABLES,
            lake_formation_admin: self
                .lake
                .environment
                .deployment
                .lake_formation_admin
                .as_ref()
                .map(ToString::to_string),
            grants: self.grants(&StackId::Storage),
            tables: self.by_name(&StackId::Storage),
            pii_tag: self.names.pii_tag(),
            pii_values: Pii::tag_values(),
            tags: self.lake.tags(&self.names),
            ops_database: self.names.ops_database(),
            ops_tables: OpsTable::ALL.into_iter().map(|table| self.ops_table(table)).collect(),
        }
    }

    fn ops_table(&self, table: OpsTable) -> OpsTableContext {
        let (first, rest) = table.name().split_at(1);
        let column = |(name, kind, meaning): &OpsColumn| OpsColumnContext { name, kind, meaning };
        OpsTableContext {
            id: format!("Ops{}{rest}", first.to_uppercase()),
            name: table.name(),
            description: table.description(),
            location: format!("s3://{}/{}", self.names.bucket(&table.bucket()), table.prefix()),
            by_day: table.is_by_day(),
            columns: table.columns().iter().map(column).collect(),
        }
    }

    fn schedule(&self) -> ScheduleContext {
        let schedule = &self.lake.schedule;
        ScheduleContext {
            on_arrival: schedule.on_arrival,
            times: times(schedule),
            janitor: JANITOR_COMES,
            janitor_input: if self.lake.environment.protected { r#"{"dry_run":true}"# } else { "{}" },
            backup: BACKUP_COMES,
            backup_input: if self.lake.environment.protected { r#"{"keep_all":true}"# } else { "{}" },
            upkeep: UPKEEP_COMES,
            upkeep_input: if self.lake.environment.protected { r#"{"leave_files":true}"# } else { "{}" },
        }
    }

    pub(crate) fn pipeline(&self) -> PipelineContext {
        PipelineContext {
            description: self.description("pipeline"),
            lake: self.lake("pipeline"),
            database: self.names.database(&Database::Silver),
            gold_database: self.names.database(&Database::Gold),
            athena: self.lake.asks_athena().then(|| self.names.workgroup(None)),
            after_commit: if self.lake.models.is_empty() { "Sync" } else { "Models" },
            grants: self.grants(&StackId::Pipeline),
            tables: Vec::new(),
            schedule: self.schedule(),
            mails: self.lake.environment.alarms.emails.iter().map(|address| mail(address)).collect(),
            silent_hours: self.lake.environment.alarms.silent_hours,
        }
    }

    pub(crate) fn consumption(&self) -> ConsumptionContext {
        ConsumptionContext {
            description: self.description("consumption"),
            lake: self.lake("consumption"),
            workgroup: self.names.workgroup(None),
        }
    }

    pub(crate) fn zone(&self, zone: &Zone) -> ZoneContext {
        let (bucket, database) = (Bucket::Zone(zone.name.clone()), Database::Zone(zone.name.clone()));
        let whole = format!("{} (tarn, zone {}): {}", self.names.prefix(), zone.name, zone.description);
        ZoneContext {
            description: clipped(whole),
            lake: self.lake("zone"),
            zone: ZoneWords {
                name: zone.name.to_string(),
                description: zone.description.clone(),
                sync: SyncWords::of(self.lake, zone),
                shares: zone.shares().map(|table| table.name.to_string()).collect(),
                silver: self.names.database(&Database::Silver),
                tables: TableGroups::of(zone.copies().map(|table| &table.name)),
                readers: zone.readers.iter().map(crate::grants::named).collect(),
                scan_limit: u64::from(zone.scan_limit_gb) << 30,
                table_threshold: zone.copies().count() + UNEXPECTED_TABLES,
                bucket: self.names.bucket(&bucket),
                database: self.names.database(&database),
                crawler: self.names.crawler(&database),
                sync_function: self.names.sync_function(&zone.name),
                workgroup: self.names.workgroup(Some(&zone.name)),
            },
            grants: self.grants(&StackId::Zone(zone.name.clone())),
            tables: self.by_name(&StackId::Zone(zone.name.clone())),
            filters: self.lake.filters(&StackId::Zone(zone.name.clone()), &self.names),
        }
    }

    fn grants(&self, stack: &StackId) -> Vec<GrantContext> {
        let governor = self.govern_export();
        let grants = self.lake.grants(stack, &self.names).into_iter();
        grants.map(|grant| GrantContext::of(grant, &governor)).collect()
    }

    fn by_name(&self, stack: &StackId) -> Vec<RegisteredTable> {
        let tables = self.lake.registered_by(stack).into_iter();
        tables.map(|table| RegisteredTable::of(table, &self.names)).collect()
    }

    fn govern_export(&self) -> String {
        format!("{}-GovernRoleArn", self.names.prefix())
    }

    fn description(&self, stack: &str) -> String {
        clipped(format!("{} (tarn, {stack}): {}", self.names.prefix(), self.lake.description))
    }

    fn lake(&self, stack: &'static str) -> LakeContext {
        let (lake, names) = (self.lake, &self.names);
        let deployment = &lake.environment.deployment;
        LakeContext {
            stack,
            name: lake.name.to_string(),
            environment: lake.environment.name.to_string(),
            description: lake.description.clone(),
            prefix: names.prefix(),
            databases: names.prefix().replace('-', "_"),
            registers_early: lake.registers_early(),
            protected: lake.environment.protected,
            local_cloud: self.options.target == Target::LocalCloud,
            architecture: deployment.architecture.name(),
            permissions_boundary: deployment.permissions_boundary.as_ref().map(ToString::to_string),
            kms_key: deployment.kms_key.as_ref().map(ToString::to_string),
            hashes: lake.hashes(),
            retention: lake.environment.retention,
            handlers_key: self.options.handlers_key.clone(),
            gold_key: self.options.gold_key.clone(),
            models: !lake.models.is_empty(),
            spark: lake.asks_spark().then(|| SparkContext {
                application: names.spark_application(),
                role: names.spark_role(),
                release: SPARK_RELEASE,
            }),
            patient: lake.asks_spark(),
            models_retried: if lake.asks_spark() { &["Conflict"] } else { &["Conflict", "OutOfTime"] },
            key_alias: names.key_alias(),
            ledger: names.ledger(),
            state_machine: names.state_machine(),
            govern_role: names.govern_role(),
            exports: Exports {
                key: format!("{}-KeyArn", names.prefix()),
                hash_key: format!("{}-HashKeyArn", names.prefix()),
                emptier_role: format!("{}-EmptierRoleArn", names.prefix()),
                govern_role: self.govern_export(),
            },
            buckets: BucketNames::new(names),
            handlers: HandlerWords::new(|handler| handler.name().to_owned()),
            functions: HandlerWords::new(|handler| names.function(handler)),
        }
    }
}

/// The stacks that a stack needs something of.
pub(crate) fn depends_on(stack: &StackId) -> Vec<StackId> {
    match stack {
        StackId::Foundation => vec![],
        StackId::Storage | StackId::Consumption => vec![StackId::Foundation],
        StackId::Pipeline | StackId::Zone(_) => vec![StackId::Foundation, StackId::Storage],
    }
}

impl BucketNames {
    fn new(names: &Names) -> Self {
        Self {
            landing: names.bucket(&Bucket::Landing),
            bronze: names.bucket(&Bucket::Bronze),
            silver: names.bucket(&Bucket::Silver),
            gold: names.bucket(&Bucket::Gold),
            quarantine: names.bucket(&Bucket::Quarantine),
            ops: names.bucket(&Bucket::Ops),
            logs: names.bucket(&Bucket::Logs),
        }
    }
}

impl HandlerWords {
    fn new(word: impl Fn(Handler) -> String) -> Self {
        Self {
            custom_resource: word(Handler::CustomResource),
            govern: word(Handler::Govern),
            trigger: word(Handler::Trigger),
            plan_run: word(Handler::PlanRun),
            convert: word(Handler::Convert),
            commit: word(Handler::Commit),
            model: word(Handler::Model),
            sync: word(Handler::Sync),
            run_crawlers: word(Handler::RunCrawlers),
            account: word(Handler::Account),
            janitor: word(Handler::Janitor),
            backup: word(Handler::Backup),
            upkeep: word(Handler::Upkeep),
        }
    }
}

/// The times of a schedule, in EventBridge's own words.
fn times(schedule: &Schedule) -> Vec<TimeContext> {
    let daily = schedule.daily.map(|at| TimeContext {
        id: "Daily",
        word: "daily",
        cron: format!("cron({} {} * * ? *)", at.minute, at.hour),
    });
    let weekly = schedule.weekly.map(|at| TimeContext {
        id: "Weekly",
        word: "weekly",
        cron: format!("cron({} {} ? * {} *)", at.time.minute, at.time.hour, at.day().to_uppercase()),
    });
    let monthly = schedule.monthly.map(|at| TimeContext {
        id: "Monthly",
        word: "monthly",
        cron: format!("cron({} {} {} * ? *)", at.time.minute, at.time.hour, at.day),
    });
    daily.into_iter().chain(weekly).chain(monthly).collect()
}

/// A mail's subscription. Its logical id follows from the address alone, so that nobody has to
/// confirm again because somebody else left; `x` stands before the hexadecimal of what an id cannot
/// hold, and of itself.
fn mail(address: &str) -> MailContext {
    let spelled = address.bytes().map(|byte| match byte {
        b'x' => "x78".to_owned(),
        plain if plain.is_ascii_alphanumeric() => char::from(plain).to_string(),
        other => format!("x{other:02x}"),
    });
    MailContext { id: format!("MailTo{}", spelled.collect::<String>()), address: address.to_owned() }
}

/// As much of a description as CloudFormation takes.
fn clipped(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_DESCRIPTION));
    text
}
