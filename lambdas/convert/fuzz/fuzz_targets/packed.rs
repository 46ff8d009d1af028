//! Any bytes as a packed file: nothing but the declared errors, and no more text than is allowed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tarn_convert::{Limits, Spec};
use tarn_convert_fuzz::{Settings, checked};

fuzz_target!(|input: &[u8]| {
    let Some((mut settings, packed)) = Settings::take(input) else { return };
    // Rows are of no interest here, and reading many of them back takes long.
    settings.limits = Limits { max_text_bytes: 1 << 20, ..settings.limits };
    settings.limits.row_group_bytes = settings.limits.row_group_bytes.max(1 << 12);
    settings.limits.row_group_rows = 1 << 20;
    let spec: Spec<'_> = settings.spec();
    let _ = checked(&spec, packed);
});
