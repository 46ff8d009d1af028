//! What of a model's header cannot hold together.

use tarn_lake::{Engine, Materialise, Model, ModelFormat};

use super::{KEY, MATERIALISE, NEW_FILES_OF, PARTITION_BY, RENAMED};
use crate::keys::Key;
use crate::reader::Reader;
use crate::{Code, Diagnostic};

/// Records every contradiction.
pub fn check(block: &Reader, model: &Model) {
    goes_with(block, &KEY, model.materialise == Materialise::Merge, "merge", "tells no two rows apart");
    let appends = model.materialise == Materialise::Append;
    goes_with(block, &NEW_FILES_OF, appends, "append", "sees all files at every run");
    if model.materialise == Materialise::Partition && block.find(&PARTITION_BY).is_none() {
        lacks(block, "partition", &PARTITION_BY, "there are no partitions that new rows could replace");
    }
    if model.format == ModelFormat::Parquet {
        refuse_plain_files(block, model);
    }
    if model.engine == Engine::Athena && appends {
        refuse_appending_by_athena(block);
    }
}

/// A key that one materialisation must have, and no other can.
fn goes_with(block: &Reader, key: &Key, is_so: bool, materialise: &str, without: &str) {
    match (is_so, block.find(key).is_some()) {
        (true, false) => lacks(block, materialise, key, key.meaning),
        (false, true) => {
            let title = format!("`{}` means nothing without `materialise = \"{materialise}\"`", key.name);
            let fault = Diagnostic::error(Code::Contradiction, block.key_place(key), title);
            let fault = fault.label(format!("a model that is written otherwise {without}"));
            let help = format!("leave `{}` out, or write `materialise = \"{materialise}\"`", key.name);
            block.faults.push(fault.help(help));
        }
        _ => {}
    }
}

fn lacks(block: &Reader, materialise: &str, key: &Key, why: &str) {
    let title = format!("{} has `materialise = \"{materialise}\"` and no `{}`", block.subject(), key.name);
    let fault = Diagnostic::error(Code::MissingKey, block.key_place(&MATERIALISE), title);
    block.faults.push(fault.label(format!("`{}` is missing: {why}", key.name)).help(key.addition()));
}

/// A folder of Parquet is written anew as a whole, and has no columns with an identity.
fn refuse_plain_files(block: &Reader, model: &Model) {
    let refuse = |key: &Key, why: &str| {
        let title = format!("`{}` cannot stand beside `format = \"parquet\"`", key.name);
        let fault = Diagnostic::error(Code::Contradiction, block.key_place(key), title).label(why.to_owned());
        block.faults.push(fault.help(format!("leave `{}` out, or `format`", key.name)));
    };
    if model.materialise != Materialise::Replace {
        refuse(&MATERIALISE, "a folder of Parquet is replaced as a whole");
    }
    for key in [&PARTITION_BY, &RENAMED] {
        if block.find(key).is_some() {
            refuse(key, "only an Iceberg table has it");
        }
    }
}

/// Athena reads a table as it is in the catalog, and the catalog does not know which files a model took.
fn refuse_appending_by_athena(block: &Reader) {
    let place = block.key_place(&MATERIALISE);
    let fault =
        Diagnostic::error(Code::Contradiction, place, "`append` cannot stand beside `engine = \"athena\"`");
    let fault = fault.label("Athena would read all files of a table, not only those that are new");
    block.faults.push(
        fault.help(
            "write `engine = \"spark\"`, or `materialise = \"merge\"` with a key, or leave `engine` out",
        ),
    );
}
