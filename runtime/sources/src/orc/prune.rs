//! Which stripes and row groups cannot hold a row that filters ask for, by what the file knows of their values.
//!
//!     filters ──► DataFusion's pruning predicate ─┐
//!     statistics of stripes or row groups ────────┴─► keep or pass over
//!
//! A bound that is not sure is no bound. Not here: filtering rows, which the operators above do in any case.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};
use datafusion::physical_expr::conjunction;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use emberflow_functions::calendar::MICROS_PER_SECOND;
use emberflow_functions::types::to_arrow;
use emberflow_functions::zones::Zone;
use emberflow_plan::{DataType, StructType};

use super::Broken;
use super::fit::{GREGORIAN_DAY, gregorian_days};
use super::statistics::{Statistics, Values, rescale};
use super::tail::FileTail;
use super::types::{self, spark_type};
use crate::rows::Wanted;

/// Rows to pass over, then rows to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub skip: usize,
    pub take: usize,
}

/// The filters over one file.
pub(super) struct Pruner {
    predicate: Arc<PruningPredicate>,
    columns: Vec<Asked>,
    zone: Zone,
}

/// A column that filters look at.
struct Asked {
    name: String,
    data_type: DataType,
    /// Its place in the file's types, if the file has it.
    own: Option<usize>,
    /// The file's values are what the table's are.
    is_same: bool,
    kind: u64,
}

impl Pruner {
    /// `None`: the filters say nothing that statistics could answer.
    pub fn of(
        wanted: &Wanted<'_>,
        schema: &StructType,
        find: &impl Fn(usize) -> Option<usize>,
        tail: &FileTail,
        zone: &Zone,
    ) -> Option<Self> {
        if wanted.filters.is_empty() {
            return None;
        }
        let filter = conjunction(wanted.filters.iter().cloned());
        let used: HashSet<String> = collect_columns(&filter).iter().map(|column| column.name().to_owned()).collect();
        let predicate = PruningPredicateBuilder::new().with_file_schema(Arc::clone(wanted.table)).build(filter)?;
        let mut columns = Vec::with_capacity(used.len());
        for (at, field) in schema.fields.iter().enumerate().filter(|(_, field)| used.contains(&field.name)) {
            let own = find(at);
            let own_type = own.and_then(|own| spark_type(&tail.types, own).ok());
            columns.push(Asked {
                name: field.name.clone(),
                is_same: own_type.is_some_and(|own| own == field.data_type || widens(&own, &field.data_type)),
                data_type: field.data_type.clone(),
                own,
                kind: own.map_or(types::STRUCT, |own| tail.types[own].kind),
            });
        }
        Some(Self { predicate, columns, zone: zone.clone() })
    }

    /// For every stripe, whether it is to be read.
    pub fn stripes(&self, tail: &FileTail) -> Vec<bool> {
        if tail.statistics.len() != tail.stripes.len() {
            return vec![true; tail.stripes.len()];
        }
        let of = |own: usize| tail.statistics.iter().map(|columns| columns.get(own).and_then(Option::as_ref)).collect();
        self.keep(tail.stripes.iter().map(|stripe| stripe.rows).collect(), tail.is_proleptic, &of)
    }

    /// The rows of a stripe that are to be read; `index` reads what is known of a column's row groups.
    pub fn row_groups(
        &self,
        tail: &FileTail,
        rows: usize,
        index: impl Fn(u64) -> Result<Vec<Option<Statistics>>, Broken>,
    ) -> Result<VecDeque<Span>, Broken> {
        let group = usize::try_from(tail.rows_per_group).unwrap_or(0);
        if group == 0 {
            return Ok(VecDeque::from([Span { skip: 0, take: rows }]));
        }
        let count = rows.div_ceil(group);
        let mut known = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let groups = column.own.map_or(Ok(Vec::new()), |own| index(own as u64))?;
            known.push((column.own, if groups.len() == count { groups } else { vec![None; count] }));
        }
        let of = |own: usize| {
            let found = known.iter().find(|(known, _)| *known == Some(own));
            found.map_or_else(|| vec![None; count], |(_, groups)| groups.iter().map(Option::as_ref).collect())
        };
        let sizes = (0..count).map(|at| group.min(rows - at * group) as u64).collect();
        Ok(spans(&self.keep(sizes, tail.is_proleptic, &of), group, rows))
    }

    fn keep<'s>(&self, rows: Vec<u64>, is_proleptic: bool, of: &dyn Fn(usize) -> Vec<Option<&'s Statistics>>) -> Vec<bool> {
        let count = rows.len();
        let known = Known { pruner: self, rows, is_proleptic, of };
        self.predicate.prune(&known).unwrap_or_else(|_| vec![true; count])
    }
}

/// Whether a table may show a file's type as a wider one.
fn widens(own: &DataType, table: &DataType) -> bool {
    use DataType::{Byte, Double, Float, Int, Long, Short};
    matches!((own, table), (Byte, Short | Int | Long) | (Short, Int | Long) | (Int, Long) | (Float, Double))
}

/// Groups that stand together, in one span.
fn spans(keep: &[bool], group: usize, rows: usize) -> VecDeque<Span> {
    let (mut spans, mut skip): (VecDeque<Span>, usize) = (VecDeque::new(), 0);
    for (at, keep) in keep.iter().enumerate() {
        let own = group.min(rows - at * group);
        match spans.back_mut() {
            _ if !keep => skip += own,
            Some(last) if skip == 0 => last.take += own,
            _ => spans.push_back(Span { skip: std::mem::take(&mut skip), take: own }),
        }
    }
    spans
}

/// What is known of some stripes or row groups.
struct Known<'a, 's> {
    pruner: &'a Pruner,
    rows: Vec<u64>,
    is_proleptic: bool,
    of: &'a dyn Fn(usize) -> Vec<Option<&'s Statistics>>,
}

impl Known<'_, '_> {
    fn bounds(&self, column: &Column, is_low: bool) -> Option<ArrayRef> {
        let asked = self.pruner.columns.iter().find(|asked| asked.name == column.name)?;
        let own = asked.own.filter(|_| asked.is_same)?;
        let unknown = ScalarValue::try_from(&to_arrow(&asked.data_type)).ok()?;
        let bound = |known: Option<&Statistics>| {
            let found = known.and_then(|known| asked.bound(known, is_low, self.is_proleptic, &self.pruner.zone));
            found.unwrap_or_else(|| unknown.clone())
        };
        ScalarValue::iter_to_array((self.of)(own).into_iter().map(bound)).ok()
    }
}

impl Asked {
    /// The smallest or largest value there can be, as the table's type has it.
    fn bound(&self, known: &Statistics, is_low: bool, is_proleptic: bool, zone: &Zone) -> Option<ScalarValue> {
        fn pick<T>(bounds: Option<(T, T)>, is_low: bool) -> Option<T> {
            bounds.map(|(low, high)| if is_low { low } else { high })
        }
        match (&known.values, &self.data_type) {
            (Values::Integer { bounds, .. }, data_type) => {
                let value = pick(*bounds, is_low)?;
                match data_type {
                    DataType::Byte => i8::try_from(value).ok().map(|value| ScalarValue::Int8(Some(value))),
                    DataType::Short => i16::try_from(value).ok().map(|value| ScalarValue::Int16(Some(value))),
                    DataType::Int => i32::try_from(value).ok().map(|value| ScalarValue::Int32(Some(value))),
                    DataType::Long => Some(ScalarValue::Int64(Some(value))),
                    DataType::TimestampNtz => Some(ScalarValue::TimestampMicrosecond(Some(value), None)),
                    _ => None,
                }
            }
            (Values::Double { bounds, sum: Some(sum) }, data_type) if !sum.is_nan() => {
                let value = pick(*bounds, is_low).filter(|value| !value.is_nan())?;
                // The two zeros are equal, though one sorts before the other.
                let value = if value != 0.0 {
                    value
                } else if is_low {
                    -0.0
                } else {
                    0.0
                };
                match data_type {
                    DataType::Float => Some(ScalarValue::Float32(Some(value as f32))),
                    DataType::Double => Some(ScalarValue::Float64(Some(value))),
                    _ => None,
                }
            }
            (Values::Text { bounds, .. }, DataType::String) if self.kind != types::CHAR => {
                pick(bounds.clone(), is_low).map(|text| ScalarValue::Utf8(Some(text)))
            }
            (Values::Boolean { trues }, DataType::Boolean) if *trues <= known.count && known.count > 0 => {
                let value = if is_low { *trues == known.count } else { *trues > 0 };
                Some(ScalarValue::Boolean(Some(value)))
            }
            (Values::Decimal { scale, bounds, .. }, DataType::Decimal { precision, scale: own }) => {
                let value = pick(*bounds, is_low)?;
                let value = rescale((value, *scale), u32::try_from(*own).ok()?)?;
                Some(ScalarValue::Decimal128(Some(value), *precision, *own))
            }
            (Values::Date { bounds }, DataType::Date) => {
                let days = pick(*bounds, is_low)?;
                Some(ScalarValue::Date32(Some(if is_proleptic { days } else { gregorian_days(days) })))
            }
            (Values::Timestamp { bounds }, DataType::Timestamp) if self.kind == types::TIMESTAMP => {
                let (low, high) = (*bounds)?;
                // Before the calendar changed, and where clocks are set back, milliseconds are not sure.
                let first = i64::from(GREGORIAN_DAY) * 86_400_000;
                let slack = if matches!(zone, Zone::Fixed(_)) { 0 } else { 7_200 * MICROS_PER_SECOND };
                let micros = |millis: i64, more: i64| millis.checked_mul(1000)?.checked_add(more);
                let clock = match is_low {
                    true if low < first => return None,
                    true => zone.instant(micros(low, 0)?).checked_sub(slack)?,
                    false if high < first => return None,
                    false => zone.instant(micros(high, 999)?).checked_add(slack)?,
                };
                Some(ScalarValue::TimestampMicrosecond(Some(clock), Some("UTC".into())))
            }
            _ => None,
        }
    }
}

impl PruningStatistics for Known<'_, '_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, true)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, false)
    }

    fn num_containers(&self) -> usize {
        self.rows.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let asked = self.pruner.columns.iter().find(|asked| asked.name == column.name)?;
        let counts: UInt64Array = match asked.own {
            None => self.rows.iter().copied().map(Some).collect(),
            // A cast that fails makes nulls of its own.
            Some(_) if !asked.is_same => return None,
            Some(own) => {
                let counts = (self.of)(own).into_iter().zip(&self.rows);
                counts.map(|(known, rows)| known.map(|known| rows.saturating_sub(known.count))).collect()
            }
        };
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from(self.rows.clone())))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_groups_that_stand_together_are_one_span() {
        let span = |skip, take| Span { skip, take };
        assert_eq!(spans(&[true, true, false, false, true], 10, 45), [span(0, 20), span(20, 5)]);
        assert_eq!(spans(&[false, true, false], 10, 30), [span(10, 10)]);
        assert!(spans(&[false, false], 10, 20).is_empty());
    }
}
