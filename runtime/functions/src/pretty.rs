//! Rows as text: what `df.show()` and notebooks print.
//!
//!     batches ──► cells ([`pretty`]) ──► cut to `truncate` ──► columns as wide as their widest cell ──► table
//!
//! Not here: casts to string that programs see (`cast`), where the rows come from. Begin at [`show_string`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use emberflow_base::Result;
use emberflow_plan::{DataType, StructType};

use crate::cast::{Style, strings};
use crate::errors::from_datafusion;
use crate::zones::Zone;

/// Every value of a column as a cell: NULL, `[a, b]`, `{k -> v}`, `{a, b}`, binary as `[AB 01]`.
pub fn pretty(array: &ArrayRef, data_type: &DataType, zone: &str) -> Result<StringArray> {
    let texts = strings(array, data_type, &Zone::parse(zone)?, Style::Pretty).map_err(from_datafusion)?;
    let texts = texts.as_string::<i32>();
    if texts.null_count() == 0 {
        return Ok(texts.clone());
    }
    Ok(texts.iter().map(|text| Some(text.unwrap_or("NULL"))).collect())
}

/// The header and the rows to show, as cells; and whether there are more rows than those.
struct Cells {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
    has_more: bool,
}

fn cells(schema: &StructType, batches: &[RecordBatch], rows: usize, truncate: i32, zone: &str) -> Result<Cells> {
    let mut out = Vec::new();
    for batch in batches {
        let columns = batch.columns().iter().zip(&schema.fields);
        let columns = columns.map(|(column, field)| pretty(&Arc::clone(column), &field.data_type, zone));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        for row in 0..batch.num_rows().min((rows + 1).saturating_sub(out.len())) {
            out.push(columns.iter().map(|column| cut(&escape_control(column.value(row)), truncate)).collect());
        }
    }
    let has_more = out.len() > rows;
    out.truncate(rows);
    let names = schema.fields.iter().map(|field| escape_control(&field.name)).collect();
    Ok(Cells { names, rows: out, has_more })
}

/// Control characters as their escapes, so that a cell stays on its line.
fn escape_control(text: &str) -> String {
    const ESCAPES: [(char, &str); 7] =
        [('\n', "\\n"), ('\r', "\\r"), ('\t', "\\t"), ('\x0c', "\\f"), ('\x08', "\\b"), ('\x0b', "\\v"), ('\x07', "\\a")];
    if !text.contains(|c: char| ESCAPES.iter().any(|(control, _)| *control == c)) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len() + 2), |mut out, c| {
        match ESCAPES.iter().find(|(control, _)| *control == c) {
            Some((_, escape)) => out.push_str(escape),
            None => out.push(c),
        }
        out
    })
}

/// At most `truncate` characters; with dots at the end when there is room for them.
fn cut(text: &str, truncate: i32) -> String {
    let Some(most) = usize::try_from(truncate).ok().filter(|most| *most > 0) else { return text.to_owned() };
    // Java counts UTF-16 units.
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    if most < 4 { first_units(text, most) } else { first_units(text, most - 3) + "..." }
}

fn first_units(text: &str, units: usize) -> String {
    let mut left = units;
    text.chars()
        .take_while(|c| {
            let fits = c.len_utf16() <= left;
            left = left.saturating_sub(c.len_utf16());
            fits
        })
        .collect()
}

/// East Asian full-width characters take two places.
fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum::<usize>() + text.chars().filter(|c| c.len_utf16() == 2).count()
}

fn is_wide(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{33ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{a000}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}')
}

fn padded(text: &str, to: usize, right_aligned: bool) -> String {
    let space = " ".repeat(to.saturating_sub(width(text)));
    if right_aligned { space + text } else { text.to_owned() + &space }
}

/// The text of `df.show(rows, truncate, vertical)`. `batches` hold up to one row more than `rows`.
pub fn show_string(
    schema: &StructType,
    batches: &[RecordBatch],
    rows: usize,
    truncate: i32,
    vertical: bool,
    zone: &str,
) -> Result<String> {
    let cells = cells(schema, batches, rows, truncate, zone)?;
    if vertical && cells.rows.is_empty() {
        return Ok("(0 rows)".into());
    }
    let mut out = if vertical { records(&cells) } else { table(&cells, truncate > 0) };
    if cells.has_more {
        out.push_str(&format!("only showing top {rows} row{}", if rows == 1 { "" } else { "s" }));
    }
    Ok(out)
}

fn table(cells: &Cells, right_aligned: bool) -> String {
    let widths: Vec<usize> = (0..cells.names.len())
        .map(|at| cells.rows.iter().map(|row| &row[at]).chain([&cells.names[at]]).map(|cell| width(cell)).fold(3, usize::max))
        .collect();
    let rule: String = widths.iter().map(|width| format!("+{}", "-".repeat(*width))).collect::<String>() + "+\n";
    let line = |row: &[String]| {
        let parts: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width, right_aligned)).collect();
        format!("|{}|\n", parts.join("|"))
    };
    // A table without columns is drawn as two corners.
    let rule = if widths.is_empty() { "++\n".to_owned() } else { rule };
    let body: String = cells.rows.iter().map(|row| line(row)).collect();
    format!("{rule}{}{rule}{body}{rule}", line(&cells.names))
}

fn records(cells: &Cells) -> String {
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| width(text)).fold(3, usize::max);
    let name_width = widest(&mut cells.names.iter());
    let data_width = widest(&mut cells.rows.iter().flatten());
    let mut out = String::new();
    for (at, row) in cells.rows.iter().enumerate() {
        let header = format!("-RECORD {at}");
        out.push_str(&format!("{header:-<width$}\n", width = name_width + data_width + 5));
        for (name, cell) in cells.names.iter().zip(row) {
            out.push_str(&format!(" {} | {} \n", padded(name, name_width, false), padded(cell, data_width, false)));
        }
    }
    out
}

/// The table a notebook shows.
pub fn html_string(schema: &StructType, batches: &[RecordBatch], rows: usize, truncate: i32, zone: &str) -> Result<String> {
    let cells = cells(schema, batches, rows, truncate, zone)?;
    let line = |row: &[String], tag: &str| {
        let parts: Vec<String> = row.iter().map(|cell| escape_html(cell)).collect();
        format!("<tr><{tag}>{}</{tag}></tr>\n", parts.join(&format!("</{tag}><{tag}>")))
    };
    let mut out = format!("<table border='1'>\n{}", line(&cells.names, "th"));
    cells.rows.iter().for_each(|row| out.push_str(&line(row, "td")));
    out.push_str("</table>\n");
    if cells.has_more {
        out.push_str(&format!("only showing top {rows} row{}\n", if rows == 1 { "" } else { "s" }));
    }
    Ok(out)
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, StringArray};
    use emberflow_plan::StructField;

    use super::*;
    use crate::types::to_arrow_schema;

    fn shown(rows: usize, truncate: i32, vertical: bool) -> String {
        let schema =
            StructType::new(vec![StructField::new("id", DataType::Int, true), StructField::new("name", DataType::String, true)]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![Some(1), None])),
            Arc::new(StringArray::from(vec!["日本", "a much longer text than fits"])),
        ];
        let batch = RecordBatch::try_new(Arc::new(to_arrow_schema(&schema)), columns).unwrap();
        show_string(&schema, &[batch], rows, truncate, vertical, "UTC").unwrap()
    }

    #[test]
    fn tables_are_aligned_and_cut() {
        assert_eq!(
            shown(20, 20, false),
            "+----+--------------------+\n\
             |  id|                name|\n\
             +----+--------------------+\n\
             |   1|                日本|\n\
             |NULL|a much longer tex...|\n\
             +----+--------------------+\n"
        );
        assert_eq!(shown(1, 0, false), "+---+----+\n|id |name|\n+---+----+\n|1  |日本|\n+---+----+\nonly showing top 1 row");
    }

    #[test]
    fn records_stand_below_each_other() {
        assert_eq!(shown(1, 20, true), "-RECORD 0----\n id   | 1    \n name | 日本 \nonly showing top 1 row");
        assert_eq!(shown(0, 20, true), "(0 rows)");
    }
}
