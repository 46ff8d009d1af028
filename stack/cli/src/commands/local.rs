//! `tarn local`: the local cloud of this project.

use std::process::ExitCode;

use indicatif::ProgressBar;
use tarn_local_cloud::{Running, Step, Stopped};

use crate::account::local_cloud;
use crate::arguments::{Common, Local};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::progress::spinner;
use crate::project;

pub fn run(common: &Common, command: &Local) -> Result<ExitCode, Failure> {
    let cloud = local_cloud(&project::folder(common)?)?;
    let failed = |error: tarn_local_cloud::LocalCloudError| Failure::failed(error.to_string());
    match command {
        Local::Start => {
            let spinner = spinner();
            let running = cloud.start(&|step: &Step| tell(&spinner, step));
            spinner.finish_and_clear();
            show(common, &running.map_err(failed)?);
            Ok(exit::done_if(true))
        }
        Local::Stop => {
            let stopped = cloud.stop().map_err(failed)?;
            show_stopped(common, &stopped);
            Ok(exit::done_if(true))
        }
        Local::Status => match cloud.running().map_err(failed)? {
            Some(running) => {
                show(common, &running);
                Ok(exit::done_if(true))
            }
            None => {
                console::result("not running");
                Ok(exit::done_if(false))
            }
        },
    }
}

/// Single packages pass by where somebody watches; everything else stays as a line.
fn tell(spinner: &ProgressBar, step: &Step) {
    spinner.set_message(step.to_string());
    if !matches!(step, Step::FetchingPackage { .. }) {
        spinner.suspend(|| console::note(step));
    }
}

fn show(common: &Common, running: &Running) {
    if common.json {
        return console::json(running);
    }
    console::result(format!("MiniStack  {}  (pid {})", running.ministack.url, running.ministack.pid));
    console::result(format!("moto       {}  (pid {})", running.moto.url, running.moto.pid));
    console::result(format!("logs       {}", running.log_dir.display()));
}

fn show_stopped(common: &Common, stopped: &Stopped) {
    let services: Vec<String> = stopped.services.iter().map(|s| s.service.to_string()).collect();
    if common.json {
        console::json(&serde_json::json!({ "stopped": services, "functions": stopped.functions }));
    } else if stopped.is_nothing() {
        console::result("nothing was running");
    } else {
        let functions = stopped.functions;
        console::result(format!(
            "stopped {} and {functions} functions; what was in it is gone",
            services.join(", ")
        ));
    }
}
