//! The release archive: unpacked anywhere, it is all that a deployment needs.

use tarn_tests::{Project, command, repository};

#[test]
fn a_release_finds_its_handlers_beside_itself() {
    let script = repository().join("scripts/package");
    let packed = command("/usr/bin/env", &["PROFILE=dev", script.to_str().unwrap()]);
    assert_eq!(packed.code, 0, "{}{}", packed.stdout, packed.stderr);
    let archive = packed.stdout.lines().last().unwrap().split(' ').next().unwrap();
    let archive = repository().join(archive);

    let project = Project::example("retail", "dev");
    let elsewhere = project.path("");
    let unpacked = command(
        "/usr/bin/env",
        &[
            "tar",
            "-xzf",
            archive.to_str().unwrap(),
            "-C",
            elsewhere.to_str().unwrap(),
            "--strip-components=1",
        ],
    );
    assert_eq!(unpacked.code, 0, "{}", unpacked.stderr);
    for file in ["tarn", "handlers-x86_64.zip", "README.md"] {
        assert!(project.path(file).is_file(), "{file} is not in the archive");
    }

    let lake = project.path("lake.toml");
    let out = project.path("out");
    let arguments = ["render", "--config", lake.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let rendered = command(project.path("tarn"), &arguments);
    assert_eq!(rendered.code, 0, "{}", rendered.stderr);
    let template = std::fs::read_to_string(out.join("retail-dev-pipeline.json")).unwrap();
    assert!(!template.contains("CONTENT-HASH"), "the handlers beside the binary were not found");
}
