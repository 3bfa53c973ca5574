//! How many attribute names a container has, for a warning: above a limit (`Limits::distinct_attributes`) they are more
//! likely data that ended up in names than attributes.
//!
//! Counted are the columns of stored schemas and what this process has written; a count on the disk would cost every write
//! more than a warning is worth. Once a container has been warned of, nothing of it is counted any more.

use std::collections::{HashMap, HashSet};

use parking_lot::RwLock;

#[derive(Default)]
pub(crate) struct AttributeNames(RwLock<HashMap<String, Known>>);

#[derive(Default)]
struct Known {
    names: HashSet<Box<str>>,
    is_warned: bool,
}

impl Known {
    fn has(&self, mut names: impl Iterator<Item = impl AsRef<str>>) -> bool {
        self.is_warned || names.all(|name| self.names.contains(name.as_ref()))
    }
}

impl AttributeNames {
    /// Takes note of names; true the one time when there are more than `most`. `before` are those of a container that is
    /// met for the first time.
    pub fn note<N: AsRef<str>>(
        &self,
        container: &str,
        most: usize,
        names: impl Iterator<Item = N> + Clone,
        before: impl FnOnce() -> Vec<String>,
    ) -> bool {
        if self.0.read().get(container).is_some_and(|known| known.has(names.clone())) {
            return false;
        }
        let before = if self.0.read().contains_key(container) { Vec::new() } else { before() };
        let mut containers = self.0.write();
        let known = containers.entry(container.to_owned()).or_default();
        known.names.extend(before.into_iter().map(String::into_boxed_str));
        known.names.extend(names.map(|name| name.as_ref().into()));
        if known.is_warned || known.names.len() <= most {
            return false;
        }
        *known = Known { names: HashSet::new(), is_warned: true };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_warned_of_once() {
        let known = AttributeNames::default();
        let note = |container: &str, names: &[&str]| known.note(container, 3, names.iter(), || vec!["stored".to_owned()]);
        assert!(!note("a", &["x", "y"]));
        assert!(!note("a", &["stored", "x"]));
        assert!(!note("b", &["z"]));
        assert!(note("a", &["y", "z"]));
        assert!(!note("a", &["w"]));
        assert!(!note("b", &["y"]));
        assert!(note("b", &["x"]));
    }
}
