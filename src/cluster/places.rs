//! A bounded number of places, for which those who hold many make way for those who hold few.
//!
//! Each newcomer gets a place at once; if all are taken, a holder loses one. A holder that has as many as one may have
//! loses its own oldest place. Otherwise the holder with most places loses its oldest: a crowd of hosts with few places
//! takes nothing from others. Does not know what a place is good for; a holder that loses one is notified, and has to
//! go.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// A bounded number of places, shared by holders.
#[derive(Debug)]
pub(crate) struct Places<K: Hash + Eq> {
    of_one: usize,
    all: usize,
    held: Arc<Mutex<Held<K>>>,
}

#[derive(Debug)]
struct Held<K: Hash + Eq> {
    next: u64,
    /// Oldest first.
    places: BTreeMap<u64, (K, CancellationToken)>,
    counts: HashMap<K, usize>,
}

/// A place, until it is dropped or lost.
#[derive(Debug)]
pub(crate) struct Place<K: Hash + Eq> {
    number: u64,
    lost: CancellationToken,
    held: Arc<Mutex<Held<K>>>,
}

impl<K: Hash + Eq + Clone> Places<K> {
    /// Creates places: `of_one` for each holder, and `all` altogether; at least one.
    pub(crate) fn new(of_one: usize, all: usize) -> Self {
        let held = Held { next: 0, places: BTreeMap::new(), counts: HashMap::new() };
        Self { of_one: of_one.max(1), all: all.max(1), held: Arc::new(Mutex::new(held)) }
    }

    /// A place for `who`.
    pub(crate) fn enter(&self, who: K) -> Place<K> {
        let mut held = self.held.lock();
        if held.counts.get(&who).is_some_and(|count| *count >= self.of_one) {
            held.lose(|(holder, _), _| *holder == who);
        } else if held.places.len() >= self.all {
            let most = held.counts.values().copied().max().unwrap_or_default();
            held.lose(|(holder, _), counts| counts.get(holder) == Some(&most));
        }
        let number = held.next;
        held.next += 1;
        let lost = CancellationToken::new();
        held.places.insert(number, (who.clone(), lost.clone()));
        *held.counts.entry(who).or_default() += 1;
        Place { number, lost, held: Arc::clone(&self.held) }
    }

    /// How many are held.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.held.lock().places.len()
    }
}

impl<K: Hash + Eq> Held<K> {
    /// Takes the oldest place away that `is_it`.
    fn lose(&mut self, is_it: impl Fn(&(K, CancellationToken), &HashMap<K, usize>) -> bool) {
        let found = self.places.iter().find(|(_, place)| is_it(place, &self.counts));
        if let Some(number) = found.map(|(number, _)| *number) {
            self.end(number);
        }
    }

    fn end(&mut self, number: u64) {
        let Some((who, lost)) = self.places.remove(&number) else { return };
        lost.cancel();
        if let Some(count) = self.counts.get_mut(&who) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&who);
            }
        }
    }
}

impl<K: Hash + Eq> Place<K> {
    /// Waits until another holder has this place.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl<K: Hash + Eq> Drop for Place<K> {
    fn drop(&mut self) {
        self.held.lock().end(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets these come one after the other, while none goes; returns the holders at the end, oldest first.
    fn crowd(of_one: usize, all: usize, come: &str) -> String {
        let places = Places::new(of_one, all);
        let held: Vec<_> = come.chars().map(|who| (who, places.enter(who))).collect();
        let there = held.iter().filter(|(_, place)| !place.lost.is_cancelled());
        let there: String = there.map(|(who, _)| *who).collect();
        assert_eq!(places.taken(), there.len());
        drop(held);
        assert!(places.taken() == 0 && places.held.lock().counts.is_empty(), "something is kept for ever");
        there
    }

    #[test]
    fn whoever_comes_gets_a_place_and_whoever_has_most_makes_way() {
        for (of_one, all, come, there) in [
            (2, 9, "aaaa", "aa"),
            (2, 9, "aabaa", "baa"),
            (9, 4, "aaaab", "aaab"),
            (9, 4, "aaaabcd", "abcd"),
            (9, 4, "abcde", "bcde"),
            (9, 4, "bcaaaaaaaaa", "bcaa"),
            (0, 0, "ab", "b"),
        ] {
            assert_eq!(crowd(of_one, all, come), there, "{come} for {of_one} of {all}");
        }
    }

    #[tokio::test]
    async fn who_loses_a_place_is_told_and_a_place_that_was_lost_is_given_back_once() {
        let places = Places::new(1, 1);
        let first = places.enter('a');
        let second = places.enter('b');
        first.lost().await;
        drop(first);
        assert_eq!(places.taken(), 1);
        drop(second);
        assert_eq!(places.taken(), 0);
    }
}
