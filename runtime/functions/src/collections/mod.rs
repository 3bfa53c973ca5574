//! Arrays, maps and structs.
//!
//!     children of the argument lists ──► indices chosen per row (`picking`) ──► take ──► list of the result
//!
//! Elements are compared in Arrow's row format, so one code serves every element type. Not here: functions with
//! lambdas (`lambdas`), generators. Begin at [`FUNCTIONS`].

mod access;
mod arrays;
mod inserting;
mod maps;
pub(crate) mod picking;
mod sequences;
mod sets;
mod sorting;
mod structs;

use emberflow_base::Result;

use crate::arguments::with_defaults;
use crate::call::{Call, Typed};
use crate::registry::{Function, Kind};

pub(crate) use arrays::concat_arrays;
pub(crate) use maps::{Duplicates, entries_type, make_map};
pub(crate) use sorting::array_sort;

const fn scalar(name: &'static str, build: fn(Call<'_>) -> Result<Typed>) -> Function {
    Function { name, kind: Kind::Scalar(build), display: None }
}

const fn shown(name: &'static str, build: fn(Call<'_>) -> Result<Typed>, display: fn(&[String]) -> String) -> Function {
    Function { name, kind: Kind::Scalar(build), display: Some(display) }
}

/// The functions of collections.
pub static FUNCTIONS: &[Function] = &[
    scalar("array", arrays::array),
    scalar("array_append", inserting::array_append),
    scalar("array_compact", arrays::array_compact),
    scalar("array_contains", sets::array_contains),
    scalar("array_distinct", sets::array_distinct),
    scalar("array_except", |call| sets::combined(call, sets::Combine::Except)),
    scalar("array_insert", inserting::array_insert),
    scalar("array_intersect", |call| sets::combined(call, sets::Combine::Intersect)),
    scalar("array_join", arrays::array_join),
    scalar("array_max", |call| sorting::extreme(call, true)),
    scalar("array_min", |call| sorting::extreme(call, false)),
    scalar("array_position", sets::array_position),
    scalar("array_prepend", inserting::array_prepend),
    scalar("array_remove", sets::array_remove),
    scalar("array_repeat", arrays::array_repeat),
    scalar("array_size", |call| arrays::size(call, true)),
    scalar("array_union", |call| sets::combined(call, sets::Combine::Union)),
    scalar("arrays_overlap", sets::arrays_overlap),
    scalar("arrays_zip", structs::arrays_zip),
    scalar("cardinality", |call| arrays::size(call, false)),
    scalar("create_map", maps::map),
    scalar("element_at", |call| access::element_at(call, false)),
    scalar("flatten", arrays::flatten),
    scalar("get", access::get),
    scalar("get_array_item", access::get_array_item),
    scalar("get_array_struct_fields", structs::get_array_struct_fields),
    scalar("get_map_value", access::get_map_value),
    scalar("map", maps::map),
    scalar("map_concat", maps::map_concat),
    scalar("map_contains_key", maps::map_contains_key),
    scalar("map_entries", maps::map_entries),
    scalar("map_from_arrays", maps::map_from_arrays),
    scalar("map_from_entries", maps::map_from_entries),
    scalar("map_keys", |call| maps::side(call, true)),
    scalar("map_values", |call| maps::side(call, false)),
    scalar("named_struct", structs::named_struct),
    scalar("reverse", arrays::reverse),
    scalar("sequence", sequences::sequence),
    shown("shuffle", sorting::shuffle, |args| format!("shuffle({})", args[..args.len().min(1)].join(", "))),
    scalar("size", |call| arrays::size(call, false)),
    scalar("slice", arrays::slice),
    shown("sort_array", sorting::sort_array, |args| with_defaults("sort_array", args, 2, &["true"])),
    shown("str_to_map", maps::str_to_map, |args| with_defaults("str_to_map", args, 3, &[",", ":"])),
    scalar("struct", structs::structure),
    scalar("try_element_at", |call| access::element_at(call, true)),
];
