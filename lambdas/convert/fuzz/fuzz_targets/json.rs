//! Any bytes as JSON Lines: every line is accounted for, and what is written can be read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tarn_convert_fuzz::{Settings, checked};
use tarn_lake::Format;

fuzz_target!(|input: &[u8]| {
    let Some((mut settings, text)) = Settings::take(input) else { return };
    settings.csv.format = Format::JsonLines;
    let _ = checked(&settings.spec(), text);
});
