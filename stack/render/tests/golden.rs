//! The rendered templates of a lake like the retail example, byte for byte. `TARN_BLESS=1` writes
//! them anew; the difference is then to be read like code.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::PathBuf};

use support::{options, rendered, retail};
use tarn_render::{Target, render};

#[test]
fn templates_are_as_they_were() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for template in &rendered(&retail()) {
        let file = folder.join(format!("{}.json", template.name));
        if std::env::var_os("TARN_BLESS").is_some() {
            fs::write(&file, template.as_json()).unwrap();
        }
        let golden = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            golden == template.as_json(),
            "{} is not as it was; look with `TARN_BLESS=1 cargo test -p tarn-render` and `git diff`",
            file.display()
        );
    }
}

#[test]
fn the_same_lake_gives_the_same_bytes() {
    for target in [Target::Aws, Target::LocalCloud] {
        let texts = || {
            let set = render(&retail(), &options(target)).unwrap();
            set.iter().map(|template| template.as_json().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(texts(), texts());
    }
}
