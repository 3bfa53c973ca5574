//! R values as values of items.
//!
//!     logical ─► boolean   integer, integer64 ─► long   numeric ─► double   character ─► string   POSIXct ─► timestamp
//!     raw ─► blob          list of numbers, or a vector of numbers that are not one ─► array      NA, NULL ─► nothing
//!
//! NaN is a double. A vector means a column, one value a row; a cell means one value. Runs on R's thread.
//! Not here: messages (`kv`), values as R shows them (`kv_to_r`). Begin at [`values`] and [`cell`].

use emberflow_connect::kv::value::Value;
use emberflow_connect::kv::{self, Doubles, Longs, Timestamp};
use extendr_api::prelude::*;

use crate::failure::Result;
use crate::from_r::doubles;
use crate::from_r_nested::Slot;
use crate::kv::refused;

/// The low word of R's NA among the numbers that are none.
const NA_WORD: u64 = 1954;
const NANOS: i128 = 1_000_000_000;

/// A message for a value or for nothing.
pub fn message(value: Option<Value>) -> kv::Value {
    kv::Value { value: Some(value.unwrap_or(Value::Null(true))) }
}

/// A column: a value or nothing for each place.
pub fn values(vector: &Robj) -> Result<Vec<Option<Value>>> {
    if vector.inherits("POSIXct") {
        let timestamp = |seconds: f64| if seconds.is_nan() { Ok(None) } else { Ok(Some(timestamp(seconds)?)) };
        return doubles(vector)?.into_iter().map(timestamp).collect();
    }
    let other = ["Date", "difftime", "POSIXlt", "factor"];
    if vector.get_attrib("dim").is_some() || other.iter().any(|class| vector.inherits(class)) {
        return Err(unsupported(vector));
    }
    if let Some(list) = vector.as_list() {
        return list.values().map(|value| cell(&value)).collect();
    }
    if let Some(logicals) = vector.as_logical_slice() {
        return Ok(logicals.iter().map(|value| (!value.is_na()).then(|| Value::Boolean(value.is_true()))).collect());
    }
    if let Some(integers) = vector.as_integer_slice() {
        return Ok(integers.iter().map(|&value| (value != i32::MIN).then(|| Value::Long(value.into()))).collect());
    }
    if let Some(numbers) = vector.as_real_slice() {
        let is_integer64 = vector.inherits("integer64");
        let value = |number: &f64| match (is_integer64, number.to_bits() as i64) {
            (true, i64::MIN) => None,
            (true, long) => Some(Value::Long(long)),
            _ => (!is_na(*number)).then_some(Value::Double(*number)),
        };
        return Ok(numbers.iter().map(value).collect());
    }
    if vector.is_string() {
        return Ok(Slot::all_of(vector).iter().map(|slot| slot.text().map(|text| Value::String(text.to_owned()))).collect());
    }
    Err(unsupported(vector))
}

/// One value, or nothing.
pub fn cell(value: &Robj) -> Result<Option<Value>> {
    if value.is_null() {
        return Ok(None);
    }
    if let Some(bytes) = value.as_raw_slice() {
        return Ok(Some(Value::Blob(bytes.to_vec())));
    }
    let mut values = values(value)?;
    if values.len() == 1 && !value.is_list() { Ok(values.remove(0)) } else { array(values).map(Some) }
}

/// Longs, or doubles if one of them is a double.
fn array(elements: Vec<Option<Value>>) -> Result<Value> {
    let longs: Option<Vec<i64>> = elements
        .iter()
        .map(|element| match element {
            Some(Value::Long(long)) => Some(*long),
            _ => None,
        })
        .collect();
    if let Some(values) = longs {
        return Ok(Value::Longs(Longs { values }));
    }
    let doubles: Option<Vec<f64>> = elements
        .iter()
        .map(|element| match element {
            Some(Value::Long(long)) => Some(*long as f64),
            Some(Value::Double(double)) => Some(*double),
            _ => None,
        })
        .collect();
    let values =
        doubles.ok_or_else(|| refused("UnsupportedType", "an array of an item holds numbers, and none of them is NA"))?;
    Ok(Value::Doubles(Doubles { values }))
}

fn is_na(number: f64) -> bool {
    number.is_nan() && number.to_bits() & 0xffff_ffff == NA_WORD
}

/// R's seconds in the shortest decimal that means them, so that what was a whole microsecond stays one.
fn timestamp(seconds: f64) -> Result<Value> {
    let text = format!("{:.9}", Shortest(seconds.abs()));
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let nanos = whole.parse::<i128>().ok().zip(fraction.parse::<i128>().ok()).map(|(whole, nanos)| whole * NANOS + nanos);
    let nanos = nanos.map(|nanos| if seconds < 0.0 { -nanos } else { nanos });
    let parts = nanos.and_then(|nanos| {
        let seconds = i64::try_from(nanos.div_euclid(NANOS)).ok()?;
        Some(Timestamp { seconds, nanoseconds: u32::try_from(nanos.rem_euclid(NANOS)).ok()? })
    });
    let parts = parts.ok_or_else(|| refused("InvalidArgument", "a time that no timestamp holds"))?;
    Ok(Value::Timestamp(parts))
}

/// A number as its shortest decimal, cut or filled up to so many places.
struct Shortest(f64);

impl std::fmt::Display for Shortest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}", self.0);
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let places = f.precision().unwrap_or(fraction.len());
        write!(f, "{whole}.{:0<places$.places$}", fraction)
    }
}

fn unsupported(vector: &Robj) -> crate::failure::Failure {
    let class = vector.class().and_then(|mut classes| classes.next().map(str::to_owned));
    let class = class.unwrap_or_else(|| format!("{:?}", vector.rtype()).to_lowercase());
    refused("UnsupportedType", format!("an item holds no {class}"))
}

/// Names of items: the sharding texts, with sorting texts behind them if there are any.
pub fn names(sharding: &Robj, sorting: &Robj) -> Result<Vec<String>> {
    let sharding: Vec<String> = values(sharding)?.into_iter().map(sharding_text).collect::<Result<_>>()?;
    if sorting.is_null() {
        return Ok(sharding);
    }
    let sorting: Vec<String> = values(sorting)?.into_iter().map(sorting_text).collect::<Result<_>>()?;
    if let Some(bad) = sharding.iter().find(|text| text.contains('.')) {
        return Err(refused("InvalidKeyValue", format!("the sharding value {bad} has a period")));
    }
    if sorting.len() != sharding.len() {
        return Err(refused("InvalidArgument", "there are not as many sorting values as sharding values"));
    }
    Ok(sharding.into_iter().zip(sorting).map(|(sharding, sorting)| format!("{sharding}.{sorting}")).collect())
}

fn sharding_text(value: Option<Value>) -> Result<String> {
    match value {
        Some(Value::Double(_)) => Err(refused("InvalidKeyType", "a double is no key; as.integer() makes a long of it")),
        value => sorting_text(value),
    }
}

fn sorting_text(value: Option<Value>) -> Result<String> {
    match value {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Long(long)) => Ok(long.to_string()),
        Some(Value::Double(double)) => Ok(format!("{double:?}")),
        Some(Value::Boolean(boolean)) => Ok(boolean.to_string()),
        Some(Value::Timestamp(at)) => Ok(format!("{}:{}", at.seconds, at.nanoseconds)),
        None | Some(Value::Null(_)) => Err(refused("InvalidKeyValue", "a key is not NA")),
        Some(Value::Blob(_) | Value::Longs(_) | Value::Doubles(_)) => {
            Err(refused("InvalidKeyType", "a key is a text, a whole number, TRUE, FALSE or a time"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(seconds: f64) -> (i64, u32) {
        match timestamp(seconds).unwrap() {
            Value::Timestamp(at) => (at.seconds, at.nanoseconds),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn times_are_what_their_digits_say() {
        assert_eq!(parts(1_700_000_000.1), (1_700_000_000, 100_000_000));
        assert_eq!(parts(1_700_000_000.123_456), (1_700_000_000, 123_456_000));
        assert_eq!(parts(0.000_000_001), (0, 1));
        assert_eq!(parts(-0.25), (-1, 750_000_000));
        assert_eq!(parts(5.0), (5, 0));
        assert!(timestamp(f64::INFINITY).is_err() && timestamp(1e300).is_err());
    }
}
