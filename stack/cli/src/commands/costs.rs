//! What a lake costs, in words: sums, and how they come about.

use serde_json::{Value, json};
use tarn_lake::Lake;
use tarn_render::Target;
use tarn_render::costs::{Costs, Line, Prices, costs, sum};

use super::difference::section;
use crate::console::{self, BAD, BOLD, DIM, GOOD, styled};
use crate::failure::Failure;
use crate::handlers;

/// What a lake costs, and what the deployed one does.
pub struct Estimate {
    after: Costs,
    before: Option<Costs>,
    /// Where the lake is.
    region: String,
}

impl Estimate {
    /// Estimates both lakes as they are on AWS.
    pub fn of(lake: &Lake, deployed: Option<&Lake>, region: &str) -> Result<Self, Failure> {
        let before = deployed.map(of_lake).transpose()?;
        Ok(Self { after: of_lake(lake)?, before, region: region.to_owned() })
    }

    /// The sums, each with what it is more or less than before.
    pub fn print(&self) {
        let Costs { date, region, .. } = &self.after;
        let before = self.before.as_ref().map(parts);
        let lines = parts(&self.after).into_iter().enumerate().map(|(place, (_, what, lines))| {
            let change = before.as_ref().map_or(0.0, |before| sum(lines) - sum(before[place].2));
            format!("  {:>9} {what}{}", usd(sum(lines)), changed(change))
        });
        section(&format!("costs, estimated by the list prices of {region} of {date}"), lines.collect());
        if self.region != *region {
            console::hint(format!("in {} prices are somewhat different", self.region));
        }
    }

    /// How each sum comes about.
    pub fn explain(&self) {
        let explained = parts(&self.after).into_iter().flat_map(|(_, what, lines)| {
            let head = format!("  {:>9} {}", usd(sum(lines)), styled(what, BOLD));
            std::iter::once(head).chain(lines.iter().map(line))
        });
        section("how the costs come about", explained.collect());
        let assumptions = self.after.assumptions.iter().map(|it| format!("  {}", styled(it, DIM)));
        section("taken for granted", assumptions.collect());
    }

    /// Sums, what they were, and their lines.
    pub fn json(&self) -> Value {
        let sums = |costs: &Costs| -> Value {
            parts(costs).into_iter().map(|(key, _, lines)| (key.to_owned(), json!(sum(lines)))).collect()
        };
        json!({
            "usd": sums(&self.after), "deployed_usd": self.before.as_ref().map(sums), "estimate": self.after,
        })
    }
}

fn of_lake(lake: &Lake) -> Result<Costs, Failure> {
    let templates = tarn_render::render(lake, &handlers::placeholders(Target::Aws))
        .map_err(|error| Failure::failed(format!("the templates cannot be rendered: {error}")))?;
    Ok(costs(lake, &templates, Prices::known()))
}

/// The key, the words and the lines of each part.
fn parts(costs: &Costs) -> [(&'static str, &'static str, &[Line]); 5] {
    [
        ("month", "a month, for what stands there and for scheduled runs", &costs.month),
        ("run", "each run, also one that finds nothing new", &costs.run),
        ("landed", "each GB of text that lands, once", &costs.landed),
        ("kept", "each GB of text that has landed, every month that it is kept", &costs.kept),
        ("scanned", "each TB that queries scan", &costs.scanned),
    ]
}

fn line(line: &Line) -> String {
    let Line { what, count, unit, price, usd: all } = line;
    let product = format!("{} {unit} at {}", short(*count), usd(*price));
    format!("  {:>9}   {what}: {}", usd(*all), styled(product, DIM))
}

/// A difference that can be shown.
fn changed(change: f64) -> String {
    match change {
        less if less < -1e-9 => format!(" ({})", styled(format!("-{}", usd(-less)), GOOD)),
        more if more > 1e-9 => format!(" ({})", styled(format!("+{}", usd(more)), BAD)),
        _ => String::new(),
    }
}

/// Cents, or two digits of what is less.
fn usd(amount: f64) -> String {
    if amount >= 0.095 || amount <= 0.0 {
        return format!("${amount:.2}");
    }
    let zeros = -amount.log10().floor();
    format!("${amount:.*}", zeros as usize + 1)
}

/// A count without digits that nobody needs.
fn short(count: f64) -> String {
    if count.fract() == 0.0 {
        format!("{count}")
    } else {
        format!("{count:.*}", if count < 1.0 { 4 } else { 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_that_matter() {
        let amounts = [0.0, 12.345, 1.0, 0.1, 0.0963, 0.0479, 0.000288, 0.000025, 0.0000004];
        let shown =
            ["$0.00", "$12.35", "$1.00", "$0.10", "$0.10", "$0.048", "$0.00029", "$0.000025", "$0.00000040"];
        assert_eq!(amounts.map(usd), shown);
        assert_eq!([3.0, 657_000.0, 30.416, 0.0002].map(short), ["3", "657000", "30.4", "0.0002"]);
    }
}
