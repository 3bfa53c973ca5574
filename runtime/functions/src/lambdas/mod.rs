//! Functions that take functions.
//!
//!     lists ──► all elements as one column ──► the lambda's body once over it ──► lists again
//!                (outer columns repeated per element by `take`)
//!
//! The body is evaluated per batch, never per element; only `aggregate` goes element by element, over all rows at once.
//! Not here: resolving lambdas (the analyzer). Begin at [`FUNCTIONS`]; the body lives in `body`.

mod arrays;
mod body;
mod folding;
mod maps;
mod sorting;

use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::registry::{Argument, Function, HigherOrderCall, Kind};
use body::Body;

const fn higher(name: &'static str, build: fn(HigherOrderCall<'_, '_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::HigherOrder(build), display: None }
}

/// The functions that take functions.
pub static FUNCTIONS: &[Function] = &[
    higher("aggregate", folding::aggregate),
    higher("array_sort", sorting::array_sort),
    higher("exists", |call| arrays::ask(call, arrays::Quantifier::Exists)),
    higher("filter", arrays::filter),
    higher("forall", |call| arrays::ask(call, arrays::Quantifier::ForAll)),
    higher("map_filter", maps::map_filter),
    higher("map_zip_with", maps::map_zip_with),
    higher("reduce", folding::aggregate),
    higher("transform", arrays::transform),
    higher("transform_keys", |call| maps::transform_side(call, true)),
    higher("transform_values", |call| maps::transform_side(call, false)),
    higher("zip_with", arrays::zip_with),
];

impl<'c, 'a> HigherOrderCall<'c, 'a> {
    fn arity(&self, allowed: &[usize]) -> Result<()> {
        self.plain().arity_of(self.arguments.len(), allowed)
    }

    /// The call as errors see it.
    fn plain(&self) -> Call<'c> {
        let values = self.arguments.iter().map(|argument| match argument {
            Argument::Value(value) => value.clone(),
            Argument::Lambda(_) => Typed::new(datafusion::logical_expr::lit(false), DataType::Null, true),
        });
        Call {
            name: self.name,
            arguments: values.collect(),
            texts: self.texts.clone(),
            is_distinct: false,
            ignore_nulls: None,
            context: self.context,
        }
    }

    fn lambda(&mut self, index: usize, types: &[(DataType, bool)]) -> Result<Body> {
        match self.arguments.get_mut(index) {
            Some(Argument::Lambda(resolve)) => Ok(Body::new(resolve(types)?, types)),
            _ => Err(Error::new("INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION").with("class", self.name)),
        }
    }

    fn is_lambda(&self, index: usize) -> bool {
        matches!(self.arguments.get(index), Some(Argument::Lambda(_)))
    }
}
