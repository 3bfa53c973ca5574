//! Counting and coercing a call's arguments, with Spark's errors when they do not fit.
//!
//!     call.arity(&[2, 3])?            how many there may be
//!     call.text(0)?                   the argument cast to a type, if Spark casts it by itself
//!     call.mismatch(0, "NUMERIC")     the error when it does not
//!
//! Not here: how a cast computes (`cast`), types common to several arguments (`coerce`). Begin at [`Call::as_type`].

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Context, Typed};
use crate::cast::cast;
use crate::coerce::{self, Expect};

const DOCROOT: &str = "https://spark.apache.org/docs/latest";

impl Call<'_> {
    /// Refuses any other number of arguments than those listed.
    pub fn arity(&self, allowed: &[usize]) -> Result<()> {
        self.arity_of(self.arguments.len(), allowed)
    }

    /// The same for a given number of arguments.
    pub fn arity_of(&self, given: usize, allowed: &[usize]) -> Result<()> {
        if allowed.contains(&given) {
            return Ok(());
        }
        let list: Vec<String> = allowed.iter().map(usize::to_string).collect();
        let expected = if list.len() == 1 { list.concat() } else { format!("[{}]", list.join(", ")) };
        Err(self.wrong_arity(&expected))
    }

    /// Refuses fewer than `least` arguments.
    pub fn arity_at_least(&self, least: usize) -> Result<()> {
        if self.arguments.len() >= least { Ok(()) } else { Err(self.wrong_arity(&format!("> {}", least.saturating_sub(1)))) }
    }

    fn wrong_arity(&self, expected: &str) -> Error {
        Error::new("WRONG_NUM_ARGS.WITHOUT_SUGGESTION")
            .with("functionName", format!("`{}`", self.name))
            .with("expectedNum", expected)
            .with("actualNum", self.arguments.len().to_string())
            .with("docroot", DOCROOT)
    }

    /// How many arguments were given.
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// No arguments at all.
    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// The argument as it came.
    pub fn argument(&self, index: usize) -> Result<Typed> {
        self.arguments.get(index).cloned().ok_or_else(|| Error::internal(format!("{} has no argument {index}", self.name)))
    }

    /// The type of an argument.
    pub fn type_of(&self, index: usize) -> &DataType {
        self.arguments.get(index).map_or(&DataType::Null, |argument| &argument.data_type)
    }

    /// Whether any argument may be null.
    pub fn any_nullable(&self) -> bool {
        self.arguments.iter().any(|argument| argument.nullable)
    }

    /// The argument in type `wanted`, cast if Spark does so without being asked.
    pub fn as_type(&self, index: usize, wanted: &DataType) -> Result<Typed> {
        self.expect(index, &Expect::Type(wanted.clone()))
    }

    /// The argument as one of the types expected, cast if Spark does so without being asked.
    pub fn expect(&self, index: usize, wanted: &Expect) -> Result<Typed> {
        let text = self.texts.get(index).map_or("", String::as_str);
        coerce::expect(self.argument(index)?, wanted, index, text, self.sql().trim_matches('"'), &self.context)
    }

    /// The argument as a string.
    pub fn text(&self, index: usize) -> Result<Typed> {
        self.as_type(index, &DataType::String)
    }

    /// The argument as an int.
    pub fn int(&self, index: usize) -> Result<Typed> {
        self.as_type(index, &DataType::Int)
    }

    /// The argument as a bigint.
    pub fn long(&self, index: usize) -> Result<Typed> {
        self.as_type(index, &DataType::Long)
    }

    /// The argument as a double.
    pub fn double(&self, index: usize) -> Result<Typed> {
        self.as_type(index, &DataType::Double)
    }

    /// The argument as a date.
    pub fn date(&self, index: usize) -> Result<Typed> {
        self.as_type(index, &DataType::Date)
    }

    /// The argument as an instant.
    pub fn timestamp(&self, index: usize) -> Result<Typed> {
        self.as_type(index, &DataType::Timestamp)
    }

    /// The argument as a boolean.
    pub fn boolean(&self, index: usize) -> Result<Typed> {
        self.as_type(index, &DataType::Boolean)
    }

    /// The argument as bytes.
    pub fn binary(&self, index: usize) -> Result<Typed> {
        self.as_type(index, &DataType::Binary)
    }

    /// The argument as the number it is; strings become doubles.
    pub fn numeric(&self, index: usize) -> Result<Typed> {
        self.expect(index, &Expect::Numeric)
    }

    /// The argument as bytes if it is bytes, else as a string.
    pub fn text_or_binary(&self, index: usize) -> Result<Typed> {
        self.expect(index, &Expect::OneOf(vec![Expect::Type(DataType::String), Expect::Type(DataType::Binary)]))
    }

    /// An array argument and its element type.
    pub fn array(&self, index: usize) -> Result<(Typed, DataType, bool)> {
        let argument = self.argument(index)?;
        match argument.data_type.clone() {
            DataType::Array { element, contains_null } => Ok((argument, *element, contains_null)),
            DataType::Null => {
                let kind = DataType::array(DataType::Null, true);
                Ok((convert(argument, &kind, &self.context)?, DataType::Null, true))
            }
            _ => Err(self.mismatch(index, "ARRAY")),
        }
    }

    /// A map argument with its key type, value type and whether values may be null.
    pub fn map(&self, index: usize) -> Result<(Typed, DataType, DataType, bool)> {
        let argument = self.argument(index)?;
        match argument.data_type.clone() {
            DataType::Map { key, value, value_contains_null } => Ok((argument, *key, *value, value_contains_null)),
            DataType::Null => {
                let kind = DataType::map(DataType::Null, DataType::Null, true);
                Ok((convert(argument, &kind, &self.context)?, DataType::Null, DataType::Null, true))
            }
            _ => Err(self.mismatch(index, "MAP")),
        }
    }

    /// The value of an argument that must be a literal, after implicit casts.
    pub fn literal(&self, index: usize) -> Option<ScalarValue> {
        self.arguments.get(index).and_then(|argument| literal_of(&argument.expr))
    }

    /// A literal integer argument.
    pub fn literal_long(&self, index: usize) -> Option<i64> {
        match self.literal(index)? {
            ScalarValue::Int8(value) => value.map(i64::from),
            ScalarValue::Int16(value) => value.map(i64::from),
            ScalarValue::Int32(value) => value.map(i64::from),
            ScalarValue::Int64(value) => value,
            ScalarValue::Decimal128(value, _, 0) => value.and_then(|value| i64::try_from(value).ok()),
            _ => None,
        }
    }

    /// A literal string argument.
    pub fn literal_text(&self, index: usize) -> Option<String> {
        match self.literal(index)? {
            ScalarValue::Utf8(value) => value,
            _ => None,
        }
    }

    /// A literal boolean argument.
    pub fn literal_boolean(&self, index: usize) -> Option<bool> {
        match self.literal(index)? {
            ScalarValue::Boolean(value) => value,
            _ => None,
        }
    }

    /// The call as Spark prints it in errors.
    pub fn sql(&self) -> String {
        match crate::registry::lookup(self.name).and_then(|function| function.display) {
            Some(display) => format!("\"{}\"", display(&self.texts)),
            None => format!("\"{}({})\"", self.name, self.texts.join(", ")),
        }
    }

    /// `DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE` for an argument that should be `required`, an SQL type.
    pub fn mismatch(&self, index: usize, required: &str) -> Error {
        self.wants(index, &format!("\"{required}\""))
    }

    /// The same, `required` already quoted.
    pub fn wants(&self, index: usize, required: &str) -> Error {
        Error::new("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
            .with("sqlExpr", self.sql())
            .with("paramIndex", coerce::ordinal(index))
            .with("requiredType", required)
            .with("inputSql", format!("\"{}\"", self.texts.get(index).map_or("", String::as_str)))
            .with("inputType", self.type_of(index).quoted())
    }

    /// `DATATYPE_MISMATCH.NON_FOLDABLE_INPUT`: an argument that must be a constant is none.
    pub fn not_constant(&self, index: usize, parameter: &str, required: &DataType) -> Error {
        Error::new("DATATYPE_MISMATCH.NON_FOLDABLE_INPUT")
            .with("sqlExpr", self.sql())
            .with("inputName", format!("`{parameter}`"))
            .with("inputType", required.quoted())
            .with("inputExpr", format!("\"{}\"", self.texts.get(index).map_or("", String::as_str)))
    }

    /// A part of a function Spark has and we lack.
    pub fn unsupported(&self, part: &str) -> Error {
        Error::unsupported(format!("the function {} {part}", self.name))
    }
}

/// The value of a literal, seen through the casts and aliases around it.
pub fn literal_of(expr: &Expr) -> Option<ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value.clone()),
        Expr::Alias(alias) => literal_of(&alias.expr),
        other => crate::constant::fold(other),
    }
}

/// The value in another type, by the session's rules for casts.
pub fn convert(value: Typed, to: &DataType, context: &Context<'_>) -> Result<Typed> {
    cast(value, to, context.mode(), context)
}

/// The default name of a call whose left-out arguments are printed with their defaults; `defaults` are the last ones.
pub fn with_defaults(name: &str, arguments: &[String], count: usize, defaults: &[&str]) -> String {
    let missing = count.saturating_sub(arguments.len()).min(defaults.len());
    let added = defaults[defaults.len() - missing..].iter().map(|default| (*default).to_owned());
    format!("{name}({})", arguments.iter().cloned().chain(added).collect::<Vec<_>>().join(", "))
}
