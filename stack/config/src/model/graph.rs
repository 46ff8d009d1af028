//! Models that read each other in a circle: there is no order in which they could be made.

use super::Written;
use super::query::Reference;
use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::{Code, Diagnostic};

/// Records each circle once, at the reference of its first model.
pub fn refuse_circles(written: &[Written], faults: &Faults) {
    let mut told: Vec<&str> = Vec::new();
    for start in written {
        if told.contains(&start.name()) {
            continue;
        }
        if let Some(circle) = circle(start, written) {
            faults.push(fault(&circle));
            told.extend(circle.iter().map(|(model, _)| model.name()));
        }
    }
}

/// The way from a model back to it: each model with its reference to the next one.
fn circle<'w>(start: &'w Written, written: &'w [Written]) -> Option<Vec<(&'w Written, &'w Reference)>> {
    let mut seen = vec![start.name()];
    // Every way that is known so far; the shortest is found first.
    let mut ways = vec![Vec::new()];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let end = way.last().map_or(start, |(_, reference): &(_, &Reference)| {
                written.iter().find(|model| model.name() == reference.name).unwrap_or(start)
            });
            for reference in &end.references {
                let mut next = way.clone();
                next.push((end, reference));
                if reference.name == start.name() {
                    return Some(next);
                }
                let is_model = written.iter().any(|model| model.name() == reference.name);
                if is_model && !seen.contains(&reference.name.as_str()) {
                    seen.push(&reference.name);
                    longer.push(next);
                }
            }
        }
        ways = longer;
    }
    None
}

fn fault(circle: &[(&Written, &Reference)]) -> Diagnostic {
    let names: Vec<_> = circle.iter().map(|(_, reference)| quote(&reference.name)).collect();
    let (model, reference) = circle[0];
    let own = quote(model.name());
    let (title, label) = match circle {
        [_] => (format!("the model {own} reads itself"), "it would have to be made before it is made".into()),
        _ => (
            format!("the models {} read each other in a circle", names.join(", ")),
            format!("{own} reads {}", names.join(", which reads ")),
        ),
    };
    let fault = Diagnostic::error(Code::Circle, reference.place.clone(), title).label(label);
    fault.help("let one of them read tables only, or move what both need to a model of its own")
}

impl Written {
    pub(super) fn name(&self) -> &str {
        self.model.name.as_str()
    }
}
