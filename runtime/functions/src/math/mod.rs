//! Mathematics: elementary functions, rounding, bases, random numbers, ids of rows and partitions.
//!
//! Not here: arithmetic operators, `abs`, `pmod`, bits (`operators`). Begin at [`FUNCTIONS`].

mod bases;
mod elementary;
mod random;
pub(crate) mod rounding;

pub(crate) use bases::unhexed;

use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::arguments::with_defaults;
use crate::call::{Call, Typed};
use crate::partitioned::PartitionValue;
use crate::registry::{Function, Kind};

const fn scalar(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Scalar(build), display: None }
}

const fn shown(name: &'static str, build: fn(Call<'_>) -> Result<Typed>, display: fn(&[String]) -> String) -> Function {
    Function { name, kind: Kind::Scalar(build), display: Some(display) }
}

/// The functions of mathematics.
pub static FUNCTIONS: &[Function] = &[
    shown("acos", |call| elementary::of_one(call, f64::acos), |args| format!("ACOS({})", args.join(", "))),
    shown(
        "acosh",
        |call| elementary::of_one(call, |x| (x + (x * x - 1.0).sqrt()).ln()),
        |args| format!("ACOSH({})", args.join(", ")),
    ),
    shown("asin", |call| elementary::of_one(call, f64::asin), |args| format!("ASIN({})", args.join(", "))),
    shown("asinh", |call| elementary::of_one(call, elementary::asinh), |args| format!("ASINH({})", args.join(", "))),
    shown("atan", |call| elementary::of_one(call, f64::atan), |args| format!("ATAN({})", args.join(", "))),
    shown(
        "atan2",
        |call| elementary::of_two(call, |y, x| (y + 0.0).atan2(x + 0.0)),
        |args| format!("ATAN2({})", args.join(", ")),
    ),
    shown(
        "atanh",
        |call| elementary::of_one(call, |x| 0.5 * (x.ln_1p() - (-x).ln_1p())),
        |args| format!("ATANH({})", args.join(", ")),
    ),
    scalar("bin", bases::bin),
    shown("bround", |call| rounding::round(call, rounding::Mode::HalfEven), |args| with_defaults("bround", args, 2, &["0"])),
    shown("cbrt", |call| elementary::of_one(call, f64::cbrt), |args| format!("CBRT({})", args.join(", "))),
    shown("ceil", |call| rounding::ceil_or_floor(call, rounding::Mode::Up), |args| rounding::upper("CEIL", "ceil", args)),
    shown(
        "ceiling",
        |call| rounding::ceil_or_floor(call, rounding::Mode::Up),
        |args| rounding::upper("ceiling", "ceiling", args),
    ),
    scalar("conv", bases::conv),
    shown("cos", |call| elementary::of_one(call, f64::cos), |args| format!("COS({})", args.join(", "))),
    shown("cosh", |call| elementary::of_one(call, f64::cosh), |args| format!("COSH({})", args.join(", "))),
    shown("cot", |call| elementary::of_one(call, |x| 1.0 / x.tan()), |args| format!("COT({})", args.join(", "))),
    shown("csc", |call| elementary::of_one(call, |x| 1.0 / x.sin()), |args| format!("CSC({})", args.join(", "))),
    shown("degrees", |call| elementary::of_one(call, elementary::to_degrees), |args| format!("DEGREES({})", args.join(", "))),
    shown("e", |call| elementary::constant(call, std::f64::consts::E), |_| "E()".into()),
    shown("exp", |call| elementary::of_one(call, libm::exp), |args| format!("EXP({})", args.join(", "))),
    shown("expm1", |call| elementary::of_one(call, libm::expm1), |args| format!("EXPM1({})", args.join(", "))),
    scalar("factorial", elementary::factorial),
    shown("floor", |call| rounding::ceil_or_floor(call, rounding::Mode::Down), |args| rounding::upper("FLOOR", "floor", args)),
    scalar("hex", bases::hex),
    shown("hypot", |call| elementary::of_two(call, f64::hypot), |args| format!("HYPOT({})", args.join(", "))),
    scalar("ln", |call| elementary::logarithm(call, 0.0, libm::log)),
    shown("log", elementary::log, |args| {
        if args.len() == 1 { format!("LOG(E(), {})", args.concat()) } else { format!("LOG({})", args.join(", ")) }
    }),
    shown("log10", |call| elementary::logarithm(call, 0.0, libm::log10), |args| format!("LOG10({})", args.join(", "))),
    shown("log1p", |call| elementary::logarithm(call, -1.0, libm::log1p), |args| format!("LOG1P({})", args.join(", "))),
    shown(
        "log2",
        |call| elementary::logarithm(call, 0.0, |x| libm::log(x) / std::f64::consts::LN_2),
        |args| format!("LOG2({})", args.join(", ")),
    ),
    shown("pi", |call| elementary::constant(call, std::f64::consts::PI), |_| "PI()".into()),
    scalar("pow", |call| elementary::of_two(call, f64::powf)),
    shown("power", |call| elementary::of_two(call, f64::powf), |args| format!("POWER({})", args.join(", "))),
    scalar("randstr", random::randstr),
    shown("radians", |call| elementary::of_one(call, elementary::to_radians), |args| format!("RADIANS({})", args.join(", "))),
    scalar("rand", |call| random::random(call, PartitionValue::Uniform)),
    scalar("randn", |call| random::random(call, PartitionValue::Gaussian)),
    shown("random", |call| random::random(call, PartitionValue::Uniform), |args| format!("rand({})", args.join(", "))),
    scalar("rint", |call| elementary::of_one(call, f64::round_ties_even)),
    shown("round", |call| rounding::round(call, rounding::Mode::HalfUp), |args| with_defaults("round", args, 2, &["0"])),
    shown("sec", |call| elementary::of_one(call, |x| 1.0 / x.cos()), |args| format!("SEC({})", args.join(", "))),
    scalar("sign", elementary::sign),
    shown("signum", elementary::sign, |args| format!("SIGNUM({})", args.join(", "))),
    shown("sin", |call| elementary::of_one(call, f64::sin), |args| format!("SIN({})", args.join(", "))),
    shown("sinh", |call| elementary::of_one(call, f64::sinh), |args| format!("SINH({})", args.join(", "))),
    shown("sqrt", |call| elementary::of_one(call, f64::sqrt), |args| format!("SQRT({})", args.join(", "))),
    shown("tan", |call| elementary::of_one(call, f64::tan), |args| format!("TAN({})", args.join(", "))),
    shown("tanh", |call| elementary::of_one(call, f64::tanh), |args| format!("TANH({})", args.join(", "))),
    scalar("uniform", random::between),
    scalar("unhex", bases::unhex),
    scalar("uuid", random::uuid),
    scalar("monotonically_increasing_id", |call| random::place(call, PartitionValue::RowId, DataType::Long)),
    shown(
        "spark_partition_id",
        |call| random::place(call, PartitionValue::Index, DataType::Int),
        |_| "SPARK_PARTITION_ID()".to_owned(),
    ),
    scalar("width_bucket", elementary::width_bucket),
];
