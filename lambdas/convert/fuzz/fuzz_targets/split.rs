//! A text in parts gives the rows and the bad rows of the whole, wherever it is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tarn_convert::splits::{Opening, Part, Survey, guess, open, plan, survey};
use tarn_convert::{ConvertError, Spec};
use tarn_convert_fuzz::{Outcome, Settings, checked};

fuzz_target!(|input: &[u8]| {
    let Some((settings, rest)) = Settings::take(input) else { return };
    let Some((cuts, text)) = rest.split_first_chunk::<2>() else { return };
    let spec = settings.spec();
    match (checked(&spec, text), in_parts(&spec, text, cuts)) {
        (Ok(whole), Ok(parts)) => assert_eq!(whole, parts),
        (Err(whole), Err(parts)) => assert_eq!(whole.kind(), parts.kind()),
        (whole, parts) => panic!("{whole:?}\n{parts:?}"),
    }
});

fn in_parts(spec: &Spec<'_>, text: &[u8], cuts: &[u8; 2]) -> Result<Outcome, ConvertError> {
    let opening = open(spec, text, text.len() as u64)?;
    let surveys = if opening.unsplit.is_some() { Vec::new() } else { surveys(spec, text, &opening, cuts)? };
    let parts = plan(&opening, &surveys)?.parts;
    if parts.is_empty() {
        return checked(spec, text);
    }
    let mut sum = Outcome { rows: Vec::new(), bad: Vec::new() };
    for part in parts {
        let Part { start, end, .. } = part;
        let bytes = &text[start as usize..end as usize];
        let Outcome { rows, bad } = checked(&Spec { part: Some(part), ..*spec }, bytes)?;
        sum.rows.extend(rows);
        sum.bad.extend(bad);
    }
    Ok(sum)
}

/// Of the ranges between two cuts, each at so many 256ths of the text, or behind it where a row seems to
/// begin.
fn surveys(
    spec: &Spec<'_>,
    text: &[u8],
    opening: &Opening,
    cuts: &[u8; 2],
) -> Result<Vec<Survey>, ConvertError> {
    let start = opening.start as usize;
    let place = |cut: &u8| start + (text.len() - start) * usize::from(*cut) / 256;
    let behind = place(&cuts[1]);
    let guessed = guess(spec, behind as u64, &text[behind..])?;
    let mut edges = [start, place(&cuts[0]), guessed.map_or(behind, |at| at as usize), text.len()];
    edges.sort_unstable();
    edges.windows(2).map(|edges| survey(spec, edges[0] as u64, &text[edges[0]..edges[1]])).collect()
}
