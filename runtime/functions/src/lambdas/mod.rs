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

use crate::arguments::with_defaults;
use crate::call::{Call, Typed};
use crate::registry::{Argument, Function, HigherOrderCall, Kind};
use body::Body;

const fn higher(name: &'static str, build: fn(HigherOrderCall<'_, '_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::HigherOrder(build), display: None }
}

/// What stands for the last step of a fold that has none.
const AS_IT_IS: &str = "lambdafunction(namedlambdavariable(), namedlambdavariable())";

/// How the order prints in which `array_sort` sorts if it is not told another.
const NULLS_LAST: &str = "lambdafunction((IF(((namedlambdavariable() IS NULL) AND (namedlambdavariable() IS NULL)), 0, \
    (IF((namedlambdavariable() IS NULL), 1, (IF((namedlambdavariable() IS NULL), -1, \
    (IF((namedlambdavariable() < namedlambdavariable()), -1, \
    (IF((namedlambdavariable() > namedlambdavariable()), 1, 0)))))))))), namedlambdavariable(), namedlambdavariable())";

const fn fold(name: &'static str, display: fn(&[String]) -> String) -> Function {
    Function { name, kind: Kind::HigherOrder(folding::aggregate), display: Some(display) }
}

/// The functions that take functions.
pub static FUNCTIONS: &[Function] = &[
    fold("aggregate", |args| with_defaults("aggregate", args, 4, &[AS_IT_IS])),
    Function {
        name: "array_sort",
        kind: Kind::HigherOrder(sorting::array_sort),
        display: Some(|args| with_defaults("array_sort", args, 2, &[NULLS_LAST])),
    },
    higher("exists", |call| arrays::ask(call, arrays::Quantifier::Exists)),
    higher("filter", arrays::filter),
    higher("forall", |call| arrays::ask(call, arrays::Quantifier::ForAll)),
    higher("map_filter", maps::map_filter),
    higher("map_zip_with", maps::map_zip_with),
    fold("reduce", |args| with_defaults("reduce", args, 4, &[AS_IT_IS])),
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
