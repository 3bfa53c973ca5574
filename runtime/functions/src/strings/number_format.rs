//! Patterns of numbers as in `to_number('$1,234.50', '$9,999.99')` and `to_char(1234.5, '9,999.9')`.
//!
//!     [S|MI] [$] (0|9|,|G)* [. (0|9)*] [$] [S|MI|PR]
//!
//! A run of digits in the pattern that begins with 0 stands for exactly as many, one that begins with 9 for at most as
//! many. Not here: the functions (`numbers`). Begin at [`NumberFormat::parse`].

use emberflow_base::{Error, Exception, Result};

/// Where the sign stands, and how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// `S`: plus or minus.
    Always,
    /// `MI`: minus, or a blank.
    MinusOnly,
}

/// A run of digits between two grouping separators.
#[derive(Debug, Clone, Copy)]
struct Run {
    digits: usize,
    exact: bool,
}

/// A pattern that was understood.
#[derive(Debug, Clone)]
pub struct NumberFormat {
    text: String,
    leading: Option<Sign>,
    trailing: Option<Sign>,
    dollar_before: bool,
    dollar_after: bool,
    angles: bool,
    whole: Vec<Run>,
    /// Digits after the point; none without a point.
    fraction: Option<usize>,
    zero_filled: bool,
}

fn refused(kind: &str, format: &str) -> Error {
    let refused = Error::new(format!("INVALID_FORMAT.{kind}")).with("format", format!("'{format}'"));
    refused.exception_class(Exception::Analysis)
}

impl NumberFormat {
    /// Understands a pattern, in any case.
    pub fn parse(pattern: &str) -> Result<Self> {
        let text = pattern.to_uppercase();
        if text.is_empty() {
            return Err(refused("EMPTY", &text));
        }
        let mut rest = text.as_str();
        let leading = sign(&mut rest);
        let dollar_before = take(&mut rest, "$");
        let whole = runs(&mut rest, &text)?;
        let fraction = (take(&mut rest, ".") || take(&mut rest, "D")).then(|| digits(&mut rest));
        let dollar_after = !dollar_before && take(&mut rest, "$");
        let angles = take(&mut rest, "PR");
        let trailing = if leading.is_none() && !angles { sign(&mut rest) } else { None };
        let zero_filled = text.find(['0', '9']).is_some_and(|at| text[at..].starts_with('0'));
        let found =
            Self { leading, trailing, dollar_before, dollar_after, angles, whole, fraction, zero_filled, text: text.clone() };
        if found.whole_digits() + found.fraction.unwrap_or(0) == 0 {
            return Err(refused("WRONG_NUM_DIGIT", &text));
        }
        match rest {
            "" => Ok(found),
            rest => Err(misplaced(rest, &text)),
        }
    }

    /// Digits of the number in all, and after the point.
    pub fn precision_and_scale(&self) -> (usize, usize) {
        let scale = self.fraction.unwrap_or(0);
        (self.whole_digits() + scale, scale)
    }

    fn whole_digits(&self) -> usize {
        self.whole.iter().map(|run| run.digits).sum()
    }

    /// The number in `text`, times ten to the power of the scale; none if it does not fit the pattern.
    pub fn read(&self, text: &str) -> Option<i128> {
        let mut rest = text.trim();
        let angled = self.angles && take(&mut rest, "<");
        let mut negative = angled || self.leading.is_some_and(|sign| read_sign(&mut rest, sign));
        if self.dollar_before && !take(&mut rest, "$") {
            return None;
        }
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ',').unwrap_or(rest.len());
        let (whole, after) = rest.split_at(end);
        rest = after;
        let whole = self.read_whole(whole)?;
        let scale = self.fraction.unwrap_or(0);
        let mut fraction = "";
        if self.fraction.is_some() && take(&mut rest, ".") {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            (fraction, rest) = rest.split_at(end);
        }
        if fraction.len() > scale || (self.dollar_after && !take(&mut rest, "$")) {
            return None;
        }
        negative |= self.trailing.is_some_and(|sign| read_sign(&mut rest, sign));
        if (angled && !take(&mut rest, ">")) || !rest.is_empty() || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let number: i128 = format!("0{whole}{fraction:0<scale$}").parse().ok()?;
        Some(if negative { -number } else { number })
    }

    /// Digits of the whole part, compared run by run from the right.
    fn read_whole(&self, text: &str) -> Option<String> {
        let mut given = text.rsplit(',').map(str::len);
        for run in self.whole.iter().rev() {
            let found = given.next().unwrap_or(0);
            if found > run.digits || (run.exact && found != run.digits) {
                return None;
            }
        }
        given.next().is_none().then(|| text.replace(',', ""))
    }

    /// `unscaled` with `scale` digits after the point, written by the pattern; `#` for its digits if it does not fit.
    pub fn write(&self, unscaled: i128, scale: usize) -> String {
        let plain = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = plain.split_at(plain.len() - scale);
        let width = self.whole_digits();
        let kept = self.fraction.unwrap_or(0);
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if whole.len() > width || fraction.len() > kept {
            return self.too_wide();
        }
        let whole = if whole.is_empty() && width > 0 { "0" } else { whole };
        let mut blanks = String::new();
        let mut out = String::new();
        let mut place = width;
        for (index, run) in self.whole.iter().enumerate() {
            if index > 0 {
                if place < whole.len() || self.zero_filled { out.push(',') } else { blanks.push(' ') }
            }
            for _ in 0..run.digits {
                match whole.len().checked_sub(place) {
                    Some(at) => out.push_str(&whole[at..=at]),
                    None if self.zero_filled => out.push('0'),
                    None => blanks.push(' '),
                }
                place -= 1;
            }
        }
        if kept > 0 {
            out.push('.');
            out.push_str(&format!("{fraction:0<kept$}"));
        }
        self.dressed(blanks, out, unscaled < 0)
    }

    /// Blanks for digits that are not there, then sign, dollar and number.
    fn dressed(&self, blanks: String, number: String, negative: bool) -> String {
        let marked = |sign: Option<Sign>| match sign {
            Some(Sign::Always) => {
                if negative {
                    "-"
                } else {
                    "+"
                }
            }
            Some(Sign::MinusOnly) => {
                if negative {
                    "-"
                } else {
                    " "
                }
            }
            None => "",
        };
        let (open, close) = match (self.angles, negative) {
            (true, true) => ("<", ">"),
            (true, false) => ("", "  "),
            _ => ("", ""),
        };
        let before = if self.dollar_before { "$" } else { "" };
        let after = if self.dollar_after { "$" } else { "" };
        format!("{blanks}{}{open}{before}{number}{after}{close}{}", marked(self.leading), marked(self.trailing))
    }

    fn too_wide(&self) -> String {
        let hidden = |letter| match letter {
            '0' | '9' => '#',
            'D' => '.',
            'G' => ',',
            other => other,
        };
        self.text.chars().map(hidden).collect()
    }
}

fn take(rest: &mut &str, word: &str) -> bool {
    let found = rest.strip_prefix(word);
    *rest = found.unwrap_or(rest);
    found.is_some()
}

fn sign(rest: &mut &str) -> Option<Sign> {
    if take(rest, "S") {
        return Some(Sign::Always);
    }
    take(rest, "MI").then_some(Sign::MinusOnly)
}

/// Takes a sign, if one is there; answers whether it is a minus.
fn read_sign(rest: &mut &str, sign: Sign) -> bool {
    if take(rest, "-") {
        return true;
    }
    if sign == Sign::Always {
        take(rest, "+");
    } else {
        *rest = rest.trim_end();
    }
    false
}

fn digits(rest: &mut &str) -> usize {
    let count = rest.find(|letter| !matches!(letter, '0' | '9')).unwrap_or(rest.len());
    *rest = &rest[count..];
    count
}

/// Runs of digits with separators between them, each with digits on both sides.
fn runs(rest: &mut &str, text: &str) -> Result<Vec<Run>> {
    let mut found = Vec::new();
    loop {
        let exact = rest.starts_with('0');
        let count = digits(rest);
        if count > 0 {
            found.push(Run { digits: count, exact });
        }
        if !take(rest, ",") && !take(rest, "G") {
            return Ok(found);
        }
        if count == 0 || !rest.starts_with(['0', '9']) {
            return Err(refused("CONT_THOUSANDS_SEPS", text));
        }
    }
}

/// What Spark says about the first thing that stands in the wrong place.
fn misplaced(rest: &str, text: &str) -> Error {
    let letter = rest.chars().next().unwrap_or(' ');
    let counted = |words: &[&str]| words.iter().map(|word| text.matches(word).count()).sum::<usize>();
    let many = |token: &str| refused("WRONG_NUM_TOKEN", text).with("token", token);
    match letter {
        '$' if counted(&["$"]) > 1 => many("'$'"),
        '$' => refused("CUR_MUST_BEFORE_DIGIT", text),
        '.' | 'D' if counted(&[".", "D"]) > 1 => many("'.' or 'D'"),
        ',' | 'G' => refused("THOUSANDS_SEPS_MUST_BEFORE_DEC", text),
        'S' | 'M' if counted(&["S", "MI"]) > 1 => many("'MI' or 'S'"),
        _ => refused("UNEXPECTED_TOKEN", text).with("token", format!("'{letter}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, text: &str) -> Option<i128> {
        NumberFormat::parse(pattern).unwrap().read(text)
    }

    fn write(pattern: &str, unscaled: i128, scale: usize) -> String {
        NumberFormat::parse(pattern).unwrap().write(unscaled, scale)
    }

    #[test]
    fn numbers_are_read_by_the_pattern() {
        assert_eq!(read("999", "454"), Some(454));
        assert_eq!(read("$99.99", "$78.12"), Some(7812));
        assert_eq!(read("S99,999.9", "-12,454.8"), Some(-124548));
        assert_eq!(read("99,999", "12,3"), Some(123));
        assert_eq!(read("9PR", "<5>"), Some(-5));
        assert_eq!(read("9.9", ".5"), Some(5));
        for (pattern, text) in [("99", "123"), ("000", "12"), ("9", "x"), ("9.9", "1.23"), ("$9", "5"), ("99,999", "1,2,3")] {
            assert_eq!(read(pattern, text), None, "{pattern} {text}");
        }
    }

    #[test]
    fn numbers_are_written_by_the_pattern() {
        assert_eq!(write("99,999.9S", -124548, 1), "12,454.8-");
        assert_eq!(write("99PR", -5, 0), " <5>");
        assert_eq!(write("99PR", 5, 0), " 5  ");
        assert_eq!(write("000.00", 45400, 2), "454.00");
        assert_eq!(write("999", 1234, 0), "###");
        assert_eq!(write("9.9", 5, 1), "0.5");
    }

    #[test]
    fn patterns_that_mean_nothing_are_refused() {
        for (pattern, kind) in
            [("", "EMPTY"), ("q", "WRONG_NUM_DIGIT"), ("9,,9", "CONT_THOUSANDS_SEPS"), ("9.9.9", "WRONG_NUM_TOKEN")]
        {
            assert_eq!(NumberFormat::parse(pattern).unwrap_err().condition(), format!("INVALID_FORMAT.{kind}"), "{pattern}");
        }
    }
}
