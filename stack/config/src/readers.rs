//! `readers`: roles and users, of a zone or of the lake as a whole.

use tarn_lake::PrincipalArn;
use toml::Spanned;

use crate::aws::checked_arn;
use crate::diagnostic::quote;
use crate::keys::Key;
use crate::reader::Reader;
use crate::table::repeated;
use crate::{Code, Diagnostic};

/// What other tools call them.
pub const ALSO: &[&str] = &["principals", "principal", "reader", "users", "roles"];

/// Reads a list of principals, each an ARN, or `role/NAME` of the lake's own account.
pub fn read(block: &Reader, key: &Key) -> Vec<PrincipalArn> {
    if block.find(key).is_none() {
        return Vec::new();
    }
    let Some(list) = block.texts(key) else { return Vec::new() };
    if list.get_ref().is_empty() {
        block.refuse_empty(key, list.span());
    }
    let list = list.into_inner();
    for (first, second) in repeated(&list) {
        block.faults.push(twice(block, "reader", first, second));
    }
    let arns = list.iter().filter_map(|written| checked_arn(written, block, PrincipalArn::new));
    arns.map(Spanned::into_inner).collect()
}

/// That a list of a block has an entry a second time.
pub fn twice(block: &Reader, what: &str, first: &Spanned<&str>, second: &Spanned<&str>) -> Diagnostic {
    let title = format!("{} names the {what} {} twice", block.subject(), quote(second.get_ref()));
    let label = if block.faults.on_one_line(&first.span(), &second.span()) {
        "it already stands in this list".into()
    } else {
        format!("it already stands {}", block.faults.where_is(&first.span(), &second.span()))
    };
    Diagnostic::error(Code::DuplicateName, second.span(), title).label(label).help("leave one of them out")
}
