//! What a right file means: order, defaults, layouts, environments.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

use std::num::NonZeroU8;

use tarn_config::{Code, Parsed, Severity, Source, parse};
use tarn_lake::{
    Architecture, BadRows, ColumnSource, ColumnType, Compression, Csv, Disguise, Encoding, Environment,
    EnvironmentName, Escape, Format, Frequency, Lake, Mode, OnBadRow, OnOverwrite, Pick, Pii, Quality,
    Retention, Schedule, SchemaChange, TimeFormat, TimeUnit, Uncleared, Zone, ZoneTable,
};

const MINIMAL: &str = include_str!("valid/minimal.toml");
const EVERYTHING: &str = include_str!("valid/everything.toml");
const RETAIL: &str = include_str!("../../../examples/retail/lake.toml");

fn read(text: &str, environment: &str) -> Parsed {
    let source = Source { path: "lake.toml", text };
    parse(text, &EnvironmentName::new(environment).unwrap()).unwrap_or_else(|faults| {
        let pictures: Vec<_> = faults.iter().map(|fault| fault.render(&source, false)).collect();
        panic!("{}", pictures.join("\n"))
    })
}

fn columns(lake: &Lake, table: usize, layout: usize) -> Vec<&str> {
    lake.tables[table].layouts[layout].columns.iter().map(|column| column.name.as_str()).collect()
}

#[test]
fn the_example_has_neither_faults_nor_warnings() {
    let Parsed { lake, warnings } = read(RETAIL, "dev");
    assert_eq!(warnings, []);
    assert_eq!(lake.tables.len(), 3);
    assert_eq!(lake.zones.len(), 2);
    assert_eq!(columns(&lake, 0, 0), ["timestamp", "visitorid", "event", "itemid", "transactionid"]);
}

#[test]
fn what_is_left_out_has_its_default() {
    let Parsed { lake, warnings } = read(MINIMAL, "dev");
    assert_eq!(lake.description, "");
    assert_eq!(lake.schedule.daily, None);
    assert!(!lake.schedule.on_arrival);
    assert_eq!(lake.tables[0].csv, Csv::default());
    assert_eq!(lake.tables[0].layouts[0].from, None);
    let column = &lake.tables[0].layouts[0].columns[0];
    assert_eq!((&column.format, column.required), (&TimeFormat::Iso, false));
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert_eq!((warning.severity, warning.code), (Severity::Warning, Code::NoSchedule));
}

#[test]
fn only_prod_is_protected_unless_the_file_says_otherwise() {
    for (text, environment, protected) in [
        (MINIMAL, "dev", false),
        (MINIMAL, "prod", true),
        (EVERYTHING, "dev", true),
        (EVERYTHING, "prod", false),
        (EVERYTHING, "test", false),
    ] {
        let environment = read(text, environment).lake.environment;
        assert_eq!(environment.protected, protected, "{}", environment.name);
    }
}

#[test]
fn an_environment_says_what_it_differs_in() {
    let Lake { environment: dev, schedule, .. } = read(EVERYTHING, "dev").lake;
    let Lake { environment: prod, schedule: of_prod, .. } = read(EVERYTHING, "prod").lake;
    let times = |schedule: Schedule| {
        (
            schedule.daily.map(String::from),
            schedule.weekly.map(String::from),
            schedule.monthly.map(String::from),
        )
    };
    let wanted = |daily: &str| (Some(daily.into()), Some("sun 03:00".into()), Some("1 04:00".into()));
    assert_eq!((times(schedule), times(of_prod)), (wanted("02:30"), wanted("01:15")));
    assert!(of_prod.on_arrival);
    let architectures = (dev.deployment.architecture, prod.deployment.architecture);
    assert_eq!(architectures, (Architecture::X86_64, Architecture::Arm64));
    assert_eq!(dev.deployment.account.as_deref(), Some("123456789012"));
    assert_eq!((&prod.deployment.account, &prod.deployment.kms_key), (&None, &None));
    assert_eq!(dev.deployment.region, prod.deployment.region);
    let role = |environment: &Environment| environment.deployment.service_role.clone().map(String::from);
    assert_eq!(role(&dev).as_deref(), Some("arn:aws:iam::123456789012:role/LakeDeployment"));
    assert!(dev.deployment.kms_key.is_some() && dev.deployment.permissions_boundary.is_some());
    assert_eq!(dev.retention, Retention { logs_days: 7, ..prod.retention });
    assert_eq!((prod.retention.landing_days, prod.retention.runs_days), (Some(400), 90));
    assert_eq!((dev.alarms.emails.len(), prod.alarms.emails.len()), (2, 1));
    assert_eq!(prod.alarms.silent_hours, Some(26));
    assert_eq!((dev.backup.keep, prod.backup.keep), (12, 3));
    let tags = |environment: &Environment| environment.tags.values().cloned().collect::<Vec<_>>();
    assert_eq!(
        (tags(&dev), tags(&prod)),
        (vec!["4711".into(), "dev-data".into()], vec!["4711".to_owned(), "data".into()])
    );
}

#[test]
fn what_is_to_last_is_warned_of_when_nobody_looks_after_it() {
    let codes = |text: &str, environment: &str| -> Vec<_> {
        read(text, environment).warnings.iter().map(|warning| warning.code).collect()
    };
    assert_eq!(codes(RETAIL, "dev"), []);
    assert_eq!(codes(RETAIL, "prod"), [Code::NobodyIsTold, Code::AnyAccount]);
    let looked_after = RETAIL.replace(
        "[schedule]",
        "[env.prod]\naws.account = \"123456789012\"\nalarms.emails = [\"a@example.com\"]\n[schedule]",
    );
    assert_eq!(codes(&looked_after, "prod"), []);
}

#[test]
fn readers_and_the_limit_of_a_zone_are_read() {
    let lake = read(EVERYTHING, "dev").lake;
    let of_silver: Vec<_> = lake.readers.iter().map(|reader| reader.as_str()).collect();
    assert_eq!(of_silver, ["role/DataEngineer", "arn:aws:iam::123456789012:user/ana"]);
    assert_eq!((lake.zones[0].readers.len(), lake.zones[0].scan_limit_gb), (0, 100));
    let readers: Vec<_> = lake.zones[1].readers.iter().map(|reader| reader.as_str()).collect();
    let wanted = ["arn:aws:iam::123456789012:role/finance/Analyst", "arn:aws:iam::123456789012:user/ana"];
    assert_eq!((readers, lake.zones[1].scan_limit_gb), (wanted.to_vec(), 20));
}

#[test]
fn columns_keep_the_order_of_the_file() {
    let lake = read(EVERYTHING, "dev").lake;
    assert_eq!(columns(&lake, 1, 0)[..6], ["day", "at", "seen", "amount", "kind", "state"]);
    assert_eq!(columns(&lake, 0, 1), ["zeta", "alpha", "currency", "ordered", "shop"]);
    let many: Vec<String> = (0..200).map(|n| format!("c{}", (n * 77) % 200)).collect();
    let inline: Vec<String> = many.iter().map(|name| format!("{name} = \"int64\"")).collect();
    let text = MINIMAL.replace("itemid = \"int64\"", &inline.join(", "));
    assert_eq!(columns(&read(&text, "dev").lake, 0, 0), many);
}

#[test]
fn layouts_are_ordered_by_their_days() {
    let lake = read(EVERYTHING, "dev").lake;
    let days: Vec<_> = lake.tables[0].layouts.iter().map(|layout| layout.from.map(String::from)).collect();
    assert_eq!(days, [Some("2024-01-01".into()), Some("2025-06-01".into())]);
    assert_eq!(columns(&lake, 0, 0), ["zeta", "alpha"]);
    assert!(lake.tables[0].layouts[0].columns[1].required);
}

#[test]
fn types_and_formats_are_read() {
    let lake = read(EVERYTHING, "dev").lake;
    let columns = &lake.tables[1].layouts[0].columns;
    assert_eq!(columns[0].format, TimeFormat::Pattern("%d.%m.%Y".into()));
    assert_eq!(columns[1].kind, ColumnType::Timestamp(TimeUnit::Micros));
    assert_eq!(columns[1].format, TimeFormat::EpochMillis);
    assert_eq!(columns[3].kind, ColumnType::Decimal { precision: 10, scale: 2 });
    assert!(columns[4].required);
    assert_eq!(lake.tables[0].csv.delimiter, '\t');
    assert_eq!(lake.tables[0].csv.nulls, ["NULL", "n/a"]);
}

#[test]
fn a_format_is_read() {
    let lake = read(EVERYTHING, "dev").lake;
    let wanted = Csv {
        format: Format::Csv,
        delimiter: '\t',
        quote: Some('\''),
        escape: Escape::Backslash,
        comment: Some('#'),
        header: false,
        skip_lines: 2,
        encoding: Encoding::Windows1252,
        compression: Compression::Gzip,
        decimal_comma: true,
        nulls: vec!["NULL".into(), "n/a".into()],
    };
    assert_eq!(lake.tables[0].csv, wanted);
    assert_eq!(lake.tables[1].csv, Csv { quote: None, ..Csv::default() });
    let wanted = Csv {
        format: Format::JsonLines,
        encoding: Encoding::Utf16Le,
        compression: Compression::Zstd,
        nulls: vec!["n/a".into()],
        ..Csv::default()
    };
    assert_eq!(lake.tables[2].csv, wanted);
    assert_eq!(lake.tables[1].layouts[0].columns[3].nulls, ["-", "n/a"]);
}

#[test]
fn thresholds_for_bad_rows_are_read() {
    let lake = read(EVERYTHING, "dev").lake;
    let wanted = BadRows { action: OnBadRow::Null, max_rows: Some(1000), max_share: Some(0.01) };
    assert_eq!(lake.tables[0].bad_rows, wanted);
    assert_eq!(lake.tables[1].bad_rows, BadRows { action: OnBadRow::Fail, ..BadRows::default() });
    assert_eq!(read(RETAIL, "dev").lake.tables[0].bad_rows, BadRows::default());
}

#[test]
fn rules_of_columns_are_read() {
    let lake = read(EVERYTHING, "dev").lake;
    let column = |name: &str| {
        lake.tables[1].layouts[0].columns.iter().find(|column| column.name.as_str() == name).unwrap().clone()
    };
    let Quality { trim, fill, allowed, .. } = column("state").quality;
    assert_eq!((trim, fill.as_deref(), allowed), (true, Some("open"), vec!["open".into(), "paid".into()]));
    let bounds = |name: &str| {
        let Quality { min, max, fill, .. } = column(name).quality;
        [min, max, fill].map(Option::unwrap_or_default)
    };
    assert_eq!(bounds("price"), ["0", "99999.99", ""]);
    assert_eq!(bounds("since"), ["2020-01-01", "2030-12-31", "2020-02-29"]);
    assert_eq!(bounds("until"), ["", "2030-12-31T23:59:59Z", ""]);
    assert_eq!(column("country").quality.pattern.unwrap().as_str(), "[A-Z]{2}");
    assert_eq!(column("email").quality.disguise, Some(Disguise::Sha256));
    assert_eq!(column("card").quality.disguise, NonZeroU8::new(4).map(Disguise::KeepLast));
    assert_eq!(column("name").quality.disguise, Some(Disguise::Text(String::new())));
    assert_eq!(column("price").name_in_file(), "Price (EUR)");
    assert!(column("remark").drop && !lake.tables[1].layouts[0].in_silver().any(|column| column.drop));
    assert!(column("amount").quality.is_none());
}

#[test]
fn unique_keys_are_read() {
    let lake = read(EVERYTHING, "dev").lake;
    let keys = |table: usize| -> Vec<String> {
        lake.tables[table]
            .unique
            .iter()
            .map(|key| key.iter().map(|name| name.as_str()).collect::<Vec<_>>().join("+"))
            .collect()
    };
    assert_eq!(keys(0), ["zeta", "alpha+currency"]);
    assert_eq!(keys(1), ["at+kind"]);
    assert!(read(RETAIL, "dev").lake.tables[0].unique.is_empty());
}

#[test]
fn columns_that_are_not_in_the_file_are_read() {
    let lake = read(EVERYTHING, "dev").lake;
    let layout = &lake.tables[0].layouts[1];
    let sources: Vec<_> = layout.columns.iter().map(|column| column.source.clone()).collect();
    let derived = [ColumnSource::Name("date".into()), ColumnSource::Constant("web".into())];
    assert_eq!(sources[3..], derived);
    assert_eq!(layout.fields().count(), 3);
}

#[test]
fn how_a_table_takes_what_arrives_is_read() {
    let lake = read(EVERYTHING, "dev").lake;
    let first = lake.tables[0].arrival;
    assert_eq!((first.on_overwrite, first.frequency), (OnOverwrite::Replace, Frequency::Weekly));
    assert_eq!(lake.tables[1].arrival.schema_change, SchemaChange::Evolve);
    assert!(lake.tables[2].arrival.is_plain());
}

#[test]
fn a_placement_is_read() {
    let lake = read(EVERYTHING, "dev").lake;
    let placement = &lake.tables[0].placement;
    let names =
        |columns: &[tarn_lake::ColumnName]| columns.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&placement.partition_by), ["ordered", "currency"]);
    assert_eq!((placement.max_partitions, names(&placement.cluster_by)), (40, vec!["zeta".to_owned()]));
    assert!(lake.tables[1].placement.is_plain());
}

#[test]
fn folders_for_nearly_every_row_are_warned_of() {
    let text = MINIMAL
        .replace("files =", "partition_by = [\"itemid\"]\nfiles =")
        .replace("itemid = \"int64\"", "itemid = \"int64\", event = \"string\"");
    let warned = |text: &str| {
        let warnings = read(text, "dev").warnings;
        warnings.iter().filter(|warning| warning.code == Code::ManyPartitions).count()
    };
    assert_eq!(warned(&text), 1);
    assert_eq!(warned(&text.replace("files =", "max_partitions = 9\nfiles =")), 0);
    assert_eq!(warned(&text.replace("[\"itemid\"]", "[\"event\"]")), 0);
}

#[test]
fn the_lakes_own_buckets_must_fit_too() {
    let text = MINIMAL.replace("\"retail\"", "\"retail-warehouse\"");
    assert!(parse(&text, &EnvironmentName::new("staging").unwrap()).is_ok());
    let faults = parse(&text, &EnvironmentName::new("staging2").unwrap()).unwrap_err();
    let [fault] = faults.iter().filter(|f| f.code == Code::NameTooLong).collect::<Vec<_>>()[..] else {
        panic!("{faults:?}")
    };
    assert_eq!(&text[fault.span.clone()], "\"retail-warehouse\"");
    assert_eq!(fault.label, "1 character more than the 63 that S3 allows");
}

#[test]
fn a_diagnostic_is_located_for_machines() {
    let text = MINIMAL.replace("files =", "fiels =");
    let faults = parse(&text, &EnvironmentName::new("dev").unwrap()).unwrap_err();
    let fault = faults.iter().find(|fault| fault.code == Code::UnknownKey).unwrap();
    let json = serde_json::to_value(fault.located(&Source { path: "lake.toml", text: &text })).unwrap();
    let expected = serde_json::json!({
        "file": "lake.toml", "severity": "error", "code": "unknown-key", "line": 8, "column": 1,
        "title": "unknown key `fiels` in the table `events`",
        "label": "did you mean `files`?",
        "help": "write for example `files = \"events*.csv\"`",
    });
    assert_eq!(json, expected);
}

#[test]
fn a_zone_names_parts_of_tables() {
    let lake = read(EVERYTHING, "dev").lake;
    let [science, finance, audit] = lake.zones.as_slice() else { panic!("{:?}", lake.zones) };
    assert_eq!(
        (science.clearance, science.uncleared, science.max_deletions),
        (Pii::None, Uncleared::Drop, 0.3)
    );
    assert_eq!(
        (finance.clearance, finance.uncleared, finance.max_deletions),
        (Pii::Low, Uncleared::Hash, 0.5)
    );
    assert_eq!(finance.principals[0].as_str(), "role/Dashboard");
    let names = |zone: &Zone| zone.tables.iter().map(|table| table.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(finance), ["events", "orders", "clicks"], "its own tables, then those of its groups");
    let events = &finance.tables[0];
    assert_eq!((events.mode, events.frequency), (Mode::Copy, Frequency::Weekly));
    assert!(matches!(&events.columns, Pick::Except(these) if these.len() == 1));
    assert_eq!(events.rows.as_ref().unwrap().columns().len(), 3);
    assert_eq!(finance.tables[1], ZoneTable::whole(finance.tables[1].name.clone()));
    assert_eq!((audit.copies().count(), audit.shares().count()), (1, 1));
    let stored = serde_json::to_string(&lake).unwrap();
    assert_eq!(serde_json::from_str::<Lake>(&stored).unwrap(), lake);
}

#[test]
fn personal_data_is_marked() {
    let lake = read(EVERYTHING, "dev").lake;
    let pii = |name: &str| lake.tables[1].pii_of(&tarn_lake::ColumnName::new(name).unwrap());
    assert_eq!(
        [pii("email"), pii("name"), pii("country"), pii("day")],
        [Pii::High, Pii::Low, Pii::None, Pii::None]
    );
    assert_eq!(lake.clearance, Pii::Low);
}
