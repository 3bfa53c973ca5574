//! The one table of function names.
//!
//! A family file offers `pub static FUNCTIONS: &[Function]`; [`FAMILIES`] lists the families. Lambdas reach a builder as
//! [`Argument::Lambda`]-shaped closures through `Kind::HigherOrder`, because their variables' types depend on the other arguments.

use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Typed};

/// One name Spark knows.
pub struct Function {
    /// Lower case; operators by their sign (`+`, `<=>`, `and`).
    pub name: &'static str,
    pub kind: Kind,
    /// How the call prints in a default column name; `None`: `name(arg, arg)`.
    pub display: Option<fn(&[String]) -> String>,
}

/// What a call becomes.
pub enum Kind {
    /// A value per row.
    Scalar(fn(Call<'_>) -> Result<Typed>),
    /// A value per group; the builder answers an `Expr::AggregateFunction` without filter and order (the analyzer adds
    /// those), possibly wrapped in scalar expressions around exactly one or more aggregate calls.
    Aggregate(fn(Call<'_>) -> Result<Typed>),
    /// Only meaningful with OVER; the builder answers an `Expr::WindowFunction` without its window (partition, order and
    /// frame are filled in by the analyzer), possibly wrapped in scalar expressions (ranks are cast to int).
    Window(fn(Call<'_>) -> Result<Typed>),
    /// Zero or more rows per row.
    Generator(fn(Call<'_>) -> Result<Generated>),
    /// Takes lambdas.
    HigherOrder(fn(HigherOrderCall<'_, '_>) -> Result<Typed>),
}

/// A generator: which list or map it unrolls, and what columns come out.
pub struct Generated {
    /// An expression of a list type; the analyzer unnests it. For several columns it is a list of structs.
    pub list: Typed,
    /// Names and types of the columns, in the order of the struct's fields (one column: the element itself).
    pub columns: Vec<(String, DataType, bool)>,
    /// Puts the element's position, 0-based, in front as column `pos`.
    pub with_position: bool,
    /// An empty or null list still gives one row of nulls.
    pub outer: bool,
}

/// An argument of a higher-order function.
pub enum Argument<'a> {
    Value(Typed),
    /// Resolves the lambda's body once its variables' types are known: gives the body over columns named by the
    /// returned names, in the order of the types asked for.
    Lambda(Box<dyn FnMut(&[(DataType, bool)]) -> Result<LambdaBody> + 'a>),
}

impl Argument<'_> {
    /// The type of a value; a lambda has none.
    pub fn data_type(&self) -> Option<&DataType> {
        match self {
            Argument::Value(value) => Some(&value.data_type),
            Argument::Lambda(_) => None,
        }
    }
}

/// A resolved lambda: `body` refers to its variables as unqualified columns called `variables`, and may refer to outer
/// columns, listed in `captured` (name of the column as referred to in `body`).
pub struct LambdaBody {
    pub body: Typed,
    pub variables: Vec<String>,
}

/// A call with lambdas among its arguments.
pub struct HigherOrderCall<'c, 'a> {
    pub name: &'c str,
    pub arguments: Vec<Argument<'a>>,
    pub texts: Vec<String>,
    pub context: crate::call::Context<'c>,
}

/// The function Spark knows as `name` (lower case), if we have it.
pub fn lookup(name: &str) -> Option<&'static Function> {
    use std::collections::HashMap;
    use std::sync::OnceLock;
    static INDEX: OnceLock<HashMap<&'static str, &'static Function>> = OnceLock::new();
    INDEX
        .get_or_init(|| FAMILIES.iter().flat_map(|family| family.iter()).map(|function| (function.name, function)).collect())
        .get(name)
        .copied()
}

/// How a call prints whose name depends on what its arguments are; `None`: as its [`Function`] says.
pub fn name_by_types(name: &str, arguments: &[Typed], texts: &[String]) -> Option<String> {
    let kinds: Vec<&DataType> = arguments.iter().map(|argument| &argument.data_type).collect();
    match (name, kinds.as_slice(), texts) {
        ("+" | "-", [left, right], [first, second]) => moved_name(name, left, right, first, second),
        ("*", [number, interval], [first, second]) if number.is_numeric() && interval.is_interval() => {
            Some(format!("({second} * {first})"))
        }
        ("from_json", [_, _, ..], [_, schema, ..]) if schema.to_lowercase().starts_with("map<") => Some("entries".to_owned()),
        ("time_bucket", [_, moment], [size, stamp]) => {
            Some(format!("time_bucket({size}, {stamp}, {})", crate::datetime::usual_origin(moment)))
        }
        ("lpad" | "rpad", [DataType::Binary, _], [bytes, length]) => Some(format!("{name}({bytes}, {length}, X'00')")),
        ("make_timestamp_ltz", [DataType::Date, DataType::Time(_), ..], said) => {
            Some(format!("make_timestamp({})", said.join(", ")))
        }
        ("try_make_timestamp_ntz", [DataType::Date, DataType::Time(_)], said) => {
            Some(format!("try_make_timestamp_ntz(make_timestamp_ntz({}))", said.join(", ")))
        }
        ("to_char" | "to_varchar", [kind, _], [value, pattern]) if kind.is_datetime() => {
            Some(format!("date_format({value}, {pattern})"))
        }
        ("to_char" | "to_varchar", [DataType::Binary, _], [value, pattern]) => Some(match pattern.to_lowercase().as_str() {
            "utf-8" => format!("decode({value}, {pattern})"),
            way => format!("{way}({value})"),
        }),
        _ => None,
    }
}

/// Dates and timestamps that are moved: `date_add(d, 1)`, and without parentheses `d + INTERVAL '1' DAY`.
fn moved_name(sign: &str, left: &DataType, right: &DataType, first: &str, second: &str) -> Option<String> {
    let function = if sign == "+" { "date_add" } else { "date_sub" };
    let days = |text: &str| format!("extractansiintervaldays({text})");
    match (left, right) {
        (DataType::Date, interval) if is_days(interval) && sign == "+" => Some(format!("date_add({first}, {})", days(second))),
        (DataType::Date, interval) if is_days(interval) => Some(format!("date_add({first}, (- {}))", days(second))),
        (interval, DataType::Date) if is_days(interval) && sign == "+" => Some(format!("date_add({second}, {})", days(first))),
        (DataType::Date, days) if days.is_integral() => Some(format!("{function}({first}, {second})")),
        (days, DataType::Date) if days.is_integral() && sign == "+" => Some(format!("{function}({second}, {first})")),
        (moment, interval) if (moment.is_datetime() || is_time(moment)) && interval.is_interval() => {
            Some(format!("{first} {sign} {second}"))
        }
        (time, other) if is_time(time) && is_time(other) && sign == "-" => Some(format!("{first} - {second}")),
        (interval, moment) if (moment.is_datetime() || is_time(moment)) && interval.is_interval() && sign == "+" => {
            Some(format!("{second} {sign} {first}"))
        }
        _ => None,
    }
}

fn is_time(kind: &DataType) -> bool {
    matches!(kind, DataType::Time(_))
}

fn is_days(kind: &DataType) -> bool {
    use emberflow_plan::types::DayTimeField::Day;
    matches!(kind, DataType::DayTimeInterval { start: Day, end: Day })
}

/// Whether Spark has a function of this name (lower case), be it that we lack it.
pub fn known_to_spark(name: &str) -> bool {
    crate::known::NAMES.binary_search(&name).is_ok()
}

/// The error for a name [`lookup`] does not find: a function we lack, or one nobody knows.
pub fn missing(name: &str) -> Error {
    if known_to_spark(name) {
        return Error::unsupported(format!("the function {name}"));
    }
    Error::new("UNRESOLVED_ROUTINE")
        .with("routineName", format!("`{name}`"))
        .with("searchPath", "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]")
}

/// The function `name` means under OVER: some aggregates (`first`, `last`, `any_value`) have a window form of their own,
/// which frames that move need.
pub fn lookup_over(name: &str) -> Option<&'static Function> {
    crate::windows::OVER.iter().find(|function| function.name == name).or_else(|| lookup(name))
}

/// All families; each lists its functions.
pub static FAMILIES: &[&[Function]] = &[
    crate::operators::arithmetic::FUNCTIONS,
    crate::operators::comparison::FUNCTIONS,
    crate::operators::logic::FUNCTIONS,
    crate::operators::conditional::FUNCTIONS,
    crate::operators::predicates::FUNCTIONS,
    crate::operators::matching::FUNCTIONS,
    crate::operators::bitwise::FUNCTIONS,
    crate::hashes::FUNCTIONS,
    crate::bitmaps::FUNCTIONS,
    crate::misc::FUNCTIONS,
    crate::aggregates::FUNCTIONS,
    crate::windows::FUNCTIONS,
    crate::strings::FUNCTIONS,
    crate::datetime::FUNCTIONS,
    crate::math::FUNCTIONS,
    crate::collections::FUNCTIONS,
    crate::lambdas::FUNCTIONS,
    crate::generators::FUNCTIONS,
    crate::formats::FUNCTIONS,
    crate::variant::FUNCTIONS,
    crate::vectors::FUNCTIONS,
    crate::aggregates::SKETCHES,
];
