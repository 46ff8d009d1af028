//! The table of prices and assumptions, as the program has it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// List prices of one region, and what an estimate takes for granted.
#[derive(Debug, Deserialize)]
pub struct Prices {
    /// When they held.
    pub date: String,
    /// Where.
    pub region: String,
    price: BTreeMap<String, Price>,
    assumption: BTreeMap<String, Assumption>,
    r#type: BTreeMap<String, OfType>,
}

/// A price.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Price {
    /// In US dollars.
    pub usd: f64,
    /// For what.
    pub unit: String,
    /// The page of AWS that says it.
    pub page: String,
}

/// A figure that is taken for granted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Assumption {
    /// The figure.
    pub value: f64,
    /// What it says, and where it is from.
    pub because: String,
}

/// What a resource of a type costs by being there.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum OfType {
    /// Something, every month.
    Priced {
        /// By this price.
        price: String,
        /// As often as this assumption says; once if there is none.
        times: Option<String>,
        /// What one is called; `{}` stands for how often.
        each: String,
    },
    /// Nothing.
    Free {
        /// Why.
        free: String,
    },
}

#[allow(clippy::expect_used, reason = "the text is part of the program, and a test reads it")]
static PRICES: LazyLock<Prices> =
    LazyLock::new(|| toml::from_str(include_str!("prices.toml")).expect("prices.toml"));

impl Prices {
    /// Those that are part of the program.
    pub fn known() -> &'static Self {
        &PRICES
    }

    /// The price of that name; nothing where there is none, which a test rules out.
    pub(super) fn price(&self, name: &str) -> Option<&Price> {
        self.price.get(name)
    }

    /// The figure of that name.
    pub(super) fn figure(&self, name: &str) -> f64 {
        self.assumption.get(name).map_or(0.0, |assumption| assumption.value)
    }

    /// What a resource of that type costs, if the table knows it.
    pub fn of_type(&self, kind: &str) -> Option<&OfType> {
        self.r#type.get(kind)
    }

    /// Every type of resource that the table knows.
    pub fn types(&self) -> impl Iterator<Item = (&str, &OfType)> {
        self.r#type.iter().map(|(kind, of_type)| (kind.as_str(), of_type))
    }

    /// What is taken for granted, each in a sentence.
    pub fn assumptions(&self) -> Vec<String> {
        self.assumption.values().map(|assumption| assumption.because.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_is_above_nothing_and_names_its_page() {
        for (name, price) in &Prices::known().price {
            assert!(price.usd > 0.0 && price.page.contains("pricing"), "{name}");
        }
        assert!(Prices::known().assumption.values().all(|it| it.value > 0.0 && !it.because.is_empty()));
    }

    #[test]
    fn what_a_type_names_is_there() {
        for (kind, of_type) in Prices::known().types() {
            match of_type {
                OfType::Priced { price, times, .. } => {
                    assert!(Prices::known().price(price).is_some(), "{kind}");
                    assert!(times.as_ref().is_none_or(|name| Prices::known().figure(name) > 0.0), "{kind}");
                }
                OfType::Free { free } => assert!(!free.is_empty(), "{kind}"),
            }
        }
    }
}
