//! Folders of partitioned tables: `<c1>=<v1>/<c2>=<v2>`, below the table's path.
//!
//! Values are written as keys are, doubles too; `%`, `/`, `=`, NUL and control characters are percent-encoded; null has a
//! name of its own. Not here: which folders a filter opens (`read_filter`).

use crate::error::{Error, ErrorName, Result};
use crate::name::sorting_text;
use crate::schema::Field;
use crate::value::{Kind, Value};

/// What stands for null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The folder of a row, relative to its table: one value for each column, none for null. `InvalidKeyType` for a value by
/// which nothing is partitioned.
///
/// ```
/// use emberflow_nosql::{Kind, Value, partition, schema::Field};
/// let columns = [Field::new("y", Kind::Int), Field::new("who", Kind::Str)];
/// let values = [Some(Value::from(2024)), Some("a/b".into())];
/// let folder = partition::directory(&columns, &values)?;
/// assert_eq!(folder, "y=2024/who=a%2Fb");
/// assert_eq!(partition::parse(&folder, &columns)?, Some(values.to_vec()));
/// # Ok::<(), emberflow_nosql::Error>(())
/// ```
pub fn directory(columns: &[Field], values: &[Option<Value>]) -> Result<String> {
    let mut folder = String::new();
    for (column, value) in columns.iter().zip(values) {
        if !folder.is_empty() {
            folder.push('/');
        }
        folder.push_str(&column.name);
        folder.push('=');
        push_value(&mut folder, value.as_ref())?;
    }
    Ok(folder)
}

fn push_value(folder: &mut String, value: Option<&Value>) -> Result<()> {
    let Some(value) = value else {
        folder.push_str(NULL);
        return Ok(());
    };
    let text = sorting_text(value)?;
    let looks_null = text == NULL; // a text that reads like null is told apart by its first character
    for (at, character) in text.char_indices() {
        match character {
            '%' | '/' | '=' => push_encoded(folder, character),
            _ if character.is_control() || (looks_null && at == 0) => push_encoded(folder, character),
            _ => folder.push(character),
        }
    }
    Ok(())
}

fn push_encoded(folder: &mut String, character: char) {
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        folder.push_str(&format!("%{byte:02X}"));
    }
}

/// The values of a folder, cast to the types of their columns; none if it is no folder of these columns. `TypeMismatch` if a
/// value is not of its column's type.
pub fn parse(folder: &str, columns: &[Field]) -> Result<Option<Vec<Option<Value>>>> {
    let segments: Vec<&str> = folder.split('/').collect();
    let texts: Option<Vec<&str>> =
        segments.iter().zip(columns).map(|(segment, column)| segment.strip_prefix(&*column.name)?.strip_prefix('=')).collect();
    match texts {
        Some(texts) if segments.len() == columns.len() => {
            let values = texts.iter().zip(columns).map(|(text, column)| value(text, column));
            values.collect::<Result<_>>().map(Some)
        }
        _ => Ok(None),
    }
}

fn value(text: &str, column: &Field) -> Result<Option<Value>> {
    if text == NULL {
        return Ok(None);
    }
    let cast = decoded(text).and_then(|text| match column.kind? {
        Kind::Str => Some(Value::Str(text)),
        Kind::Bool => text.parse().ok().map(Value::Bool),
        Kind::Int => text.parse().ok().map(Value::Int),
        Kind::Double => text.parse().ok().map(Value::Double),
        Kind::Timestamp => {
            let (secs, nanos) = text.split_once(':')?;
            Some(Value::Timestamp { secs: secs.parse().ok()?, nanos: nanos.parse().ok().filter(|nanos| *nanos < 1_000_000_000)? })
        }
        Kind::Blob | Kind::IntArray | Kind::DoubleArray => None,
    });
    match cast {
        Some(value) => Ok(Some(value)),
        None => {
            let kind = column.kind.map_or("null", Kind::schema_text);
            let text = format!("the folder {}={text} is no value of the type {kind}", column.name);
            Err(Error::new(ErrorName::TypeMismatch, text))
        }
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        match (first, behind) {
            (b'%', [high, low, behind @ ..]) => {
                let digit = |byte: &u8| (*byte as char).to_digit(16).map(|digit| digit as u8);
                bytes.push(16 * digit(high)? + digit(low)?);
                rest = behind;
            }
            (b'%', _) => return None,
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(kind: Kind, value: impl Into<Value>, expected: &str) {
        let (columns, values) = ([Field::new("c", kind)], vec![Some(value.into())]);
        let folder = directory(&columns, &values).unwrap();
        assert_eq!(folder, format!("c={expected}"));
        assert_eq!(parse(&folder, &columns).unwrap(), Some(values));
    }

    #[test]
    fn values_there_and_back() {
        there_and_back(Kind::Int, -5, "-5");
        there_and_back(Kind::Bool, true, "true");
        there_and_back(Kind::Double, 0.5, "0.5");
        there_and_back(Kind::Double, 2.0, "2.0");
        there_and_back(Kind::Timestamp, Value::Timestamp { secs: -5, nanos: 7000 }, "-5:7000");
        there_and_back(Kind::Str, "50% of a=b/c", "50%25 of a%3Db%2Fc");
        there_and_back(Kind::Str, "\0\n\u{85}ä", "%00%0A%C2%85ä");
        there_and_back(Kind::Str, "", "");
        there_and_back(Kind::Str, NULL, "%5F_HIVE_DEFAULT_PARTITION__");
    }

    #[test]
    fn nulls_and_strangers() {
        let columns = [Field::new("y", Kind::Int), Field::new("m", Kind::Int)];
        let values = vec![None, Some(Value::Int(2))];
        let folder = directory(&columns, &values).unwrap();
        assert_eq!(folder, "y=__HIVE_DEFAULT_PARTITION__/m=2");
        assert_eq!(parse(&folder, &columns).unwrap(), Some(values));
        for stranger in ["", "y=1", "y=1/m=2/x=3", "m=2/y=1", "y/m", "years=1/m=2"] {
            assert_eq!(parse(stranger, &columns).unwrap(), None, "{stranger}");
        }
        for wrong in ["y=x/m=1", "y=%zz/m=1", "y=%/m=1", "y=/m=1"] {
            assert_eq!(parse(wrong, &columns).unwrap_err().name(), ErrorName::TypeMismatch, "{wrong}");
        }
        assert_eq!(directory(&columns, &[Some(vec![1u8].into()), None]).unwrap_err().name(), ErrorName::InvalidKeyType);
    }
}
