//! Cells of R lists as Arrow arrays.
//!
//! A [`Slot`] is one place in a vector: an element of a flat vector, or a cell of a list. Arrays gather the slots of
//! their elements and convert them all at once, so nesting costs one pass per level.
//! Not here: flat columns (`from_r`). Begin at [`array_of`].

use std::ffi::{CStr, c_char, c_int};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanArray, Date32Array, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, ListArray, MapArray, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as ArrowType, Field};
use emberflow_plan::{DataType, StructField, StructType};
use extendr_api::prelude::*;
use extendr_ffi::{
    INTEGER_ELT, LOGICAL_ELT, R_NaInt, R_NaString, R_NilValue, REAL_ELT, Rf_getAttrib, Rf_install, Rf_xlength, SEXP, SEXPTYPE,
    STRING_ELT, TYPEOF, VECTOR_ELT,
};

use crate::failure::{Failure, Result};
use crate::from_r::{arrow_type, micros, refuse_classes, unsupported};

// SEXP is a pointer that only R looks behind.
#[allow(improper_ctypes)]
unsafe extern "C" {
    fn Rf_translateCharUTF8(text: SEXP) -> *const c_char;
    fn R_lsInternal3(environment: SEXP, all: c_int, sorted: c_int) -> SEXP;
    fn Rf_findVarInFrame(environment: SEXP, name: SEXP) -> SEXP;
}

/// One place in a vector. Whoever makes slots keeps the vector alive while they are used.
#[derive(Clone, Copy)]
pub struct Slot {
    vector: SEXP,
    at: isize,
}

impl Slot {
    /// Every place of a vector.
    pub fn all_of(vector: &Robj) -> Vec<Slot> {
        let vector = unsafe { vector.get() };
        Self::places(vector)
    }

    fn places(vector: SEXP) -> Vec<Slot> {
        (0..unsafe { Rf_xlength(vector) }).map(|at| Slot { vector, at }).collect()
    }

    /// The cell of a list, or the vector of length one it stands for otherwise.
    fn cell(&self) -> Option<SEXP> {
        (kind(self.vector) == SEXPTYPE::VECSXP).then(|| unsafe { VECTOR_ELT(self.vector, self.at) })
    }

    /// The place in a flat vector this slot means; `None` for a cell that is no scalar.
    fn flat(&self) -> Option<Slot> {
        match self.cell() {
            None => Some(*self),
            Some(cell) if kind(cell) != SEXPTYPE::VECSXP && unsafe { Rf_xlength(cell) } == 1 => {
                Some(Slot { vector: cell, at: 0 })
            }
            Some(_) => None,
        }
    }

    /// NULL or NA.
    pub fn is_nothing(&self) -> bool {
        match self.cell() {
            Some(cell) if kind(cell) == SEXPTYPE::NILSXP => true,
            _ => self.flat().is_some_and(|slot| slot.is_missing()),
        }
    }

    fn is_missing(&self) -> bool {
        unsafe {
            match kind(self.vector) {
                SEXPTYPE::LGLSXP => LOGICAL_ELT(self.vector, self.at) == R_NaInt,
                SEXPTYPE::INTSXP => INTEGER_ELT(self.vector, self.at) == R_NaInt,
                SEXPTYPE::REALSXP => REAL_ELT(self.vector, self.at).is_nan(),
                SEXPTYPE::STRSXP => STRING_ELT(self.vector, self.at) == R_NaString,
                _ => false,
            }
        }
    }

    /// The text here; `None` for NA and for what is no text.
    pub fn text(&self) -> Option<&str> {
        if kind(self.vector) != SEXPTYPE::STRSXP || self.is_missing() {
            return None;
        }
        unsafe { CStr::from_ptr(Rf_translateCharUTF8(STRING_ELT(self.vector, self.at))) }.to_str().ok()
    }

    fn number(&self) -> Option<f64> {
        unsafe {
            match kind(self.vector) {
                SEXPTYPE::LGLSXP => Some(f64::from(LOGICAL_ELT(self.vector, self.at))),
                SEXPTYPE::INTSXP => Some(f64::from(INTEGER_ELT(self.vector, self.at))),
                SEXPTYPE::REALSXP => Some(REAL_ELT(self.vector, self.at)),
                _ => None,
            }
        }
    }
}

fn kind(vector: SEXP) -> SEXPTYPE {
    unsafe { TYPEOF(vector) }
}

fn owned(vector: SEXP) -> Robj {
    unsafe { Robj::from_sexp(vector) }
}

/// The Spark type a cell asks for.
pub fn infer_slot(slot: &Slot) -> Result<DataType> {
    match slot.cell() {
        Some(cell) => infer(&owned(cell)),
        None => Ok(flat_scalar(&owned(slot.vector))),
    }
}

fn infer(cell: &Robj) -> Result<DataType> {
    refuse_classes(cell)?;
    let sexp = unsafe { cell.get() };
    match kind(sexp) {
        SEXPTYPE::RAWSXP => Ok(DataType::Binary),
        SEXPTYPE::ENVSXP => infer_map(sexp),
        SEXPTYPE::VECSXP if cell.inherits("struct") => infer_struct(cell),
        SEXPTYPE::VECSXP => infer_elements(&Slot::places(sexp)),
        SEXPTYPE::LGLSXP | SEXPTYPE::INTSXP | SEXPTYPE::REALSXP | SEXPTYPE::STRSXP => {
            let element = flat_scalar(cell);
            if cell.len() == 1 { Ok(element) } else { Ok(DataType::array(element, true)) }
        }
        SEXPTYPE::NILSXP => Ok(DataType::Boolean),
        _ => Err(unsupported(cell)),
    }
}

fn flat_scalar(cell: &Robj) -> DataType {
    if cell.inherits("Date") {
        return DataType::Date;
    }
    if cell.inherits("POSIXct") {
        return DataType::Timestamp;
    }
    match cell.rtype() {
        Rtype::Integers => DataType::Int,
        Rtype::Doubles => DataType::Double,
        Rtype::Strings => DataType::String,
        _ => DataType::Boolean,
    }
}

fn infer_elements(slots: &[Slot]) -> Result<DataType> {
    let element = match slots.iter().find(|slot| !slot.is_nothing()).or(slots.first()) {
        Some(slot) => infer_slot(slot)?,
        None => DataType::String,
    };
    Ok(DataType::array(element, true))
}

fn infer_map(environment: SEXP) -> Result<DataType> {
    let first = bindings(environment)?.into_iter().next();
    let value = match first {
        Some((_, value)) => infer(&value)?,
        None => DataType::String,
    };
    Ok(DataType::map(DataType::String, value, true))
}

fn infer_struct(cell: &Robj) -> Result<DataType> {
    let names: Vec<&str> = cell.names().map(Iterator::collect).unwrap_or_default();
    let sexp = unsafe { cell.get() };
    let fields = Slot::places(sexp).into_iter().enumerate().map(|(at, slot)| {
        let name = names.get(at).map_or_else(|| format!("_{}", at + 1), |name| (*name).to_owned());
        Ok(StructField::new(name, infer_slot(&slot)?, true))
    });
    Ok(DataType::Struct(StructType::new(fields.collect::<Result<_>>()?)))
}

/// What an environment binds, sorted by name so that equal maps give equal data.
fn bindings(environment: SEXP) -> Result<Vec<(String, Robj)>> {
    let names = owned(unsafe { R_lsInternal3(environment, 1, 1) });
    let names = names.as_string_vector().unwrap_or_default();
    let value_of = |name: String| {
        let text = std::ffi::CString::new(name.as_str()).map_err(|_| Failure::usage("a map key with a NUL byte"))?;
        let value = owned(unsafe { Rf_findVarInFrame(environment, Rf_install(text.as_ptr())) });
        Ok((name, value))
    };
    names.into_iter().map(value_of).collect()
}

/// The array for these places.
pub fn array_of(slots: &[Slot], data_type: &DataType) -> Result<ArrayRef> {
    Ok(match data_type {
        DataType::Boolean => {
            Arc::new(BooleanArray::from(scalars(slots, "boolean", |slot| slot.number().map(|value| value != 0.0))?))
        }
        DataType::Byte => Arc::new(Int8Array::from(wholes(slots, "tinyint")?)),
        DataType::Short => Arc::new(Int16Array::from(wholes(slots, "smallint")?)),
        DataType::Int => Arc::new(Int32Array::from(wholes(slots, "int")?)),
        DataType::Long => Arc::new(Int64Array::from(wholes(slots, "bigint")?)),
        DataType::Float => Arc::new(Float32Array::from(scalars(slots, "float", |slot| slot.number().map(|value| value as f32))?)),
        DataType::Double | DataType::Decimal { .. } => Arc::new(Float64Array::from(scalars(slots, "double", Slot::number)?)),
        DataType::Date => {
            Arc::new(Date32Array::from(scalars(slots, "date", |slot| slot.number().map(|days| days.floor() as i32))?))
        }
        DataType::Timestamp => {
            let instants = scalars(slots, "timestamp", |slot| slot.number().map(micros))?;
            Arc::new(TimestampMicrosecondArray::from(instants).with_timezone("UTC"))
        }
        DataType::TimestampNtz => {
            Arc::new(TimestampMicrosecondArray::from(scalars(slots, "timestamp_ntz", |slot| slot.number().map(micros))?))
        }
        DataType::Binary => binaries(slots)?,
        DataType::Array { element, .. } => lists(slots, element)?,
        DataType::Map { value, .. } => maps(slots, value, data_type)?,
        DataType::Struct(fields) => structs(slots, fields)?,
        _ => Arc::new(StringArray::from(scalars(slots, "string", |slot| slot.text().map(str::to_owned))?)),
    })
}

fn scalars<T>(slots: &[Slot], wanted: &str, read: impl Fn(&Slot) -> Option<T>) -> Result<Vec<Option<T>>> {
    let scalar = |(at, slot): (usize, &Slot)| {
        if slot.is_nothing() {
            return Ok(None);
        }
        let value = slot.flat().as_ref().and_then(&read);
        value.map(Some).ok_or_else(|| Failure::usage(format!("value {} is no {wanted}", at + 1)))
    };
    slots.iter().enumerate().map(scalar).collect()
}

fn wholes<T: TryFrom<i64>>(slots: &[Slot], wanted: &str) -> Result<Vec<Option<T>>> {
    scalars(slots, wanted, |slot| {
        let number = slot.number().filter(|number| number.fract() == 0.0 && number.abs() < 9.3e18)?;
        T::try_from(number as i64).ok()
    })
}

fn binaries(slots: &[Slot]) -> Result<ArrayRef> {
    let mut builder = BinaryBuilder::new();
    for slot in slots {
        match slot.cell() {
            _ if slot.is_nothing() => builder.append_null(),
            Some(cell) if kind(cell) == SEXPTYPE::RAWSXP => {
                builder.append_value(owned(cell).as_raw_slice().unwrap_or_default());
            }
            _ => return Err(Failure::usage("a value is no raw vector")),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn lists(slots: &[Slot], element: &DataType) -> Result<ArrayRef> {
    let (mut children, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for slot in slots {
        // An NA alone in a cell is a missing array, unless arrays of that length occur: R does not tell them apart.
        let places = match slot.cell() {
            Some(cell) if kind(cell) == SEXPTYPE::VECSXP => Slot::places(cell),
            Some(_) if slot.is_nothing() => Vec::new(),
            Some(cell) if is_flat(cell) => Slot::places(cell),
            None => vec![*slot],
            Some(_) => return Err(Failure::usage("a value is neither a list nor a vector")),
        };
        valid.push(!slot.is_nothing());
        lengths.push(places.len());
        children.extend(places);
    }
    let values = array_of(&children, element)?;
    let field = Arc::new(Field::new("element", arrow_type(element), true));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, Some(NullBuffer::from(valid)))?))
}

fn is_flat(cell: SEXP) -> bool {
    matches!(kind(cell), SEXPTYPE::LGLSXP | SEXPTYPE::INTSXP | SEXPTYPE::REALSXP | SEXPTYPE::STRSXP)
}

fn maps(slots: &[Slot], value: &DataType, data_type: &DataType) -> Result<ArrayRef> {
    let (mut keys, mut values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for slot in slots {
        let bound = match slot.cell() {
            _ if slot.is_nothing() => Vec::new(),
            Some(cell) if kind(cell) == SEXPTYPE::ENVSXP => bindings(cell)?,
            _ => return Err(Failure::usage("a value is no environment")),
        };
        valid.push(!slot.is_nothing());
        lengths.push(bound.len());
        for (key, value) in bound {
            keys.push(key);
            values.push(value);
        }
    }
    // The list keeps the values alive and gives every one a place.
    let holder: Robj = List::from_values(values).into();
    let values = array_of(&Slot::all_of(&holder), value)?;
    let ArrowType::Map(entries, _) = arrow_type(data_type) else { return Err(Failure::internal("a map without entries")) };
    let ArrowType::Struct(fields) = entries.data_type() else { return Err(Failure::internal("entries without fields")) };
    let pairs = StructArray::try_new(fields.clone(), vec![Arc::new(StringArray::from(keys)), values], None)?;
    Ok(Arc::new(MapArray::try_new(entries, OffsetBuffer::from_lengths(lengths), pairs, Some(NullBuffer::from(valid)), false)?))
}

fn structs(slots: &[Slot], schema: &StructType) -> Result<ArrayRef> {
    let nothing: Robj = List::from_values([Robj::from(())]).into();
    let absent = Slot { vector: unsafe { nothing.get() }, at: 0 };
    let valid: Vec<bool> = slots.iter().map(|slot| !slot.is_nothing()).collect();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (at, field) in schema.fields.iter().enumerate() {
        let places: Vec<Slot> = slots.iter().map(|slot| field_of(slot, at, &field.name).unwrap_or(absent)).collect();
        columns.push(array_of(&places, &field.data_type)?);
    }
    let ArrowType::Struct(fields) = arrow_type(&DataType::Struct(schema.clone())) else {
        return Err(Failure::internal("a struct without fields"));
    };
    if fields.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(slots.len(), Some(NullBuffer::from(valid)))));
    }
    Ok(Arc::new(StructArray::try_new(fields, columns, Some(NullBuffer::from(valid)))?))
}

/// The field called `name`, or the one at this position when the list has no names.
fn field_of(slot: &Slot, at: usize, name: &str) -> Option<Slot> {
    let cell = slot.cell().filter(|&cell| kind(cell) == SEXPTYPE::VECSXP)?;
    let names = owned(unsafe { Rf_getAttrib(cell, Rf_install(c"names".as_ptr())) });
    let position = match names.as_str_vector() {
        Some(names) => names.iter().position(|candidate| *candidate == name)?,
        None => at,
    };
    let fits = (position as isize) < unsafe { Rf_xlength(cell) } && cell != unsafe { R_NilValue };
    fits.then_some(Slot { vector: cell, at: position as isize })
}
