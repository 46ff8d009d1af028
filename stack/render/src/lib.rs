//! Lake to templates: what `lake.toml` means, as CloudFormation.
//!
//! Rendering is pure: the templates are compiled in, and the same lake gives the same bytes. It
//! goes in three steps, each a module: a typed context for each template ([`context`]), the text
//! ([`engine`]), and the text read back, inspected and written as JSON ([`yaml`], [`inspect`]).

mod context;
pub mod costs;
pub mod diff;
mod engine;
mod error;
mod grants;
mod inspect;
mod set;
mod side_by_side;
mod table_groups;
mod yaml;

use side_by_side::side_by_side;
use tarn_lake::{Lake, StackId};

pub use error::RenderError;
pub use set::{Template, TemplateSet};

/// Where the templates are deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An AWS account.
    Aws,
    /// The emulator on the user's machine, which asks for a few rights under other ARNs.
    LocalCloud,
}

/// What the templates need beside the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The key of the handlers' archive in the ops bucket, such as `handlers/<sha256>.zip`.
    pub handlers_key: String,
    /// The same of the archive whose handler makes models, such as `gold/<sha256>.zip`. A lake without
    /// models has no function of it.
    pub gold_key: String,
    /// Where they are deployed.
    pub target: Target,
}

/// Renders every stack of a lake.
pub fn render(lake: &Lake, options: &Options) -> Result<TemplateSet, RenderError> {
    let engine = engine::Engine::new()?;
    let contexts = context::Contexts::new(lake, options);
    let mut templates = vec![
        engine.template(StackId::Foundation, engine::FOUNDATION, &contexts, &contexts.foundation())?,
        engine.template(StackId::Storage, engine::STORAGE, &contexts, &contexts.storage())?,
        engine.template(StackId::Pipeline, engine::PIPELINE, &contexts, &contexts.pipeline())?,
        engine.template(StackId::Consumption, engine::CONSUMPTION, &contexts, &contexts.consumption())?,
    ];
    templates.extend(side_by_side(&lake.zones, |zone| {
        let id = StackId::Zone(zone.name.clone());
        engine.template(id, engine::ZONE, &contexts, &contexts.zone(zone))
    })?);
    Ok(TemplateSet::new(templates))
}
