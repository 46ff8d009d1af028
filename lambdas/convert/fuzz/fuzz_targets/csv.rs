//! Any text in any dialect: every row is accounted for, what is written can be read, and the number
//! of threads changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tarn_convert::{Limits, Spec};
use tarn_convert_fuzz::{Settings, checked, silver};

fuzz_target!(|input: &[u8]| {
    let Some((settings, text)) = Settings::take(input) else { return };
    let spec = settings.spec();
    let outcome = checked(&spec, text);
    if spec.limits.threads > 1 {
        let one = Spec { limits: Limits { threads: 1, ..spec.limits }, ..spec };
        match (silver(&one, text), silver(&spec, text)) {
            (Ok(one), Ok(many)) => assert!(one == many, "threads change the bytes"),
            (one, many) => assert_eq!(one.is_ok(), many.is_ok()),
        }
    }
    drop(outcome);
});
