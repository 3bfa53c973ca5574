//! Binary, arrays, maps and structs as R list columns.
//!
//!     binary ─► raw        array ─► unnamed list        map ─► environment        struct ─► named list of class "struct"
//!
//! A NULL cell of the column is NULL; a NULL inside an array or struct is a typed NA. Works on bare R pointers: wrapping
//! every element of a list column would cost more than the data. Whatever is made is stored in a protected parent
//! before the next allocation.
//! Not here: flat columns (`to_r`). Begin at [`list_column`].

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    IntervalYearMonthType, Time64NanosecondType, TimestampMicrosecondType,
};
use emberflow_plan::{DataType, StructField, StructType};
use extendr_api::prelude::*;
use extendr_ffi::{
    R_NaInt, R_NaReal, R_NaString, R_NewEnv, R_NilValue, RAW, REAL, Rf_ScalarInteger, Rf_allocVector, Rf_defineVar, Rf_install,
    Rf_protect, Rf_setAttrib, Rf_unprotect, SET_STRING_ELT, SET_VECTOR_ELT, SEXP, SEXPTYPE,
};

use crate::failure::Result;
use crate::r_api::{allocate, charsxp};
use crate::to_r::{canonical, decimal_number, without_form};

/// A list column.
pub fn list_column(chunks: &[ArrayRef], data_type: &DataType) -> Result<Robj> {
    check_holdable(data_type)?;
    let vector = allocate(SEXPTYPE::VECSXP, chunks.iter().map(|chunk| chunk.len()).sum())?;
    let mut at = 0;
    for chunk in chunks {
        let cells = Cells::of(chunk, data_type)?;
        for row in 0..chunk.len() {
            unsafe {
                let value = if chunk.is_null(row) { R_NilValue } else { cells.cell(row) };
                SET_VECTOR_ELT(vector.get(), at, value);
            }
            at += 1;
        }
    }
    Ok(vector)
}

fn check_holdable(data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Array { element, .. } => check_holdable(element),
        DataType::Map { key, value, .. } => check_holdable(key).and_then(|()| check_holdable(value)),
        DataType::Struct(fields) => fields.fields.iter().try_for_each(|field| check_holdable(&field.data_type)),
        DataType::CalendarInterval | DataType::Variant | DataType::Udt { .. } => Err(without_form(data_type)),
        _ => Ok(()),
    }
}

/// An array with its children prepared once, so that a cell is only a lookup.
enum Cells {
    Flat(ArrayRef, DataType),
    Binary(ArrayRef),
    List { array: ArrayRef, elements: Box<Cells> },
    Map { array: ArrayRef, keys: ArrayRef, values: Box<Cells> },
    Struct { children: Vec<(String, Cells)> },
}

impl Cells {
    fn of(array: &ArrayRef, data_type: &DataType) -> Result<Self> {
        Ok(match data_type {
            DataType::Binary => Cells::Binary(canonical(array, data_type)?),
            DataType::Array { element, .. } => {
                Cells::List { array: array.clone(), elements: Box::new(Cells::of(array.as_list::<i32>().values(), element)?) }
            }
            DataType::Map { key, value, .. } => {
                let map = array.as_map();
                let keys = arrow::compute::cast(&canonical(map.keys(), key)?, &arrow::datatypes::DataType::Utf8)?;
                Cells::Map { array: array.clone(), keys, values: Box::new(Cells::of(map.values(), value)?) }
            }
            DataType::Struct(fields) => Cells::Struct { children: struct_children(array, fields)? },
            _ => Cells::Flat(canonical(array, data_type)?, data_type.clone()),
        })
    }

    /// The value in a row that is not NULL.
    unsafe fn cell(&self, row: usize) -> SEXP {
        unsafe {
            match self {
                Cells::Flat(array, data_type) => scalar(array, row, data_type),
                Cells::Binary(array) => raw(array.as_binary::<i32>().value(row)),
                Cells::List { array, elements } => {
                    let offsets = array.as_list::<i32>().value_offsets();
                    list(elements, offsets[row] as usize, offsets[row + 1] as usize)
                }
                Cells::Map { array, keys, values } => {
                    let offsets = array.as_map().value_offsets();
                    environment(keys, values, offsets[row] as usize, offsets[row + 1] as usize)
                }
                Cells::Struct { children } => structure(children, row),
            }
        }
    }

    /// The value in a row, typed NA for NULL.
    unsafe fn cell_or_missing(&self, row: usize) -> SEXP {
        unsafe {
            match self {
                Cells::Flat(array, data_type) if array.is_null(row) => missing(data_type),
                Cells::Binary(array) | Cells::List { array, .. } | Cells::Map { array, .. } if array.is_null(row) => R_NilValue,
                _ => self.cell(row),
            }
        }
    }
}

fn struct_children(array: &ArrayRef, fields: &StructType) -> Result<Vec<(String, Cells)>> {
    let array = array.as_struct();
    let child = |(at, field): (usize, &StructField)| Ok((field.name.clone(), Cells::of(array.column(at), &field.data_type)?));
    fields.fields.iter().enumerate().map(child).collect()
}

unsafe fn raw(bytes: &[u8]) -> SEXP {
    unsafe {
        let vector = Rf_allocVector(SEXPTYPE::RAWSXP, bytes.len() as isize);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), RAW(vector), bytes.len());
        vector
    }
}

unsafe fn list(elements: &Cells, from: usize, to: usize) -> SEXP {
    unsafe {
        let vector = Rf_protect(Rf_allocVector(SEXPTYPE::VECSXP, (to - from) as isize));
        for (at, row) in (from..to).enumerate() {
            SET_VECTOR_ELT(vector, at as isize, elements.cell_or_missing(row));
        }
        Rf_unprotect(1);
        vector
    }
}

unsafe fn environment(keys: &ArrayRef, values: &Cells, from: usize, to: usize) -> SEXP {
    let keys = keys.as_string::<i32>();
    unsafe {
        let bindings = Rf_protect(R_NewEnv(extendr_ffi::R_EmptyEnv, 1, (to - from).max(1) as i32));
        for row in from..to {
            let value = Rf_protect(values.cell_or_missing(row));
            // R has no variable without a name.
            let name = if keys.value(row).is_empty() { " " } else { keys.value(row) };
            let name = std::ffi::CString::new(name.replace('\0', "")).unwrap_or_default();
            Rf_defineVar(Rf_install(name.as_ptr()), value, bindings);
            Rf_unprotect(1);
        }
        Rf_unprotect(1);
        bindings
    }
}

unsafe fn structure(children: &[(String, Cells)], row: usize) -> SEXP {
    unsafe {
        let vector = Rf_protect(Rf_allocVector(SEXPTYPE::VECSXP, children.len() as isize));
        let names = Rf_protect(Rf_allocVector(SEXPTYPE::STRSXP, children.len() as isize));
        for (at, (name, cells)) in children.iter().enumerate() {
            SET_STRING_ELT(names, at as isize, charsxp(name));
            SET_VECTOR_ELT(vector, at as isize, cells.cell_or_missing(row));
        }
        Rf_setAttrib(vector, Rf_install(c"names".as_ptr()), names);
        classify(vector, &["struct"]);
        Rf_unprotect(2);
        vector
    }
}

/// Sets the class attribute of a protected vector.
unsafe fn classify(vector: SEXP, classes: &[&str]) {
    unsafe { attribute(vector, c"class", classes) }
}

unsafe fn attribute(vector: SEXP, name: &std::ffi::CStr, values: &[&str]) {
    unsafe {
        let texts = Rf_protect(Rf_allocVector(SEXPTYPE::STRSXP, values.len() as isize));
        for (at, value) in values.iter().enumerate() {
            SET_STRING_ELT(texts, at as isize, charsxp(value));
        }
        Rf_setAttrib(vector, Rf_install(name.as_ptr()), texts);
        Rf_unprotect(1);
    }
}

unsafe fn scalar(array: &ArrayRef, row: usize, data_type: &DataType) -> SEXP {
    let double = match data_type {
        DataType::Null => return unsafe { missing(data_type) },
        DataType::Boolean => return unsafe { logical(i32::from(array.as_boolean().value(row))) },
        DataType::Byte => return unsafe { Rf_ScalarInteger(i32::from(array.as_primitive::<Int8Type>().value(row))) },
        DataType::Short => return unsafe { Rf_ScalarInteger(i32::from(array.as_primitive::<Int16Type>().value(row))) },
        DataType::Int => return unsafe { Rf_ScalarInteger(array.as_primitive::<Int32Type>().value(row)) },
        DataType::YearMonthInterval { .. } => {
            return unsafe { Rf_ScalarInteger(array.as_primitive::<IntervalYearMonthType>().value(row)) };
        }
        DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => {
            return unsafe { string(charsxp(array.as_string::<i32>().value(row))) };
        }
        DataType::Long => array.as_primitive::<Int64Type>().value(row) as f64,
        DataType::Float => f64::from(array.as_primitive::<Float32Type>().value(row)),
        DataType::Double => array.as_primitive::<Float64Type>().value(row),
        DataType::Decimal { .. } => {
            let array = array.as_primitive::<Decimal128Type>();
            decimal_number(array.value(row), array.scale())
        }
        DataType::Date => f64::from(array.as_primitive::<Date32Type>().value(row)),
        DataType::DayTimeInterval { .. } => array.as_primitive::<DurationMicrosecondType>().value(row) as f64 / 1e6,
        DataType::Time(_) => array.as_primitive::<Time64NanosecondType>().value(row) as f64 / 1e9,
        _ => array.as_primitive::<TimestampMicrosecondType>().value(row) as f64 / 1e6,
    };
    unsafe { dressed_double(double, data_type) }
}

unsafe fn missing(data_type: &DataType) -> SEXP {
    unsafe {
        match data_type {
            DataType::Null | DataType::Boolean => logical(R_NaInt),
            DataType::Byte | DataType::Short | DataType::Int | DataType::YearMonthInterval { .. } => Rf_ScalarInteger(R_NaInt),
            DataType::String | DataType::Collated(_) | DataType::Char(_) | DataType::Varchar(_) => string(R_NaString),
            _ => dressed_double(R_NaReal, data_type),
        }
    }
}

unsafe fn logical(value: i32) -> SEXP {
    unsafe {
        let vector = Rf_allocVector(SEXPTYPE::LGLSXP, 1);
        *extendr_ffi::LOGICAL(vector) = value;
        vector
    }
}

unsafe fn string(value: SEXP) -> SEXP {
    unsafe {
        Rf_protect(value);
        let vector = Rf_allocVector(SEXPTYPE::STRSXP, 1);
        SET_STRING_ELT(vector, 0, value);
        Rf_unprotect(1);
        vector
    }
}

unsafe fn dressed_double(value: f64, data_type: &DataType) -> SEXP {
    unsafe {
        let vector = Rf_protect(Rf_allocVector(SEXPTYPE::REALSXP, 1));
        *REAL(vector) = value;
        match data_type {
            DataType::Date => classify(vector, &["Date"]),
            DataType::Timestamp => classify(vector, &["POSIXct", "POSIXt"]),
            DataType::TimestampNtz => {
                classify(vector, &["POSIXct", "POSIXt"]);
                attribute(vector, c"tzone", &["UTC"]);
            }
            DataType::DayTimeInterval { .. } | DataType::Time(_) => {
                classify(vector, &["difftime"]);
                attribute(vector, c"units", &["secs"]);
            }
            _ => {}
        }
        Rf_unprotect(1);
        vector
    }
}
