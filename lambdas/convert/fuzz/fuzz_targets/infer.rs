//! Any bytes: what is inferred of a file fits it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tarn_convert::{Limits, Spec, infer};
use tarn_convert_fuzz::checked;

fuzz_target!(|input: &[u8]| {
    let Ok(inferred) = infer(input) else { return };
    let limits = Limits { threads: 1, ..Limits::default() };
    let spec = Spec { limits, ..Spec::new(&inferred.csv, &inferred.layout) };
    let _ = checked(&spec, input);
});
