//! What a destruction does with data: a protected environment is left alone until somebody names it,
//! and then goes whole; `--keep-data` leaves the buckets and their bytes.

use crate::lake::LocalLake;

const DESTROY: [&str; 3] = ["destroy", "--local", "--yes"];

fn with_environment(lake: &LocalLake, before: &str, settings: &str) {
    lake.project.write("lake.toml", format!("{before}\n[env.kept]\n{settings}\n"));
}

#[test]
fn a_protected_lake_goes_only_by_its_name_and_kept_data_stays() {
    let lake = LocalLake::start("retail", "kept");
    let text = std::fs::read_to_string(lake.project.path("lake.toml")).unwrap();
    with_environment(&lake, &text, "protected = true");
    a_protected_lake_goes_only_by_its_name(&lake);
    with_environment(&lake, &text, "protected = false");
    kept_data_stays(&lake);
}

fn a_protected_lake_goes_only_by_its_name(lake: &LocalLake) {
    lake.project.json(&["deploy", "--local", "--yes"]);
    let whole = lake.inventory();
    // Its file is gone; the stacks and what the ops bucket records are not.
    let file = lake.project.path("lake.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let named = [&DESTROY[..], &["--lake", "retail"]].concat();
    for wrong in [&[][..], &["--protected", "dev"], &["--keep-data"]] {
        let refused = lake.project.tarn(&[&named, wrong].concat());
        assert_eq!(refused.code, 2, "{wrong:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("nothing was touched"), "{}", refused.stderr);
    }
    assert_eq!(lake.inventory(), whole);

    let destroyed = lake.project.json(&[&named, &["--protected", "kept"][..]].concat());
    assert_eq!(destroyed["good"], true, "{destroyed:#}");
    for (kind, names) in lake.inventory() {
        assert!(names.is_empty(), "{kind} left: {names:?}");
    }
    lake.project.write("lake.toml", text);
}

fn kept_data_stays(lake: &LocalLake) {
    lake.project.json(&["deploy", "--local", "--yes"]);
    lake.project.write("data/events_1.csv", "timestamp,visitorid,event,itemid,transactionid\n");
    assert_eq!(lake.push("data"), 1);
    let before = lake.inventory();

    let destroyed = lake.project.json(&[&DESTROY[..], &["--keep-data"]].concat());
    assert_eq!(destroyed["good"], true, "{destroyed:#}");
    let after = lake.inventory();
    let kept = ["buckets", "tables", "key aliases"];
    for (kind, names) in &after {
        let wanted = if kept.contains(&kind.as_str()) { before[kind].clone() } else { Vec::new() };
        assert_eq!(*names, wanted, "{kind}");
    }
    let receipt = destroyed["receipt"].as_array().unwrap();
    let buckets = receipt.iter().find(|line| line["kind"] == "buckets").unwrap();
    assert_eq!(buckets["kept"].as_array().unwrap().len(), before["buckets"].len(), "{buckets:#}");
    assert_eq!(lake.objects("landing"), ["events_1.csv"], "its bytes are there");
    let doctor = lake.project.tarn(&["doctor", "--local"]);
    assert_eq!(doctor.code, 1, "the names are taken: {}", doctor.stdout);
}
