//! Paths into variants: `$.key[0]['other key']`.

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// The steps of a path; none if it is no path.
pub fn parse(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Key(after[..end].to_owned()));
            rest = &after[end..];
            continue;
        }
        let inner = rest.strip_prefix('[')?;
        let quote = inner.chars().next().filter(|first| matches!(first, '\'' | '"'));
        match quote {
            Some(quote) => {
                let end = inner[1..].find(quote)? + 1;
                steps.push(Step::Key(inner[1..end].to_owned()));
                rest = inner[end + 1..].strip_prefix(']')?;
            }
            None => {
                let end = inner.find(']')?;
                steps.push(Step::Index(inner[..end].parse().ok()?));
                rest = &inner[end + 1..];
            }
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_places() {
        let key = |name: &str| Step::Key(name.to_owned());
        assert_eq!(parse("$"), Some(vec![]));
        assert_eq!(parse("$.a.b[1]['x y'][\"z\"]"), Some(vec![key("a"), key("b"), Step::Index(1), key("x y"), key("z")]));
        for wrong in ["a", "$a", "$.", "$[x]", "$[-1]", "$['a'"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
