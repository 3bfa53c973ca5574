//! Numbers in other bases.

use arrow::datatypes::{Int32Type, Int64Type};
use emberflow_base::{Error, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::kernel::{Kernel, binaries, kernel, strings};

/// `bin(n)`
pub fn bin(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.long(0)?;
    let nullable = argument.nullable;
    Ok(kernel("bin", vec![argument], DataType::String, nullable, |columns| {
        let numbers = columns.numbers::<Int64Type>(0)?;
        strings(columns.rows, |row| Ok(numbers.at(row).map(|n| format!("{n:b}"))))
    }))
}

/// `hex(number, text or bytes)`
pub fn hex(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let hex_of = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let (argument, of_number) = match call.type_of(0) {
        DataType::Binary => (call.argument(0)?, false),
        kind if kind.is_string() => (call.binary(0)?, false),
        _ => (call.long(0)?, true),
    };
    let nullable = argument.nullable;
    Ok(kernel("hex", vec![argument], DataType::String, nullable, move |columns| {
        if of_number {
            let numbers = columns.numbers::<Int64Type>(0)?;
            return strings(columns.rows, |row| Ok(numbers.at(row).map(|n| format!("{n:X}"))));
        }
        let bytes = columns.bytes(0)?;
        strings(columns.rows, |row| Ok(bytes.at(row).map(hex_of)))
    }))
}

/// `unhex(text)`: null if it is no such text.
pub fn unhex(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.text(0)?;
    Ok(kernel("unhex", vec![argument], DataType::Binary, true, |columns| {
        let texts = columns.text(0)?;
        binaries(columns.rows, |row| Ok(texts.at(row).and_then(unhexed)))
    }))
}

/// The bytes of hexadecimal text.
pub(crate) fn unhexed(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|letter| letter.to_digit(16)).collect::<Option<_>>()?;
    let (first, pairs) = digits.split_at(digits.len() % 2);
    let bytes = first.iter().copied().chain(pairs.chunks_exact(2).map(|pair| pair[0] * 16 + pair[1]));
    Some(bytes.map(|byte| byte as u8).collect())
}

/// `conv(number, from, to)`: unsigned 64 bits; a negative `to` means a signed answer.
pub fn conv(call: Call<'_>) -> Result<Typed> {
    call.arity(&[3])?;
    let arguments = vec![call.text(0)?.expr, call.int(1)?.expr, call.int(2)?.expr];
    let ansi = call.context.ansi;
    let kernel = Kernel::new("conv", &DataType::String, true, move |columns| {
        let (texts, sources, targets) = (columns.text(0)?, columns.numbers::<Int32Type>(1)?, columns.numbers::<Int32Type>(2)?);
        strings(columns.rows, |row| match texts.at(row).zip(sources.at(row)).zip(targets.at(row)) {
            None => Ok(None),
            Some(((text, from), to)) => converted(text.trim(), from, to, ansi),
        })
    });
    Ok(Typed::new(kernel.identity(ansi).fallible_if(ansi).call(arguments), DataType::String, true))
}

fn converted(text: &str, from: i32, to: i32, ansi: bool) -> Result<Option<String>> {
    let bases = (2..=36).contains(&from) && (2..=36).contains(&to.abs());
    if !bases || text.is_empty() {
        return Ok(None);
    }
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut value = 0_u64;
    for digit in digits.chars().map_while(|letter| letter.to_digit(from as u32)) {
        value = match value.checked_mul(from as u64).and_then(|value| value.checked_add(u64::from(digit))) {
            Some(value) => value,
            None if ansi => {
                return Err(Error::new("ARITHMETIC_OVERFLOW")
                    .with("message", "Overflow in function conv()")
                    .with("alternative", "")
                    .with("config", "\"spark.sql.ansi.enabled\""));
            }
            None => {
                value = u64::MAX;
                break;
            }
        };
    }
    let mut minus = negative;
    if negative && to > 0 {
        value = if (value as i64) < 0 { u64::MAX } else { value.wrapping_neg() };
    }
    if to < 0 && (value as i64) < 0 {
        minus = true;
        value = value.wrapping_neg();
    }
    let sign = if minus && to < 0 { "-" } else { "" };
    Ok(Some(format!("{sign}{}", in_base(value, to.unsigned_abs()))))
}

fn in_base(mut value: u64, base: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((value % u64::from(base)) as u32, base).unwrap_or('0').to_ascii_uppercase());
        value /= u64::from(base);
        if value == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}
