//! Programs of others that judge templates, where they are installed. None needs an account.
//!
//! tarn brings none of them along, and says which it did not find. Each is data: how it is called,
//! which exit statuses are answers, and how its answer is read.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;
use serde_json::Value;
use tarn_render::TemplateSet;

use crate::failure::Failure;

/// A folder with checkers, looked into before `PATH`.
const FOLDER: &str = "TARN_CHECKERS";

const GUARD_RULES: [(&str, &str); 2] = [
    ("lake.guard", include_str!("../../../templates/policy/lake.guard")),
    ("protected.guard", include_str!("../../../templates/policy/protected.guard")),
];

/// cloudformation-validate is a module of Python and brings no program.
const VALIDATE: &str = "\
import json, sys
from cloudformation_validate import CompositeEngine
engine, found = CompositeEngine(), []
for file in sys.argv[1:]:
    for one in engine.validate_template(file).diagnostics:
        if one.severity.name not in ('INFO', 'DEBUG'):
            resource = one.entity.logical_id if one.entity else None
            found.append([one.rule_id, file, resource or '', one.message])
print(json.dumps(found))";

/// What is no fault of a template, by checker and rule, as `templates/policy/allowed.toml` argues: an
/// account in the ARN of a boundary, a reader or an administrator is what the user wrote.
const ARGUED: [(&str, &str); 1] = [("cloudformation-validate", "W9013")];

/// What a checker says of a template.
#[derive(Debug, Serialize)]
pub struct Finding {
    pub rule: String,
    /// The stack.
    pub template: String,
    /// The logical id; empty where the whole template is meant.
    pub resource: String,
    pub message: String,
}

/// What became of a checker.
#[derive(Debug, Serialize)]
pub struct Report {
    pub checker: &'static str,
    /// Whether it was found, and so ran.
    pub ran: bool,
    pub findings: Vec<Finding>,
}

struct Checker {
    name: &'static str,
    program: &'static str,
    /// What must succeed for the checker to be there at all, beside the program.
    probe: &'static [&'static str],
    arguments: fn(&Rendered) -> Vec<String>,
    answers: &'static [i32],
    read: fn(&Value) -> Vec<Finding>,
}

const CHECKERS: [Checker; 3] = [
    Checker {
        name: "cfn-guard",
        program: "cfn-guard",
        probe: &["--version"],
        arguments: |rendered| {
            let rules = rendered.rules.iter().flat_map(|rule| ["-r".into(), text(rule)]);
            let data = ["-d".into(), text(&rendered.folder)];
            let output = ["-z", "-o", "json", "-S", "none"].map(str::to_owned);
            ["validate".into()].into_iter().chain(rules).chain(data).chain(output).collect()
        },
        answers: &[0, 19],
        read: guard_findings,
    },
    Checker {
        name: "cloudformation-validate",
        program: "python3",
        probe: &["-c", "import cloudformation_validate"],
        arguments: |rendered| {
            ["-c".into(), VALIDATE.into()].into_iter().chain(rendered.files.iter().map(|f| text(f))).collect()
        },
        answers: &[0],
        read: validate_findings,
    },
    Checker {
        name: "cfn-lint",
        program: "cfn-lint",
        probe: &["--version"],
        arguments: |rendered| {
            let output = ["--format", "json", "--"].map(str::to_owned);
            output.into_iter().chain(rendered.files.iter().map(|file| text(file))).collect()
        },
        // A bit each for errors, warnings and remarks.
        answers: &[0, 2, 4, 6, 8, 10, 12, 14],
        read: lint_findings,
    },
];

/// Shows the templates to every checker that is installed.
pub fn run(templates: &TemplateSet, is_protected: bool) -> Result<Vec<Report>, Failure> {
    let rendered = Rendered::write(templates, is_protected).map_err(|error| {
        Failure::failed(format!("the templates cannot be written for the checkers: {error}"))
    })?;
    CHECKERS.iter().map(|checker| checker.judge(&rendered)).collect()
}

impl Checker {
    fn judge(&self, rendered: &Rendered) -> Result<Report, Failure> {
        let Some(program) = self.installed() else {
            return Ok(Report { checker: self.name, ran: false, findings: vec![] });
        };
        let done = Command::new(&program).args((self.arguments)(rendered)).output();
        let done = done.map_err(|error| self.broken(&error.to_string()))?;
        if !done.status.code().is_some_and(|code| self.answers.contains(&code)) {
            return Err(self.broken(String::from_utf8_lossy(&done.stderr).trim()));
        }
        let answer = if done.stdout.is_empty() { b"[]" } else { done.stdout.as_slice() };
        let answer = serde_json::from_slice(answer).map_err(|error| self.broken(&error.to_string()))?;
        let mut findings = (self.read)(&answer);
        findings.retain(|finding| !ARGUED.contains(&(self.name, finding.rule.as_str())));
        Ok(Report { checker: self.name, ran: true, findings })
    }

    /// The program, if it is there and does what is asked of it before the work.
    fn installed(&self) -> Option<PathBuf> {
        let inside = std::env::var_os(FOLDER).map(|folder| PathBuf::from(folder).join(self.program));
        let candidates = inside.into_iter().chain([PathBuf::from(self.program)]);
        candidates.into_iter().find(|program| {
            let answer = Command::new(program).args(self.probe).output();
            answer.is_ok_and(|answer| answer.status.success())
        })
    }

    fn broken(&self, cause: &str) -> Failure {
        let failure = Failure::failed(format!("the checker `{}` did not do its work: {cause}", self.name));
        failure.hint(format!("take it away from PATH and `{FOLDER}` to check without it"))
    }
}

/// Templates and rules as files, in a folder that goes away with this.
struct Rendered {
    root: tempfile::TempDir,
    folder: PathBuf,
    files: Vec<PathBuf>,
    rules: Vec<PathBuf>,
}

impl Rendered {
    fn write(templates: &TemplateSet, is_protected: bool) -> std::io::Result<Self> {
        let root = tempfile::tempdir()?;
        // Guard takes every file of a folder, so the rules lie beside it.
        let folder = root.path().join("templates");
        std::fs::create_dir(&folder)?;
        let mut rendered = Self { root, folder, files: vec![], rules: vec![] };
        for template in templates {
            let file = rendered.folder.join(format!("{}.json", template.name));
            std::fs::write(&file, template.as_json())?;
            rendered.files.push(file);
        }
        for (name, rules) in GUARD_RULES.iter().take(if is_protected { 2 } else { 1 }) {
            let file = rendered.root.path().join(name);
            std::fs::write(&file, rules)?;
            rendered.rules.push(file);
        }
        Ok(rendered)
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The stack that a checker means by the path of a file.
fn stack(file: &Value) -> String {
    let file = Path::new(file.as_str().unwrap_or_default());
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn each(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A finding for each rule that a template breaks, and each resource that breaks it.
fn guard_findings(answer: &Value) -> Vec<Finding> {
    let broken = each(answer).iter().flat_map(|template| {
        each(&template["not_compliant"]).iter().map(|rule| (stack(&template["name"]), &rule["Rule"]))
    });
    let findings = broken.flat_map(|(template, rule)| {
        let mut resources: Vec<&str> = places(&rule["checks"]);
        resources.sort_unstable();
        resources.dedup();
        if resources.is_empty() {
            resources.push("");
        }
        let finding = move |resource: &str| Finding {
            rule: string(&rule["name"]),
            template: template.clone(),
            resource: resource.to_owned(),
            message: "breaks one of tarn's own rules for templates".into(),
        };
        resources.into_iter().map(finding).collect::<Vec<_>>()
    });
    findings.collect()
}

/// The resources that Guard's answer points into.
fn places(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(map) => {
            let here = map.get("path").and_then(Value::as_str);
            let here = here.and_then(|path| path.strip_prefix("/Resources/")?.split('/').next());
            here.into_iter().chain(map.values().flat_map(places)).collect()
        }
        Value::Array(items) => items.iter().flat_map(places).collect(),
        _ => vec![],
    }
}

fn validate_findings(answer: &Value) -> Vec<Finding> {
    let finding = |one: &Value| Finding {
        rule: string(&one[0]),
        template: stack(&one[1]),
        resource: string(&one[2]),
        message: string(&one[3]),
    };
    each(answer).iter().map(finding).collect()
}

fn lint_findings(answer: &Value) -> Vec<Finding> {
    let finding = |one: &Value| {
        let path = each(&one["Location"]["Path"]);
        let inside = path.first().is_some_and(|part| part == "Resources");
        Finding {
            rule: string(&one["Rule"]["Id"]),
            template: stack(&one["Filename"]),
            resource: path.get(1).filter(|_| inside).map(string).unwrap_or_default(),
            message: string(&one["Message"]),
        }
    };
    each(answer).iter().map(finding).collect()
}
