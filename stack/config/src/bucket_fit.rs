//! Whether the names of the buckets fit into what S3 allows, before any of them is made.
//!
//! Account and region are not known here, so both are counted at their longest. Databases need
//! no such check: a zone's name has no underscore and cannot be `silver`, so no two databases of
//! a lake are called the same once dashes become underscores.

use std::ops::Range;

use tarn_lake::{Bucket, EnvironmentName, LONGEST_BUCKET_NAME, LakeName, Names, Zone};
use toml::Spanned;

use crate::faults::Faults;
use crate::{Code, Diagnostic};

/// Every account has 12 digits.
const ACCOUNT: &str = "123456789012";
/// No region's name is longer.
const LONGEST_REGION: &str = "ap-southeast-1";

/// Records every bucket name that would be too long: at the zone's name, or at the lake's.
pub fn check(
    lake: &Spanned<LakeName>,
    environment: &EnvironmentName,
    zones: &[Spanned<Zone>],
    faults: &Faults,
) {
    let names = Names::new(lake.get_ref().clone(), environment.clone(), ACCOUNT, LONGEST_REGION);
    let longest = Bucket::OWN.iter().max_by_key(|bucket| names.bucket(bucket).len());
    if let Some(fault) = longest.and_then(|bucket| too_long(&names, bucket, lake.span())) {
        let shorten = format!("the lake `{}` or the environment `{environment}`", lake.get_ref());
        faults.push(with_help(fault, &shorten));
    }
    for zone in zones {
        let bucket = Bucket::Zone(zone.get_ref().name.clone());
        if let Some(fault) = too_long(&names, &bucket, zone.span()) {
            let zone = &zone.get_ref().name;
            let shorten = format!(
                "the zone `{zone}`, the lake `{}` or the environment `{environment}`",
                lake.get_ref()
            );
            faults.push(with_help(fault, &shorten));
        }
    }
}

fn too_long(names: &Names, bucket: &Bucket, place: Range<usize>) -> Option<Diagnostic> {
    let name = names.bucket(bucket);
    let excess = name.len().checked_sub(LONGEST_BUCKET_NAME).filter(|excess| *excess > 0)?;
    let title =
        format!("the bucket name `{}-{}-ACCOUNT-REGION` would be too long", names.prefix(), bucket.word());
    let characters = if excess == 1 { "character" } else { "characters" };
    let label = format!("{excess} {characters} more than the {LONGEST_BUCKET_NAME} that S3 allows");
    Some(Diagnostic::error(Code::NameTooLong, place, title).label(label))
}

fn with_help(fault: Diagnostic, shorten: &str) -> Diagnostic {
    fault.help(format!(
        "give {shorten} a shorter name; an account has {} digits and a region such as `{LONGEST_REGION}` {} characters",
        ACCOUNT.len(),
        LONGEST_REGION.len()
    ))
}
