//! The command is killed while it deploys and while it destroys, and the functions while they run; the next
//! one finishes their work.

use std::time::{Duration, Instant};

use crate::functions;
use crate::lake::LocalLake;

/// How long an undisturbed command takes, and that it does what it should.
fn undisturbed(lake: &LocalLake, arguments: &[&str]) -> Duration {
    let begin = Instant::now();
    let done = lake.project.json(arguments);
    assert_eq!(done["good"], true, "{done:#}");
    begin.elapsed()
}

/// So that Commit registers partitions.
fn events_have_folders(lake: &LocalLake) {
    let text = std::fs::read_to_string(lake.project.path("lake.toml")).unwrap();
    let line = "files = \"events*.csv\"\n";
    assert!(text.contains(line));
    lake.project.write("lake.toml", text.replace(line, &format!("{line}partition_by = [\"event\"]\n")));
}

/// A run that an arrival starts would take files of the run that functions are to die in.
fn nothing_wakes_the_pipeline(lake: &LocalLake) {
    let text = std::fs::read_to_string(lake.project.path("lake.toml")).unwrap();
    lake.project.write("lake.toml", text + "\n[env.kill.schedule]\non_arrival = false\n");
}

#[test]
fn what_was_killed_is_finished_by_the_next() {
    let lake = LocalLake::start("retail", "kill");
    events_have_folders(&lake);
    let deploy = ["deploy", "--local", "--yes"];
    let destroy = ["destroy", "--local", "--yes"];
    let deploying = undisturbed(&lake, &deploy);
    let whole = lake.inventory();
    let destroying = undisturbed(&lake, &destroy);
    let nothing = lake.inventory();

    let mut killed = 0;
    for tenths in [2, 4, 6, 8] {
        killed += usize::from(lake.project.killed(&deploy, deploying * tenths / 10));
    }
    undisturbed(&lake, &deploy);
    assert_eq!(lake.inventory(), whole, "after {killed} killed deployments");
    assert_eq!(lake.project.json(&["plan", "--local"])["changes"], false);
    nothing_wakes_the_pipeline(&lake);
    undisturbed(&lake, &deploy);
    functions::die_and_the_next_run_makes_it_good(&lake);

    for tenths in [2, 4, 6, 8] {
        killed += usize::from(lake.project.killed(&destroy, destroying * tenths / 10));
    }
    undisturbed(&lake, &destroy);
    assert_eq!(lake.inventory(), nothing, "after {killed} killed commands");
    assert!(nothing.values().all(Vec::is_empty), "{nothing:#?}");
    assert!(killed >= 3, "{killed} of 8 commands were alive to be killed");
}
