//! The tags that columns of silver have in Lake Formation: how much each tells of a person. A steward's
//! own policies can use them, and whoever looks at a table sees them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Database, Lake, Names, Pii, Table};

/// Columns of a table, each with its tag's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaggedTable {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// The value by the column.
    pub columns: BTreeMap<String, String>,
}

impl Pii {
    /// The values of the tag. A column that tells nothing has none.
    pub fn tag_values() -> Vec<&'static str> {
        Self::WORDS.iter().filter(|(_, pii)| !pii.is_none()).map(|(word, _)| *word).collect()
    }
}

impl Table {
    /// The columns of the newest layout that are tagged, by how much any layout says that they tell.
    fn tags(&self) -> BTreeMap<String, String> {
        let columns = self.newest_layout().in_silver().map(|column| &column.name);
        let told = columns.map(|name| (name, self.pii_of(name))).filter(|(_, pii)| !pii.is_none());
        told.map(|(name, pii)| (name.to_string(), pii.to_string())).collect()
    }

    /// Whether a column of it is tagged.
    pub fn is_tagged(&self) -> bool {
        !self.tags().is_empty()
    }
}

impl Lake {
    /// Every table of silver that has tagged columns, in the order of the lake.
    pub fn tags(&self, names: &Names) -> Vec<TaggedTable> {
        let tagged = |table: &Table| TaggedTable {
            database: names.database(&Database::Silver),
            name: table.name.to_string(),
            columns: table.tags(),
        };
        self.tables.iter().filter(|table| table.is_tagged()).map(tagged).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{EnvironmentName, LakeName};

    fn lake(columns: serde_json::Value) -> Lake {
        let csv = json!({"delimiter": ",", "header": true, "nulls": []});
        let layout = |columns: &serde_json::Value| json!({"from": null, "columns": columns});
        let table = |name: &str, layouts: Vec<serde_json::Value>| json!({"name": name, "description": "", "files": "*", "csv": csv, "layouts": layouts});
        let plain = json!([{"name": "id", "type": "int64", "format": "iso", "required": false}]);
        let tables = [table("people", vec![layout(&columns)]), table("things", vec![layout(&plain)])];
        serde_json::from_value(json!({
            "name": "my-shop", "description": "", "environment": {"name": "dev", "protected": false},
            "schedule": {"daily": null, "on_arrival": false}, "tables": tables, "zones": [],
        }))
        .unwrap()
    }

    #[test]
    fn what_tells_of_a_person_is_tagged_and_nothing_else() {
        let column = |name: &str, pii: &str, drop: bool| json!({"name": name, "type": "string", "format": "iso", "required": false, "pii": pii, "drop": drop});
        let columns = json!([
            column("id", "none", false),
            column("mail", "high", false),
            column("city", "low", false),
            column("secret", "high", true),
        ]);
        let names =
            Names::new(LakeName::new("my-shop").unwrap(), EnvironmentName::new("dev").unwrap(), "1", "r");
        let tags = lake(columns).tags(&names);
        let wanted = json!([{
            "Database": "my_shop_dev_silver", "Name": "people", "Columns": {"city": "low", "mail": "high"},
        }]);
        assert_eq!(serde_json::to_value(&tags).unwrap(), wanted);
        assert_eq!(names.pii_tag(), "my_shop_dev_pii");
        assert_eq!(Pii::tag_values(), ["low", "high"]);
    }
}
