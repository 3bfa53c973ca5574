//! Looking into JSON text: paths, lengths, keys.

use arrow::datatypes::Int32Type;
use emberflow_base::Result;
use emberflow_plan::DataType;

use super::json::{Kind, Leniency, Tape};
use crate::call::{Call, Typed};
use crate::kernel::{kernel, primitives, strings};
use crate::strings::string_lists;

enum Step {
    Field(String),
    Index(usize),
    All,
}

/// `$.a.b[0]['c'][*]`; none if it is no path.
fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            match name {
                "" => return None,
                "*" => steps.push(Step::All),
                name => steps.push(Step::Field(name.to_owned())),
            }
            rest = &after[end..];
        } else {
            let inner = rest.strip_prefix('[')?;
            let (inside, after) = match inner.strip_prefix('\'') {
                Some(quoted) => {
                    let end = quoted.find("']")?;
                    steps.push(Step::Field(quoted[..end].to_owned()));
                    (None, &quoted[end + 2..])
                }
                None => {
                    let end = inner.find(']')?;
                    (Some(&inner[..end]), &inner[end + 1..])
                }
            };
            match inside {
                None => {}
                Some("*") => steps.push(Step::All),
                Some(index) => steps.push(Step::Index(index.trim().parse().ok()?)),
            }
            rest = after;
        }
    }
    Some(steps)
}

/// A JSON text, looked into.
struct Document<'t> {
    text: &'t str,
    tape: Tape,
    root: u32,
}

/// What a path finds.
enum Found {
    One(u32),
    /// Several of `*` together are an array.
    Several(Vec<Found>),
}

impl<'t> Document<'t> {
    fn read(text: &'t str, leniency: &Leniency) -> Option<Self> {
        let mut tape = Tape::default();
        let root = tape.add(text, 0, text.len(), leniency).ok()??;
        Some(Self { text, tape, root })
    }

    fn field(&self, object: u32, wanted: &str) -> Option<u32> {
        let is_wanted = |name: u32| self.tape.string(self.text, self.tape.node(name)) == wanted;
        self.tape.fields(object).find(|(name, _)| is_wanted(*name)).map(|(_, value)| value)
    }

    /// `within` an array of finds, one find of a `*` stays an array.
    fn find(&self, at: u32, steps: &[Step], within: bool) -> Option<Found> {
        let Some((step, rest)) = steps.split_first() else { return Some(Found::One(at)) };
        match (step, self.tape.node(at).kind) {
            (Step::Field(name), Kind::Object) => self.find(self.field(at, name)?, rest, within),
            // A field of an array is that field of its elements.
            (Step::Field(_), Kind::Array) => self.several(at, steps, within),
            (Step::Index(index), Kind::Array) => self.find(self.tape.elements(at).nth(*index)?, rest, within),
            (Step::All, Kind::Array) => self.several(at, rest, within),
            _ => None,
        }
    }

    fn several(&self, array: u32, rest: &[Step], within: bool) -> Option<Found> {
        let mut found: Vec<Found> = self.tape.elements(array).filter_map(|element| self.find(element, rest, true)).collect();
        match found.len() {
            0 => None,
            1 if !within => found.pop(),
            _ => Some(Found::Several(found)),
        }
    }

    /// A value as `get_json_object` prints it: strings bare, null as none.
    fn shown(&self, found: &Found) -> Option<String> {
        match found {
            Found::One(at) if self.tape.node(*at).kind == Kind::Null => None,
            Found::One(at) => Some(self.tape.compact(self.text, *at).into_owned()),
            Found::Several(_) => {
                let mut out = String::new();
                self.write(found, &mut out);
                Some(out)
            }
        }
    }

    fn write(&self, found: &Found, out: &mut String) {
        match found {
            Found::One(at) => self.tape.write(self.text, *at, false, out),
            Found::Several(several) => {
                out.push('[');
                for (position, one) in several.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    self.write(one, out);
                }
                out.push(']');
            }
        }
    }
}

/// `get_json_object(json, path)`
pub fn get_json_object(call: Call<'_>) -> Result<Typed> {
    call.arity(&[2])?;
    let arguments = vec![call.text(0)?, call.text(1)?];
    Ok(kernel("get_json_object", arguments, DataType::String, true, |columns| {
        let (texts, paths) = (columns.text(0)?, columns.text(1)?);
        let (constant, leniency) = (paths.constant().map(|text| text.and_then(path)), Leniency::of_lookups());
        strings(columns.rows, |row| {
            let Some(document) = texts.at(row).and_then(|text| Document::read(text, &leniency)) else { return Ok(None) };
            let found = match &constant {
                Some(steps) => steps.as_ref().and_then(|steps| document.find(document.root, steps, false)),
                None => paths.at(row).and_then(path).and_then(|steps| document.find(document.root, &steps, false)),
            };
            Ok(found.and_then(|found| document.shown(&found)))
        })
    }))
}

/// A field of a JSON object as a string; null if there is none.
pub(crate) fn top_level_field(json: Typed, name: Typed) -> Typed {
    kernel("json_field", vec![json, name], DataType::String, true, |columns| {
        let (texts, names, leniency) = (columns.text(0)?, columns.text(1)?, Leniency::of_lookups());
        strings(columns.rows, |row| {
            let Some((text, name)) = texts.at(row).zip(names.at(row)) else { return Ok(None) };
            let Some(document) = Document::read(text, &leniency) else { return Ok(None) };
            let is_object = document.tape.node(document.root).kind == Kind::Object;
            let field = if is_object { document.field(document.root, name) } else { None };
            Ok(field.and_then(|field| document.shown(&Found::One(field))))
        })
    })
}

/// `json_array_length(json)`
pub fn json_array_length(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    Ok(kernel("json_array_length", vec![call.text(0)?], DataType::Int, true, |columns| {
        let (texts, leniency) = (columns.text(0)?, Leniency::of_lookups());
        primitives::<Int32Type>(columns.rows, |row| {
            let document = texts.at(row).and_then(|text| Document::read(text, &leniency));
            let array = document.filter(|document| document.tape.node(document.root).kind == Kind::Array);
            Ok(array.map(|document| document.tape.elements(document.root).count() as i32))
        })
    }))
}

/// `json_object_keys(json)`
pub fn json_object_keys(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1])?;
    let kind = DataType::array(DataType::String, true);
    Ok(kernel("json_object_keys", vec![call.text(0)?], kind, true, |columns| {
        let (texts, leniency) = (columns.text(0)?, Leniency::of_lookups());
        string_lists(columns.rows, true, |row| {
            let document = texts.at(row).and_then(|text| Document::read(text, &leniency));
            let object = document.filter(|document| document.tape.node(document.root).kind == Kind::Object);
            let name =
                |document: &Document<'_>, name: u32| document.tape.string(document.text, document.tape.node(name)).into_owned();
            Ok(object.map(|document| document.tape.fields(document.root).map(|(at, _)| name(&document, at)).collect()))
        })
    }))
}
