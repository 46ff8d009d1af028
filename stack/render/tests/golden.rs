//! The rendered templates of a lake like the retail example, byte for byte. `TARN_BLESS=1` writes
//! them anew; the difference is then to be read like code.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::PathBuf};

use support::{asking, modelled, options, rendered, retail, sparkling};
use tarn_lake::{Lake, StackId};
use tarn_render::{Target, Template, render};

#[test]
fn templates_are_as_they_were() {
    compare("", &rendered(&retail()).iter().collect::<Vec<_>>());
}

/// What models add; every other template is that of the lake without them.
#[test]
fn templates_of_a_lake_with_models_are_as_they_were() {
    let set = rendered(&modelled());
    let own = [StackId::Storage, StackId::Pipeline];
    compare("models", &set.iter().filter(|template| own.contains(&template.id)).collect::<Vec<_>>());
    let without = rendered(&Lake { models: Vec::new(), ..modelled() });
    for (with, without) in set.iter().zip(without.iter()).filter(|(with, _)| !own.contains(&with.id)) {
        assert_eq!(with.as_json(), without.as_json(), "{}", with.name);
    }
}

/// What a model by Athena adds to one by a function.
#[test]
fn templates_of_a_lake_that_asks_athena_are_as_they_were() {
    let (set, plain) = (rendered(&asking()), rendered(&modelled()));
    compare("athena", &[set.get(&StackId::Pipeline).unwrap()]);
    for (asking, plain) in set.iter().zip(plain.iter()).filter(|(it, _)| it.id != StackId::Pipeline) {
        assert_eq!(asking.as_json(), plain.as_json(), "{}", asking.name);
    }
}

/// What a model by Spark adds to one by a function.
#[test]
fn templates_of_a_lake_that_asks_spark_are_as_they_were() {
    let (set, plain) = (rendered(&sparkling()), rendered(&modelled()));
    let own = [StackId::Foundation, StackId::Storage, StackId::Pipeline];
    compare("spark", &set.iter().filter(|template| own.contains(&template.id)).collect::<Vec<_>>());
    for (asking, plain) in set.iter().zip(plain.iter()).filter(|(it, _)| !own.contains(&it.id)) {
        assert_eq!(asking.as_json(), plain.as_json(), "{}", asking.name);
    }
}

fn compare(folder: &str, templates: &[&Template]) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    for template in templates {
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
