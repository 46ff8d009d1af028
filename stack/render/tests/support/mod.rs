//! A lake like the retail example, made by hand, and ways to look into templates.

#![allow(dead_code, reason = "every test binary uses a part")]

use serde_json::Value;
use tarn_lake::{
    Alarms, Architecture, Arrival, BadRows, Column, ColumnName, ColumnType, Csv, Deployment, Engine,
    Environment, EnvironmentName, FilePattern, KeyArn, Lake, LakeName, Layout, Placement, PolicyArn,
    PrincipalArn, Retention, RoleArn, Schedule, Table, TableName, Zone, ZoneName,
};
use tarn_render::{Options, Target, Template, TemplateSet, render};

/// Three tables, two zones, a daily run and runs on arrival.
pub fn retail() -> Lake {
    Lake {
        name: LakeName::new("retail").unwrap(),
        description: "Clickstream of an online shop".into(),
        environment: Environment::throwaway(EnvironmentName::new("dev").unwrap()),
        schedule: Schedule { daily: Some("02:30".parse().unwrap()), on_arrival: true, ..Schedule::default() },
        readers: Vec::new(),
        clearance: tarn_lake::Pii::None,
        tables: ["events", "item_properties", "category_tree"].map(table).into(),
        zones: vec![
            zone("marketing", &["events", "category_tree"]),
            zone("recommender", &["events", "item_properties", "category_tree"]),
        ],
        models: Vec::new(),
    }
}

/// The same with two models, of which one reads the other, and somebody who reads silver and gold.
pub fn modelled() -> Lake {
    let mut lake = retail();
    let model = |name: &str, inputs: &[&str]| {
        let model = serde_json::json!({
            "name": name, "sql": "select 1", "inputs": inputs, "materialise": "replace",
        });
        serde_json::from_value(model).unwrap()
    };
    lake.models = vec![model("top_items", &["views_by_day"]), model("views_by_day", &["events"])];
    lake.readers = vec![PrincipalArn::new("role/Analyst").unwrap()];
    lake
}

/// The same, and Athena runs one of its models.
pub fn asking() -> Lake {
    let mut lake = modelled();
    lake.models[1].engine = Engine::Athena;
    lake
}

/// The same, and Spark runs one of its models.
pub fn sparkling() -> Lake {
    let mut lake = modelled();
    lake.models[1].engine = Engine::Spark;
    lake
}

/// The same, and its data outlives its stacks.
pub fn protected() -> Lake {
    let mut lake = retail();
    lake.environment = Environment::new(EnvironmentName::new("prod").unwrap(), true);
    lake
}

/// The same in an account with rules of its own: everything that `[aws]`, `[retention]`, `[alarms]`
/// and a zone may say.
pub fn governed() -> Lake {
    let mut lake = protected();
    lake.schedule.weekly = Some("sun 03:00".parse().unwrap());
    lake.schedule.monthly = Some("28 04:05".parse().unwrap());
    lake.environment.deployment = Deployment {
        account: Some("123456789012".into()),
        region: Some("eu-west-1".into()),
        architecture: Architecture::Arm64,
        permissions_boundary: Some(PolicyArn::new(PolicyArn::EXAMPLE).unwrap()),
        service_role: Some(RoleArn::new(RoleArn::EXAMPLE).unwrap()),
        lake_formation_admin: Some(RoleArn::new(RoleArn::EXAMPLE).unwrap()),
        kms_key: Some(KeyArn::new(KeyArn::EXAMPLE).unwrap()),
    };
    lake.environment.retention = Retention {
        landing_days: Some(401),
        quarantine_days: Some(182),
        old_versions_days: 13,
        runs_days: 94,
        query_results_days: 6,
        access_logs_days: 125,
        logs_days: 60,
    };
    lake.environment.alarms =
        Alarms { emails: vec!["a.b@example.com".into(), "x@example.com".into()], silent_hours: Some(26) };
    lake.zones[0].readers = vec![PrincipalArn::new(PrincipalArn::EXAMPLE).unwrap()];
    lake.zones[0].scan_limit_gb = 3;
    lake.tables[0].layouts[0].columns[0].pii = tarn_lake::Pii::Low;
    lake
}

/// The same, started by nothing but the user.
pub fn unscheduled() -> Lake {
    Lake { schedule: Schedule::default(), ..retail() }
}

pub fn table(name: &str) -> Table {
    let id = Column { required: true, ..Column::new(ColumnName::new("id").unwrap(), ColumnType::Int64) };
    Table {
        name: TableName::new(name).unwrap(),
        description: format!("The {name}"),
        files: FilePattern::new(format!("{name}*.csv")).unwrap(),
        csv: Csv::default(),
        bad_rows: BadRows::default(),
        unique: Vec::new(),
        placement: Placement::default(),
        arrival: Arrival::default(),
        layouts: vec![Layout { from: None, columns: vec![id] }],
    }
}

pub fn zone(name: &str, tables: &[&str]) -> Zone {
    let tables = tables.iter().map(|table| TableName::new(*table).unwrap()).collect();
    Zone::new(ZoneName::new(name).unwrap(), format!("What {name} needs"), tables)
}

pub fn options(target: Target) -> Options {
    Options { handlers_key: "handlers/0123abcd.zip".into(), gold_key: "gold/0123abcd.zip".into(), target }
}

pub fn rendered(lake: &Lake) -> TemplateSet {
    render(lake, &options(Target::Aws)).unwrap_or_else(|error| panic!("{error}"))
}

/// Every lake worth a look, with both targets.
pub fn all_sets() -> Vec<TemplateSet> {
    let protected_with_models = Lake { environment: protected().environment, ..modelled() };
    let lakes = [
        retail(),
        protected(),
        unscheduled(),
        governed(),
        modelled(),
        asking(),
        sparkling(),
        protected_with_models,
    ];
    let targets = [Target::Aws, Target::LocalCloud];
    let sets = lakes.iter().flat_map(|lake| targets.map(|target| render(lake, &options(target)).unwrap()));
    sets.collect()
}

/// The resources of those types, with their logical ids.
pub fn of_type<'t>(template: &'t Template, kinds: &[&str]) -> Vec<(&'t str, &'t Value)> {
    let wanted = template.resources().filter(|(_, kind)| kinds.contains(kind));
    wanted.map(|(id, _)| (id, &template.body()["Resources"][id])).collect()
}

/// Every object in a value, from the outside in.
pub fn objects(value: &Value) -> Vec<&serde_json::Map<String, Value>> {
    match value {
        Value::Object(map) => std::iter::once(map).chain(map.values().flat_map(objects)).collect(),
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        _ => vec![],
    }
}

/// Every statement of every policy in a template.
pub fn statements(template: &Template) -> Vec<&Value> {
    let documents = objects(template.body()).into_iter().filter_map(|map| map.get("Statement"));
    documents.flat_map(|statements| statements.as_array().unwrap()).collect()
}

/// One text or several.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => vec![text],
        _ => vec![],
    }
}
