//! What is remembered of things that are gone: the newest of them, by key.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// At most `keep_max` keys, each with what is known of it and when it was laid down.
#[derive(Debug)]
pub(crate) struct Tombstones<K, V> {
    keep_max: usize,
    known: HashMap<K, (V, Duration)>,
    order: VecDeque<K>,
}

impl<K: Hash + Eq + Clone, V> Tombstones<K, V> {
    pub(crate) fn new(keep_max: usize) -> Self {
        Self { keep_max, known: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn lay(&mut self, key: K, value: V, now: Duration) {
        if self.known.insert(key.clone(), (value, now)).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.keep_max {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.known.get(key).map(|(value, _)| value)
    }

    /// When it was laid down.
    pub(crate) fn since(&self, key: &K) -> Option<Duration> {
        self.known.get(key).map(|(_, since)| *since)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.order.iter().filter_map(|key| self.known.get(key).map(|(value, _)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_give_way() {
        let mut stones = Tombstones::new(2);
        for key in ["a", "b", "b", "c"] {
            stones.lay(key, (), Duration::ZERO);
        }
        assert_eq!(stones.iter().map(|(key, ())| *key).collect::<Vec<_>>(), ["b", "c"]);
        assert!(stones.get(&"a").is_none());
    }
}
