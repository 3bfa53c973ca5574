//! Bytes that may be no text: `is_valid_utf8`, `make_valid_utf8`, `validate_utf8`, `try_validate_utf8`.
//!
//! Strings are valid UTF-8 here, always; only arguments of type binary can be anything else.

use emberflow_base::{Error, Exception, Result};
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::kernel::{Kernel, booleans, kernel, strings};

/// What becomes of bytes that are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    Replace,
    Null,
    Raise,
}

fn bytes_of(call: &Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let argument = call.text_or_binary(0)?;
    crate::arguments::convert(argument, &DataType::Binary, &call.context)
}

/// `is_valid_utf8(bytes)`
pub fn is_valid_utf8(call: Call<'_>) -> Result<Typed> {
    Ok(kernel("is_valid_utf8", vec![bytes_of(&call)?], DataType::Boolean, true, |columns| {
        let bytes = columns.bytes(0)?;
        booleans(columns.rows, |row| Ok(bytes.at(row).map(|bytes| std::str::from_utf8(bytes).is_ok())))
    }))
}

/// The bytes as text.
pub fn valid(call: Call<'_>, invalid: Invalid) -> Result<Typed> {
    let bytes = bytes_of(&call)?;
    let made = Kernel::new(call.name, &DataType::String, true, move |columns| {
        let bytes = columns.bytes(0)?;
        strings(columns.rows, |row| {
            let Some(bytes) = bytes.at(row) else { return Ok(None) };
            match (std::str::from_utf8(bytes), invalid) {
                (Ok(text), _) => Ok(Some(text.to_owned())),
                (Err(_), Invalid::Replace) => Ok(Some(String::from_utf8_lossy(bytes).into_owned())),
                (Err(_), Invalid::Null) => Ok(None),
                (Err(_), Invalid::Raise) => Err(no_text(bytes)),
            }
        })
    });
    Ok(Typed::new(made.fallible_if(invalid == Invalid::Raise).call(vec![bytes.expr]), DataType::String, true))
}

fn no_text(bytes: &[u8]) -> Error {
    let text: String = bytes.iter().map(|byte| format!("\\x{byte:02X}")).collect();
    Error::new("INVALID_UTF8_STRING").with("str", text).exception_class(Exception::IllegalArgument)
}
