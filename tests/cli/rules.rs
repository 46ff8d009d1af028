//! Rules of columns and unique keys: what `tarn convert` does with them, and what a deployed lake
//! cannot have yet.

use serde_json::json;
use tarn_tests::{Project, python};

const SCHEMA: &str = "unique = [\"order_id\"]\n\n[columns]\norder_id = { type = \"int64\", from = \"Order ID\" }\n\
                      status = { type = \"string\", trim = true, fill = \"open\", allowed = [\"open\", \"paid\"] }\n\
                      email = { type = \"string\", hash = \"sha256\" }\n";

fn project() -> Project {
    let project = Project::with("", "dev");
    project.write("orders.toml", SCHEMA);
    project.write("a.csv", "Order ID,status,email\n1, paid,ada\n2,,\n1,open,x\n");
    project.write("b.csv", "order id,status,email\n2,paid,y\n3,lost,z\n4,paid,ada\n");
    project.write("key", "a secret of 25 characters\n");
    project
}

const CALL: [&str; 7] = ["convert", "a.csv", "b.csv", "--schema", "orders.toml", "--out", "o"];

#[test]
fn rules_and_keys_hold_for_all_files_of_a_call() {
    let project = project();
    let done = project.json(&[&CALL[..], &["--hash-key-file", "key"]].concat());
    let rows: Vec<_> = done["files"].as_array().unwrap().iter().map(|file| &file["rows"]).collect();
    assert_eq!(rows, [2, 1]);
    let rejects = |file: &str| std::fs::read_to_string(project.path(file)).unwrap();
    assert!(
        rejects("o/a.rejects.jsonl")
            .contains(r#""line":4,"byte_offset":38,"reason":"duplicate key: `order_id` as in line 2""#)
    );
    let of_b = rejects("o/b.rejects.jsonl");
    let of_b: Vec<_> = of_b.lines().collect();
    assert!(of_b[0].contains("duplicate key: `order_id` as in an earlier row"), "{of_b:?}");
    assert!(of_b[1].contains("the value in column 2 `status` is not among those of `allowed`"), "{of_b:?}");

    let answer = python("parquet.py", &[project.path("o/a.parquet").to_str().unwrap()]);
    let found: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    // printf ada | openssl dgst -sha256 -hmac 'a secret of 25 characters'
    let ada = "4eaaa93844e66426ccc73facc7568f1bd3c9c3b51da01bb5220d72987a9eeaab";
    assert_eq!(found["rows"], json!([["1", "paid", ada], ["2", "open", null]]));
}

#[test]
fn a_hash_needs_a_key_that_nobody_guesses() {
    let project = project();
    let answer = project.tarn(&CALL);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("the column `email` is hashed, and no key is given"), "{}", answer.stderr);
    assert!(answer.stderr.contains("--hash-key-file"), "{}", answer.stderr);
    for (content, says) in
        [("short\n", "the key has 5 bytes, and fewer than 16 can be guessed"), ("", "the key has 0 bytes")]
    {
        project.write("weak", content);
        let answer = project.tarn(&[&CALL[..], &["--hash-key-file", "weak"]].concat());
        assert_eq!(answer.code, 2);
        assert!(answer.stderr.contains(says), "{}", answer.stderr);
    }
    let answer = project.tarn(&[&CALL[..], &["--hash-key-file", "nowhere"]].concat());
    assert!(
        answer.code == 2 && answer.stderr.contains("the key nowhere cannot be read"),
        "{}",
        answer.stderr
    );
    assert!(!project.path("o").exists());
}

const LAKE: &str = "version = 1\n[lake]\nname = \"shop\"\n[schedule]\ndaily = \"02:30\"\n\n[[table]]\nname = \"orders\"\n\
                    files = \"orders*.csv\"\nunique = [\"id\"]\n[table.columns]\nid = \"int64\"\n";

#[test]
fn a_lake_that_hashes_has_a_secret_and_no_other_lake_has_one() {
    for (rule, hashes) in [("mask = \"hidden\"", false), ("hash = \"sha256\"", true)] {
        let project = Project::with(&format!("{LAKE}email = {{ type = \"string\", {rule} }}\n"), "dev");
        project.done(&["check"]);
        project.done(&["render", "--out", "o"]);
        let template =
            |stack: &str| std::fs::read_to_string(project.path(&format!("o/shop-dev-{stack}.json")));
        assert_eq!(template("foundation").unwrap().contains("AWS::SecretsManager::Secret"), hashes);
        assert_eq!(template("pipeline").unwrap().contains("secretsmanager:GetSecretValue"), hashes);
    }
}

#[test]
fn more_keys_than_the_memory_holds_are_told() {
    let project = project();
    let rows: String = (0..100_000).map(|id| format!("{id},paid,x\n")).collect();
    project.write("a.csv", format!("order id,status,email\n{rows}"));
    let answer =
        project.tarn(&[&CALL[..2], &CALL[3..], &["--hash-key-file", "key", "--memory", "2M"]].concat());
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains("TOO_MANY_KEYS: the keys of `unique` take more than 1 MiB"),
        "{}",
        answer.stderr
    );
    assert!(!project.path("o/a.parquet").exists());
}
