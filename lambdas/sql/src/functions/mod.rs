//! Functions of Athena that DataFusion lacks or understands otherwise.

mod count_if;
mod date_diff;
mod mysql_format;
mod text_and_time;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::prelude::SessionContext;

use crate::fault::Result;

/// Puts them into a session, in the place of DataFusion's where it has one of that name.
pub(crate) fn register(context: &SessionContext) -> Result<()> {
    context.register_udf(ScalarUDF::from(text_and_time::DateParse::default()));
    context.register_udf(ScalarUDF::from(text_and_time::DateFormat::default()));
    context.register_udf(ScalarUDF::from(date_diff::DateDiff::default()));
    context.register_udaf(AggregateUDF::from(count_if::CountIf::default()));
    Ok(())
}
