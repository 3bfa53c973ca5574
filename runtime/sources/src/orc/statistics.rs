//! What ORC files say about the values of a column: in a row group, a stripe, the file.
//!
//!     writer: values ──► [`Statistics`] ──► footers          reader: footers ──► [`Statistics`] ──► which stripes to read
//!
//! Not here: gathering them from columns (`write/column`), deciding by them (`prune`).

use super::Broken;
use super::wire::{Fields, Message, Value};

/// What is known about the values of one column.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Statistics {
    /// How many values are not null.
    pub count: u64,
    pub has_null: bool,
    pub values: Values,
}

/// Smallest, largest and sum, as far as a type has them. Bounds that are `None` are not known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Values {
    #[default]
    Unknown,
    Integer {
        bounds: Option<(i64, i64)>,
        sum: Option<i64>,
    },
    /// A sum that is NaN, or none: bounds say nothing, for a NaN is not among them.
    Double {
        bounds: Option<(f64, f64)>,
        sum: Option<f64>,
    },
    Text {
        bounds: Option<(String, String)>,
        bytes: i64,
    },
    Boolean {
        trues: u64,
    },
    /// Whole numbers of units of ten to the power of minus `scale`.
    Decimal {
        scale: u32,
        bounds: Option<(i128, i128)>,
        sum: Option<i128>,
    },
    Date {
        bounds: Option<(i32, i32)>,
    },
    /// Milliseconds of the wall clock in the writer's zone, counted as if it were UTC.
    Timestamp {
        bounds: Option<(i64, i64)>,
    },
    Binary {
        bytes: i64,
    },
}

impl Statistics {
    /// `None`: not even how many values there are is known.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, Broken> {
        let mut made = Self { has_null: true, ..Self::default() };
        let mut is_counted = false;
        for field in Fields(bytes) {
            let (number, value) = field?;
            match number {
                1 => (made.count, is_counted) = (value.number()?, true),
                2 => made.values = integers(value.bytes()?)?,
                3 => made.values = doubles(value.bytes()?)?,
                4 => made.values = texts(value.bytes()?)?,
                5 => {
                    let mut counts = Vec::new();
                    for field in Fields(value.bytes()?) {
                        field?.1.add_numbers(&mut counts)?;
                    }
                    if let Some(trues) = counts.first() {
                        made.values = Values::Boolean { trues: *trues };
                    }
                }
                6 => made.values = decimals(value.bytes()?)?,
                7 => {
                    let [low, high] = fields(value.bytes()?)?;
                    let day = |value: Option<Value<'_>>| value.map(Value::signed).transpose();
                    let bounds = day(low)?.zip(day(high)?).map(|(low, high)| (low as i32, high as i32));
                    made.values = Values::Date { bounds };
                }
                9 => {
                    let [_, _, low, high] = fields(value.bytes()?)?;
                    let millis = |value: Option<Value<'_>>| value.map(Value::signed).transpose();
                    made.values = Values::Timestamp { bounds: millis(low)?.zip(millis(high)?) };
                }
                10 => made.has_null = value.number()? != 0,
                _ => {}
            }
        }
        Ok(is_counted.then_some(made))
    }

    pub fn encode(&self) -> Message {
        let start = Message::default().number(1, self.count);
        let message = match &self.values {
            Values::Unknown => start,
            Values::Integer { bounds, sum } => {
                let own = bounds.map_or_else(Message::default, |(low, high)| Message::default().signed(1, low).signed(2, high));
                start.message(2, &sum.iter().fold(own, |own, sum| own.signed(3, *sum)))
            }
            Values::Double { bounds, sum } => {
                let own = bounds.map_or_else(Message::default, |(low, high)| Message::default().double(1, low).double(2, high));
                start.message(3, &sum.iter().fold(own, |own, sum| own.double(3, *sum)))
            }
            Values::Text { bounds, bytes } => start.message(4, &text_message(bounds.as_ref(), *bytes)),
            Values::Boolean { trues } => start.message(5, &Message::default().numbers(1, [*trues])),
            Values::Decimal { scale, bounds, sum } => {
                let text = |value: i128| decimal_text(value, *scale);
                let own = bounds.map_or_else(Message::default, |(low, high)| {
                    Message::default().bytes(1, text(low).as_bytes()).bytes(2, text(high).as_bytes())
                });
                start.message(6, &sum.iter().fold(own, |own, sum| own.bytes(3, text(*sum).as_bytes())))
            }
            Values::Date { bounds } => match bounds {
                Some((low, high)) => start.message(7, &Message::default().signed(1, i64::from(*low)).signed(2, i64::from(*high))),
                None => start,
            },
            Values::Timestamp { bounds } => match bounds {
                Some((low, high)) => start.message(9, &Message::default().signed(3, *low).signed(4, *high)),
                None => start,
            },
            Values::Binary { bytes } => start.message(8, &Message::default().signed(1, *bytes)),
        };
        message.number(10, u64::from(self.has_null))
    }
}

/// The fields 1 to `N` of a message that has each once.
fn fields<const N: usize>(bytes: &[u8]) -> Result<[Option<Value<'_>>; N], Broken> {
    let mut found = [None; N];
    for field in Fields(bytes) {
        let (number, value) = field?;
        if let Some(place) = usize::try_from(number).ok().and_then(|number| found.get_mut(number.wrapping_sub(1))) {
            *place = Some(value);
        }
    }
    Ok(found)
}

fn integers(bytes: &[u8]) -> Result<Values, Broken> {
    let [low, high, sum] = fields(bytes)?;
    let number = |value: Option<Value<'_>>| value.map(Value::signed).transpose();
    Ok(Values::Integer { bounds: number(low)?.zip(number(high)?), sum: number(sum)? })
}

fn doubles(bytes: &[u8]) -> Result<Values, Broken> {
    let [low, high, sum] = fields(bytes)?;
    let number = |value: Option<Value<'_>>| value.map(Value::double).transpose();
    Ok(Values::Double { bounds: number(low)?.zip(number(high)?), sum: number(sum)? })
}

fn texts(bytes: &[u8]) -> Result<Values, Broken> {
    let [low, high, sum, lower, upper] = fields(bytes)?;
    let text = |exact: Option<Value<'_>>, outer: Option<Value<'_>>| exact.or(outer).map(Value::text).transpose();
    let bytes = sum.map(Value::signed).transpose()?.unwrap_or(0);
    Ok(Values::Text { bounds: text(low, lower)?.zip(text(high, upper)?), bytes })
}

fn decimals(bytes: &[u8]) -> Result<Values, Broken> {
    let [low, high, sum] = fields(bytes)?;
    let read = |value: Option<Value<'_>>| Ok(value.map(Value::text).transpose()?.and_then(|text| parse_decimal(&text)));
    let (bounds, sum) = (read(low)?.zip(read(high)?), read(sum)?);
    let scale = [bounds.map(|(low, _)| low.1), bounds.map(|(_, high)| high.1), sum.map(|sum| sum.1)];
    let scale = scale.into_iter().flatten().max().unwrap_or(0);
    let fit = |value| rescale(value, scale);
    let bounds = bounds.and_then(|(low, high)| fit(low).zip(fit(high)));
    Ok(Values::Decimal { scale, bounds, sum: sum.and_then(fit) })
}

/// `-1.50` as -150 and 2.
fn parse_decimal(text: &str) -> Option<(i128, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number = format!("{whole}{fraction}").parse().ok()?;
    Some((number, u32::try_from(fraction.len()).ok()?))
}

/// A number of another scale; `None` if it does not fit.
pub(super) fn rescale((value, from): (i128, u32), to: u32) -> Option<i128> {
    match to.checked_sub(from) {
        Some(more) => value.checked_mul(10_i128.checked_pow(more)?),
        None => {
            let divisor = 10_i128.checked_pow(from - to)?;
            (value % divisor == 0).then_some(value / divisor)
        }
    }
}

fn decimal_text(value: i128, scale: u32) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Longer texts are cut in footers.
const TEXT_BYTES_MAX: usize = 1024;

/// What is known of the texts of a column, long ones cut to bounds around them.
fn text_message(bounds: Option<&(String, String)>, bytes: i64) -> Message {
    let start = match bounds {
        None => Message::default(),
        Some((low, high)) => {
            let low_cut = cut(low);
            let start = match low_cut.len() == low.len() {
                true => Message::default().bytes(1, low.as_bytes()),
                false => Message::default().bytes(4, low_cut.as_bytes()),
            };
            match (cut(high).len() == high.len(), above(cut(high))) {
                (true, _) => start.bytes(2, high.as_bytes()),
                (false, Some(upper)) => start.bytes(5, upper.as_bytes()),
                // No text of this length is above it: nothing is said.
                (false, None) => Message::default(),
            }
        }
    };
    start.signed(3, bytes)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

/// A text of the same length that is above every text that begins with `text`.
fn above(text: &str) -> Option<String> {
    let mut letters: Vec<char> = text.chars().collect();
    while let Some(last) = letters.pop() {
        if let Some(next) = char::from_u32(u32::from(last) + 1) {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

/// What is known of two parts, put together.
impl std::ops::AddAssign<&Statistics> for Statistics {
    fn add_assign(&mut self, other: &Statistics) {
        let was_empty = self.count == 0;
        self.count += other.count;
        self.has_null |= other.has_null;
        if other.count == 0 {
            return;
        }
        if was_empty {
            self.values = other.values.clone();
            return;
        }
        match (&mut self.values, &other.values) {
            (Values::Integer { bounds, sum }, Values::Integer { bounds: others, sum: added }) => {
                *bounds = wider(bounds.take(), *others);
                *sum = sum.zip(*added).and_then(|(one, two)| one.checked_add(two));
            }
            (Values::Double { bounds, sum }, Values::Double { bounds: others, sum: added }) => {
                // Both have values; a part without bounds has nothing but NaN, which the sum tells.
                *bounds = bounds
                    .zip(*others)
                    .map(|((low, high), (low2, high2))| (low.min(low2), high.max(high2)))
                    .or(*bounds)
                    .or(*others);
                *sum = sum.zip(*added).map(|(one, two)| one + two);
            }
            (Values::Text { bounds, bytes }, Values::Text { bounds: others, bytes: added }) => {
                *bounds = wider(bounds.take(), others.clone());
                *bytes = bytes.saturating_add(*added);
            }
            (Values::Boolean { trues }, Values::Boolean { trues: added }) => *trues += added,
            (Values::Decimal { scale, bounds, sum }, Values::Decimal { scale: same, bounds: others, sum: added })
                if scale == same =>
            {
                *bounds = wider(bounds.take(), *others);
                *sum = sum.zip(*added).and_then(|(one, two)| one.checked_add(two));
            }
            (Values::Date { bounds }, Values::Date { bounds: others }) => *bounds = wider(bounds.take(), *others),
            (Values::Timestamp { bounds }, Values::Timestamp { bounds: others }) => *bounds = wider(bounds.take(), *others),
            (Values::Binary { bytes }, Values::Binary { bytes: added }) => *bytes = bytes.saturating_add(*added),
            (values, _) => *values = Values::Unknown,
        }
    }
}

fn wider<T: Ord>(one: Option<(T, T)>, two: Option<(T, T)>) -> Option<(T, T)> {
    let ((low, high), (low2, high2)) = one.zip(two)?;
    Some((low.min(low2), high.max(high2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: Values) {
        let before = Statistics { count: 3, has_null: true, values };
        assert_eq!(Statistics::decode(&before.encode().0).unwrap(), Some(before));
    }

    #[test]
    fn what_is_written_is_read() {
        check(Values::Unknown);
        check(Values::Integer { bounds: Some((i64::MIN, 5)), sum: None });
        check(Values::Double { bounds: Some((-1.5, f64::INFINITY)), sum: Some(2.0) });
        check(Values::Text { bounds: Some(("".into(), "z".into())), bytes: 7 });
        check(Values::Boolean { trues: 2 });
        check(Values::Decimal { scale: 2, bounds: Some((-150, 1201)), sum: None });
        check(Values::Decimal { scale: 0, bounds: Some((-15, 12)), sum: Some(7) });
        check(Values::Date { bounds: Some((-719_162, 1)) });
        check(Values::Timestamp { bounds: Some((-1, 1)) });
    }

    #[test]
    fn long_texts_are_cut_to_bounds_around_them() {
        let long = "é".repeat(2000);
        let values = Values::Text { bounds: Some((long.clone(), long.clone())), bytes: 4000 };
        let read = Statistics::decode(&Statistics { count: 1, has_null: false, values }.encode().0).unwrap().unwrap();
        let Values::Text { bounds: Some((low, high)), .. } = read.values else { panic!("{read:?}") };
        assert!(low.len() <= 1024 && high.len() <= 1024 && low < long && high > long);
    }

    #[test]
    fn parts_are_put_together() {
        let part = |low, high| Statistics {
            count: 2,
            has_null: false,
            values: Values::Integer { bounds: Some((low, high)), sum: Some(low + high) },
        };
        let mut whole = Statistics::default();
        whole += &part(3, 5);
        whole += &part(-1, 4);
        assert_eq!(
            whole,
            Statistics { count: 4, has_null: false, values: Values::Integer { bounds: Some((-1, 5)), sum: Some(11) } }
        );
        whole += &Statistics { count: 0, has_null: true, values: Values::Unknown };
        assert!(whole.has_null && whole.count == 4);
    }
}
