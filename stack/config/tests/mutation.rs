//! Whatever becomes of a file, reading it never panics, and every fault has a place in it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

use tarn_config::{Files, Severity, Source, parse, parse_files};
use tarn_lake::EnvironmentName;

const SEEDS: [&str; 2] =
    [include_str!("../../../examples/retail/lake.toml"), include_str!("valid/everything.toml")];
const MODEL: &str = include_str!("valid/models/everything.sql");
const LAKE_OF_MODEL: &str = include_str!("valid/models/lake.toml");
const ROUNDS: usize = 2000;
const PIECES: [&str; 14] =
    ["\"", "[", "]", "{", "}", "=", "[[", "é", "\u{feff}", "\r\n", "'''", ".", "[table]\n", "2024-01-01"];

/// Marsaglia's xorshift: the same files in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

fn mutated(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
    if lines.is_empty() {
        return PIECES[dice.below(PIECES.len())].into();
    }
    let line = dice.below(lines.len());
    match dice.below(5) {
        0 => drop(lines.remove(line)),
        1 => {
            let copy = lines[dice.below(lines.len())].clone();
            lines.insert(line, copy);
        }
        2 => lines.swap_remove(line).clear(),
        3 => return replaced(text, dice),
        _ => return text[..boundary(text, dice)].to_owned(),
    }
    lines.concat()
}

fn replaced(text: &str, dice: &mut Dice) -> String {
    let start = boundary(text, dice);
    let end = text.ceil_char_boundary((start + dice.below(4)).min(text.len()));
    format!("{}{}{}", &text[..start], PIECES[dice.below(PIECES.len())], &text[end..])
}

fn boundary(text: &str, dice: &mut Dice) -> usize {
    text.floor_char_boundary(dice.below(text.len() + 1))
}

fn check(text: &str) {
    let source = Source { path: "lake.toml", text };
    let faults = match parse(text, &EnvironmentName::new("dev").unwrap()) {
        Ok(parsed) => parsed.warnings,
        Err(faults) => {
            assert!(
                faults.iter().any(|fault| fault.severity == Severity::Error),
                "refused in silence:\n{text}"
            );
            faults
        }
    };
    for fault in &faults {
        assert!(text.get(fault.span.clone()).is_some(), "{fault:?} lies outside of\n{text}");
        assert!(fault.line(&source) <= text.lines().count().max(1) + 1);
        assert!(fault.render(&source, true).contains(fault.code.name()));
    }
    assert!(faults.is_sorted_by_key(|fault| fault.span.start), "not in order:\n{text}");
}

#[test]
fn mutated_files_never_panic() {
    let mut dice = Dice(0x7461_726e);
    for seed in SEEDS {
        let mut text = seed.to_owned();
        for round in 0..ROUNDS {
            // Faults pile up for a while, then a fresh file.
            text = mutated(if round % 8 == 0 { seed } else { &text }, &mut dice);
            check(&text);
        }
    }
}

fn check_model(text: &str) {
    let mut files = Files::new("lake.toml", LAKE_OF_MODEL);
    files.add_model("models/everything.sql", "everything", text);
    let Err(faults) = parse_files(&files, &EnvironmentName::new("dev").unwrap()) else { return };
    assert!(faults.iter().any(|fault| fault.severity == Severity::Error), "refused in silence:\n{text}");
    for fault in &faults {
        let (source, local) = files.locate(fault);
        assert_eq!(source.path, "models/everything.sql", "{fault:?}\n{text}");
        assert!(source.text.get(local.span.clone()).is_some(), "{fault:?} lies outside of\n{text}");
        assert!(files.render(fault, true).contains(fault.code.name()));
    }
}

#[test]
fn mutated_models_never_panic() {
    let mut dice = Dice(0x676f_6c64);
    let mut text = MODEL.to_owned();
    for round in 0..ROUNDS / 2 {
        text = mutated(if round % 8 == 0 { MODEL } else { &text }, &mut dice);
        check_model(&text);
    }
    for end in (0..MODEL.len()).filter(|end| MODEL.is_char_boundary(*end)) {
        check_model(&MODEL[..end]);
    }
}

#[test]
fn every_beginning_of_a_file_is_read() {
    for seed in SEEDS {
        for end in (0..seed.len()).filter(|end| seed.is_char_boundary(*end)) {
            check(&seed[..end]);
        }
    }
}
