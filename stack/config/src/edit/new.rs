//! The first `lake.toml` of a lake, with a word on every key.

use super::write::quoted;

/// What a new lake is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLake<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is for; may be empty.
    pub description: &'a str,
    /// `02:30`
    pub daily: Option<&'a str>,
    /// A `[[table]]` block for each table; without any there is one to start from.
    pub tables: &'a [String],
}

const SAMPLE: &str = r#"# A table to start from: replace it by your own, or add one with `tarn table add NAME --from FILE`.
[[table]]
name = "events"
files = "events*.csv"                # keys in landing; {date:%Y%m%d} captures a day

[table.columns]                      # in the order of the file
id = { type = "int64", required = true }
at = "timestamp(ms)"
event = "string"
"#;

/// The first line is read by editors.
const FIRST_LINES: &str = "#:schema ./lake.schema.json\n# A data lake, described for tarn. `tarn check` says whether it is sound.\n";
const ON_ARRIVAL: &str = "on_arrival = true                    # a new file in landing starts a run\n";

impl NewLake<'_> {
    /// The whole file. `table` is a table that a zone could have.
    pub fn text(&self, table: &str) -> String {
        let lake = format!(
            "version = 1                          # of this file's format\n\n[lake]\n{}{}",
            line("name", self.name, "every resource name begins with it"),
            if self.description.is_empty() {
                String::new()
            } else {
                format!("description = {}\n", quoted(self.description))
            }
        );
        let daily = self.daily.map(|daily| line("daily", daily, "in UTC")).unwrap_or_default();
        let schedule = format!("[schedule]\n{daily}{ON_ARRIVAL}");
        let tables = if self.tables.is_empty() { SAMPLE.to_owned() } else { self.tables.join("\n") };
        [FIRST_LINES, &lake, "\n", &schedule, "\n", &tables, "\n", &zone(table)].concat()
    }
}

/// A key with what it means behind it.
fn line(key: &str, value: &str, meaning: &str) -> String {
    let written = format!("{key} = {}", quoted(value));
    format!("{written:<36} # {meaning}\n")
}

/// Nobody is given anything before the user says so.
fn zone(table: &str) -> String {
    let table = quoted(table);
    format!(
        "# A team's own copy of the tables it may have; `tarn zone add NAME --tables ...` writes one.\n\
         # [[zone]]\n# name = \"marketing\"\n# tables = [{table}]\n"
    )
}

#[cfg(test)]
mod tests {
    use tarn_lake::EnvironmentName;

    use super::*;
    use crate::parse;

    #[test]
    fn a_new_lake_is_sound_and_short() {
        let table =
            "[[table]]\nname = \"orders\"\nfiles = \"orders*.csv\"\n\n[table.columns]\nid = \"int64\"\n";
        for (daily, tables) in [(None, vec![]), (Some("02:30"), vec![table.to_owned()])] {
            let lake = NewLake { name: "shop", description: "Say \"hi\"", daily, tables: &tables };
            let text = lake.text("orders");
            let parsed = parse(&text, &EnvironmentName::new("dev").unwrap()).unwrap();
            assert_eq!(parsed.warnings, [], "{text}");
            assert_eq!(parsed.lake.description, "Say \"hi\"");
            assert_eq!(parsed.lake.schedule.daily, daily.map(|daily| daily.parse().unwrap()));
            let is_key = |line: &&str| !line.trim_start().starts_with('#') && line.contains('=');
            assert!(text.lines().filter(is_key).count() < 30, "{text}");
            let zone = text.find("# [[zone]]").unwrap();
            let proposed = [&text[..zone], &text[zone..].replace("# ", "")].concat();
            let refused = parse(&proposed, &EnvironmentName::new("dev").unwrap()).is_err();
            assert_eq!(refused, tables.is_empty(), "{proposed}");
        }
    }
}
