//! `sentences`: text cut into sentences, sentences into words.
//!
//! A sentence ends at `.`, `!` or `?`; a word is a run of letters, digits and apostrophes. Languages are not told apart.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType as Arrow, Field};
use emberflow_base::Result;
use emberflow_plan::DataType;

use crate::call::{Call, Typed};
use crate::kernel::kernel;

/// `sentences(text [, language, country])`
pub fn sentences(call: Call<'_>) -> Result<Typed> {
    call.arity(&[1, 2, 3])?;
    let text = call.text(0)?;
    let kind = DataType::array(DataType::array(DataType::String, false), false);
    Ok(kernel("sentences", vec![text], kind, true, |columns| {
        let texts = columns.text(0)?;
        Ok(lists(columns.rows, |row| texts.at(row)))
    }))
}

fn lists<'a>(rows: usize, text: impl Fn(usize) -> Option<&'a str>) -> ArrayRef {
    let word = Arc::new(Field::new("element", Arrow::Utf8, false));
    let sentence = Arc::new(Field::new("element", Arrow::List(Arc::clone(&word)), false));
    let words = ListBuilder::new(StringBuilder::new()).with_field(word);
    let mut all = ListBuilder::new(words).with_field(sentence);
    for row in 0..rows {
        let text = text(row);
        let sentences = text.unwrap_or_default().split_inclusive(['.', '!', '?']);
        for words in sentences.map(words_of).filter(|words| !words.is_empty()) {
            words.iter().for_each(|word| all.values().values().append_value(word));
            all.values().append(true);
        }
        all.append(text.is_some());
    }
    Arc::new(all.finish())
}

fn words_of(sentence: &str) -> Vec<&str> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '\'';
    sentence.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_belongs_to_no_word() {
        assert_eq!(words_of(" Good morning, it's 9."), ["Good", "morning", "it's", "9"]);
        assert!(words_of(" ... ").is_empty());
    }
}
