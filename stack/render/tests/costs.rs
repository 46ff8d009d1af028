//! What a lake costs: every resource has a price or a reason for none, every sum its lines.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use support::{all_sets, modelled, rendered, retail, unscheduled, zone};
use tarn_lake::{Disguise, Lake};
use tarn_render::costs::{Costs, Line, OfType, Prices, costs, sum};

fn estimate(lake: &Lake) -> Costs {
    costs(lake, &rendered(lake), Prices::known())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Every type that stands in the text of a template, whether or not some lake of a test has it.
fn types_in_templates() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let texts = files(&folder).into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "tera"));
    let lines = texts.flat_map(|path| {
        fs::read_to_string(path).unwrap().lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    });
    let kinds = lines.filter_map(|line| line.strip_prefix("Type: ").map(str::to_owned));
    kinds.filter(|kind| kind.contains("::")).collect()
}

#[test]
fn every_type_of_resource_has_a_price_or_a_reason_for_none() {
    let written = types_in_templates();
    let sets = all_sets();
    let resources = sets.iter().flat_map(|set| set.iter()).flat_map(|template| template.resources());
    let rendered: BTreeSet<String> = resources.map(|(_, kind)| kind.to_owned()).collect();
    assert!(rendered.is_subset(&written), "{:?}", rendered.difference(&written));
    let known: BTreeSet<String> = Prices::known().types().map(|(kind, _)| kind.to_owned()).collect();
    assert_eq!(written, known, "stack/render/src/costs/prices.toml must have each type, and none else");
}

#[test]
fn every_resource_that_costs_by_standing_there_is_counted() {
    let mut lake = retail();
    lake.tables[0].layouts[0].columns[0].quality.disguise = Some(Disguise::Sha256);
    let month = estimate(&lake).month;
    let set = rendered(&lake);
    let kinds: Vec<&str> =
        set.iter().flat_map(|template| template.resources()).map(|(_, kind)| kind).collect();
    let mut counted = 0;
    for (kind, of_type) in Prices::known().types() {
        let OfType::Priced { each, .. } = of_type else { continue };
        let count = kinds.iter().filter(|other| **other == kind).count();
        let begins = format!("{count} x {}", each.split('{').next().unwrap());
        assert!(month.iter().any(|line| line.what.starts_with(&begins)), "{begins}: {month:#?}");
        counted += 1;
    }
    assert_eq!(counted, 4);
    for line in ["janitor, backup and upkeep of models, once a week", "parts of a backup, once a week"] {
        assert!(month.iter().any(|it| it.what.ends_with(line) && it.usd > 0.0), "{line}: {month:#?}");
    }
    // A key, a secret, three alarms, one queue that is polled, and a crawl of each of three crawlers every day.
    let standing: f64 = 1.0 + 0.4 + 0.3 + 0.2628;
    let crawls = 365.0 / 12.0 * 3.0 * 2.0 * 10.0 / 60.0 * 0.44;
    let all = sum(&month);
    assert!(all > standing + crawls && all < standing + crawls + 0.1, "{all}: {month:#?}");
}

#[test]
fn every_line_is_its_count_times_its_price() {
    let all = estimate(&retail());
    let lines = [&all.month, &all.run, &all.landed, &all.kept, &all.scanned];
    for line in lines.into_iter().flatten() {
        assert!((line.count * line.price - line.usd).abs() < 1e-12, "{line:?}");
        assert!(line.usd > 0.0 && !line.unit.is_empty(), "a line without a cost is none: {line:?}");
    }
}

#[test]
fn a_lake_that_nothing_starts_costs_by_standing_there() {
    let month = estimate(&unscheduled()).month;
    assert!(month.iter().all(|line| !line.what.contains("runs")), "{month:#?}");
    assert!(sum(&month) < 2.0, "{month:#?}");
}

#[test]
fn a_zone_more_is_a_crawl_more_and_a_copy_more() {
    let (before, mut lake) = (estimate(&retail()), retail());
    lake.zones.push(zone("finance", &["events"]));
    let after = estimate(&lake);
    let crawl = 2.0 * 10.0 / 60.0 * 0.44;
    let difference = sum(&after.run) - sum(&before.run);
    assert!(difference > crawl && difference < crawl + 0.001, "{difference}");
    let copy = 0.25 / 3.0 * 0.023;
    assert!((sum(&after.kept) - sum(&before.kept) - copy).abs() < 1e-12);
}

#[test]
fn models_cost_their_functions_time_in_each_run() {
    let (with, without) = (estimate(&modelled()), estimate(&Lake { models: vec![], ..modelled() }));
    let made = 2.0 * 20.0 * 3_008.0 / 1_024.0 * 0.000_016_666_7;
    let difference = sum(&with.run) - sum(&without.run);
    assert!(difference > made && difference < made + 0.000_2, "{difference} {made}: {:#?}", with.run);
    assert!(with.run.iter().any(|line| line.what == "2 models, as if each were due"));
}

#[test]
fn graviton_is_cheaper_and_nothing_else_is_another() {
    let mut lake = retail();
    lake.environment.deployment.architecture = tarn_lake::Architecture::Arm64;
    let (arm, intel) = (estimate(&lake), estimate(&retail()));
    assert!(sum(&arm.landed) < sum(&intel.landed));
    let others =
        |lines: &[Line]| lines.iter().filter(|line| line.unit != "GB-second").cloned().collect::<Vec<_>>();
    assert_eq!(others(&arm.landed), others(&intel.landed));
    assert_eq!(arm.kept, intel.kept);
}
