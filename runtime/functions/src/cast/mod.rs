//! Spark's casts.
//!
//!     Typed + target type + mode ──► nothing | Arrow's own cast (where it agrees exactly) | a kernel of ours ──► Typed
//!
//! Not here: which casts are inserted by themselves (`coerce`). Begin at [`cast`]; what may be cast at all is in `rules`.

mod rules;

use datafusion::logical_expr::{Expr, cast as arrow_cast, try_cast as arrow_try_cast};
use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::call::{Context, Typed};
use crate::types::to_arrow;

pub(crate) use rules::forces_null;
pub use rules::{StorePolicy, can_cast, can_store_assign, can_up_cast, check_cast};

/// What a failing evaluation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvalMode {
    /// It raises.
    Ansi,
    /// It wraps around, or gives NULL.
    Legacy,
    /// It gives NULL.
    Try,
}

impl Context<'_> {
    /// The mode of everything that does not choose its own.
    pub fn mode(&self) -> EvalMode {
        if self.ansi { EvalMode::Ansi } else { EvalMode::Legacy }
    }
}

/// `CAST(input AS to)`. The caller has checked that the cast exists ([`check_cast`]).
pub fn cast(input: Typed, to: &DataType, mode: EvalMode, _context: &Context<'_>) -> Result<Typed> {
    if input.data_type == *to {
        return Ok(input);
    }
    let nullable = input.nullable || mode != EvalMode::Ansi;
    let expr: Expr =
        if mode == EvalMode::Ansi { arrow_cast(input.expr, to_arrow(to)) } else { arrow_try_cast(input.expr, to_arrow(to)) };
    Ok(Typed::new(expr, to.clone(), nullable))
}
