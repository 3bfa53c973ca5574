//! Our types and constants back to messages. Not here: rows (`results`), errors (`errors`).

mod literal;
mod types;

pub use literal::literal;
pub(crate) use literal::plain_int;
pub use types::{data_type, struct_type};
