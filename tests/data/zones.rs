//! Any zone of any lake: it holds the rows and columns that the same SQL over silver gives, and nothing
//! that it is not cleared for, read by DuckDB and PyArrow over every file.

use tarn_tests::{Project, python};

/// `TARN_SEED=...` tries other lakes; a fault names the lake by its number.
const SEED: &str = "zones";

#[test]
fn zones_hold_what_they_may_and_nothing_else() {
    let seed = std::env::var("TARN_SEED").unwrap_or_else(|_| SEED.into());
    let project = Project::with("", "dev");
    let folder = project.path("lakes");
    let wrote = python("zones.py", &["write", folder.to_str().unwrap(), &seed]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    let lakes: usize = wrote.stdout.trim().parse().unwrap();
    for number in 0..lakes {
        let (file, home) = (format!("lakes/{number}/lake.toml"), format!("lakes/{number}/lake"));
        project.done(&["--config", &file, "run", "--dir", &home]);
    }
    let judged = python("zones.py", &["check", folder.to_str().unwrap(), &seed]);
    assert_eq!(judged.code, 0, "seed {seed}\n{}{}", judged.stdout, judged.stderr);
    let words = judged.stdout.trim();
    let counts: Vec<u64> = words.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(counts[0] >= 200 && counts[1] > 300 && counts[2] > 5_000, "the lakes say too little: {words}");
}
