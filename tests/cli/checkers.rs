//! `tarn check` and the programs of others that it asks, here played by scripts: what each answers
//! must come out as tarn's own words. `scripts/policy` does it with the real ones.

use std::os::unix::fs::PermissionsExt;

use tarn_tests::{Answer, Project, command, program_path};

/// A program that answers every call with that text and status, and the question whether it is
/// there with yes.
fn fake(project: &Project, name: &str, code: i32, answer: &str) {
    let text = format!(
        "#!/bin/sh\ncase \"$1 $2\" in --version*|'-c import cloudformation_validate') exit 0;; esac\n\
         printf '%s' '{answer}'\nexit {code}\n"
    );
    let program = project.write(&format!("checkers/{name}"), text);
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Checks the project with those checkers and no others, whatever this machine has.
fn check(project: &Project, more: &[&str]) -> Answer {
    let checkers = format!("TARN_CHECKERS={}", project.path("checkers").display());
    let config = project.path("lake.toml").display().to_string();
    let tarn = program_path("tarn").display().to_string();
    let arguments = ["PATH=/nonexistent", checkers.as_str(), tarn.as_str(), "check", "--config", &config];
    command("env", &[arguments.as_slice(), more].concat())
}

#[test]
fn without_checkers_it_says_which_were_not_asked() {
    let checked = check(&Project::example("retail", "dev"), &[]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let expected = "not installed, so not asked: cfn-guard, cloudformation-validate, cfn-lint";
    assert!(checked.stderr.contains(expected), "{}", checked.stderr);
}

#[test]
fn what_a_checker_finds_is_an_error_of_tarn() {
    let project = Project::example("retail", "dev");
    let lint = r#"[{"Filename": "/t/retail-dev-storage.json", "Rule": {"Id": "E3002"}, "Message": "no such property",
                    "Location": {"Path": ["Resources", "Landing", "Properties"]}}]"#;
    fake(&project, "cfn-lint", 2, lint);
    fake(&project, "python3", 0, r#"[["F3002", "/t/retail-dev-storage.json", "", "unknown"]]"#);
    let guard = r#"[{"name": "/t/retail-dev-foundation.json", "not_compliant": [{"Rule": {"name": "LAKE_TABLE",
                     "checks": [{"traversed_to": {"path": "/Resources/Ledger/Properties"}}]}}]}]"#;
    fake(&project, "cfn-guard", 19, guard);
    let checked = check(&project, &[]);
    assert_eq!(checked.code, 1, "{}", checked.stderr);
    for expected in [
        "error: stack retail-dev-storage, resource Landing: no such property [cfn-lint E3002]",
        "error: stack retail-dev-storage: unknown [cloudformation-validate F3002]",
        "error: stack retail-dev-foundation, resource Ledger: breaks one of tarn's own rules for \
         templates [cfn-guard LAKE_TABLE]",
        "checked by cfn-guard, cloudformation-validate, cfn-lint",
    ] {
        assert!(checked.stderr.contains(expected), "{expected}\n{}", checked.stderr);
    }
    assert!(!checked.stdout.contains("sound"), "{}", checked.stdout);
    let json: serde_json::Value = serde_json::from_str(&check(&project, &["--json"]).stdout).unwrap();
    assert_eq!(json["checkers"][2]["findings"][0]["resource"], "Landing");
}

#[test]
fn a_checker_that_breaks_down_is_no_checker_that_found_nothing() {
    let project = Project::example("retail", "dev");
    for (code, answer) in [(3, "[]"), (0, "no JSON")] {
        fake(&project, "cfn-lint", code, answer);
        let checked = check(&project, &[]);
        assert_eq!(checked.code, 1, "{}", checked.stderr);
        let expected = "the checker `cfn-lint` did not do its work";
        assert!(checked.stderr.contains(expected), "{}", checked.stderr);
    }
}
