//! Renders a lake into a folder: `render-lake LAKE.toml ENVIRONMENT DIR HANDLERS_KEY [local-cloud]`.

#![allow(clippy::unwrap_used, reason = "a tool for those who write templates")]

use std::{env, fs, path::Path};

use tarn_lake::EnvironmentName;
use tarn_render::{Options, Target, render};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [lake, environment, folder, handlers_key, rest @ ..] = arguments.as_slice() else {
        panic!("render-lake LAKE.toml ENVIRONMENT DIR HANDLERS_KEY [local-cloud]");
    };
    let environment = EnvironmentName::new(environment.clone()).unwrap();
    let lake = tarn_config::parse(&fs::read_to_string(lake).unwrap(), &environment).unwrap().lake;
    let target = if rest.iter().any(|word| word == "local-cloud") { Target::LocalCloud } else { Target::Aws };
    let gold_key = handlers_key.replace("handlers/", "gold/");
    let options = Options { handlers_key: handlers_key.clone(), gold_key, target };
    let set = render(&lake, &options).unwrap_or_else(|error| panic!("{error}"));
    fs::create_dir_all(folder).unwrap();
    for template in &set {
        fs::write(Path::new(folder).join(format!("{}.json", template.name)), template.as_json()).unwrap();
    }
}
