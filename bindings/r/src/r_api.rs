//! The few calls into R's own C interface, and reading arguments that R handed over.
//!
//! Everything here runs on R's thread. A call that may long-jump is made inside `R_ToplevelExec`, which stops the jump
//! before it crosses a Rust frame.
//! Not here: vectors (`to_r`, `from_r`). Begin at [`text`] for arguments, [`interrupt_pending`] for Ctrl-C.

use std::ffi::{c_int, c_void};

use extendr_api::prelude::*;
use extendr_ffi::{Rboolean, SEXP, SEXPTYPE};

use crate::failure::{Failure, Result};

unsafe extern "C" {
    fn R_CheckUserInterrupt();
    fn R_ToplevelExec(body: Option<unsafe extern "C" fn(*mut c_void)>, data: *mut c_void) -> Rboolean;
}

/// Whether the user has pressed Ctrl-C. Asking takes the keystroke away.
pub fn interrupt_pending() -> bool {
    unsafe extern "C" fn check(_: *mut c_void) {
        unsafe { R_CheckUserInterrupt() }
    }
    // An interrupt jumps out of `check` to `R_ToplevelExec`, which then answers FALSE.
    matches!(unsafe { R_ToplevelExec(Some(check), std::ptr::null_mut()) }, Rboolean::FALSE)
}

/// Allocates a vector; running out of memory is an error instead of a jump.
pub fn allocate(kind: SEXPTYPE, length: usize) -> Result<Robj> {
    struct Request {
        kind: SEXPTYPE,
        length: usize,
        vector: SEXP,
    }
    unsafe extern "C" fn body(data: *mut c_void) {
        unsafe {
            let request = &mut *data.cast::<Request>();
            request.vector = extendr_ffi::Rf_allocVector(request.kind, request.length as isize);
        }
    }
    let mut request = Request { kind, length, vector: std::ptr::null_mut() };
    let fine = unsafe { R_ToplevelExec(Some(body), std::ptr::from_mut(&mut request).cast()) };
    match fine {
        Rboolean::TRUE => Ok(unsafe { Robj::from_sexp(request.vector) }),
        Rboolean::FALSE => Err(Failure::usage(format!("R has no memory for a vector of {length} elements"))),
    }
}

/// Makes a string of R's; the bytes are UTF-8. Strings with an embedded NUL end there, as R cannot hold them.
///
/// # Safety
/// On R's thread only. The answer must be stored in a protected vector before the next allocation.
pub unsafe fn charsxp(value: &str) -> SEXP {
    let bytes = value.as_bytes();
    let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    unsafe { extendr_ffi::Rf_mkCharLenCE(bytes.as_ptr().cast(), length as c_int, extendr_ffi::cetype_t::CE_UTF8) }
}

/// One text. NA and NULL are errors.
pub fn text<'a>(value: &'a Robj, what: &str) -> Result<&'a str> {
    value.as_str().filter(|_| !value.is_na()).ok_or_else(|| Failure::usage(format!("{what} should be one text")))
}

/// One text, or nothing for NULL and NA.
pub fn text_or_none(value: &Robj) -> Option<String> {
    if value.is_null() || value.is_na() { None } else { value.as_str().map(str::to_owned) }
}

/// Any number of texts.
pub fn texts(value: &Robj, what: &str) -> Result<Vec<String>> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    value.as_string_vector().ok_or_else(|| Failure::usage(format!("{what} should be character")))
}

/// A named character vector as pairs.
pub fn pairs(value: &Robj, what: &str) -> Result<Vec<(String, String)>> {
    let names: Vec<String> = value.names().map(|names| names.map(str::to_owned).collect()).unwrap_or_default();
    let values = texts(value, what)?;
    if names.len() != values.len() {
        return Err(Failure::usage(format!("{what} should have names")));
    }
    Ok(names.into_iter().zip(values).collect())
}

/// One number.
pub fn number(value: &Robj, what: &str) -> Result<f64> {
    value
        .as_real()
        .or_else(|| value.as_integer().map(f64::from))
        .filter(|number| !number.is_nan())
        .ok_or_else(|| Failure::usage(format!("{what} should be one number")))
}

/// One whole number.
pub fn whole(value: &Robj, what: &str) -> Result<i64> {
    let number = number(value, what)?;
    if number.fract() != 0.0 || number.abs() > 9.0e15 {
        return Err(Failure::usage(format!("{what} should be a whole number")));
    }
    Ok(number as i64)
}

/// One whole number of 32 bits.
pub fn whole32(value: &Robj, what: &str) -> Result<i32> {
    i32::try_from(whole(value, what)?).map_err(|_| Failure::usage(format!("{what} is too large")))
}

/// TRUE or FALSE.
pub fn flag(value: &Robj, what: &str) -> Result<bool> {
    value.as_bool().ok_or_else(|| Failure::usage(format!("{what} should be TRUE or FALSE")))
}

/// The elements of a list, or nothing for NULL.
pub fn elements(value: &Robj, what: &str) -> Result<Vec<Robj>> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let list = value.as_list().ok_or_else(|| Failure::usage(format!("{what} should be a list")))?;
    Ok(list.values().collect())
}

/// What an external pointer holds. `what` names it in the error for a pointer from a saved workspace.
pub fn held<'a, T: 'static>(value: &'a Robj, what: &str) -> Result<&'a T> {
    let pointer: &ExternalPtr<T> =
        value.try_into().map_err(|_| Failure::usage(format!("this {what} is not of this R session any more")))?;
    Ok(pointer.try_addr()?)
}

/// Hands a Rust value to R; R's garbage collector drops it.
pub fn hold<T: 'static>(value: T) -> Robj {
    ExternalPtr::new(value).into()
}
