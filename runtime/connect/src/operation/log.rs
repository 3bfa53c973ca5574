//! What an operation has said and its reader may still ask for again.
//!
//!            released │ sent, kept for replay │ not yet sent
//!     ────────────────┼───────────────────────┼──────────────────► index
//!                   first                    sent               next
//!
//! Keeps the order, counts bytes on both sides of `sent`: the left side is trimmed to [`Limits::replay_bytes_max`], the
//! right side is what pauses the producer. A response's id holds its index, so nothing has to be remembered about
//! responses that are gone.
//!
//! Not here: time, waiting, streams (`attach`, `run`). Begin at [`Log::push`].

use std::collections::VecDeque;

use bytes::Bytes;
use emberflow_base::Error;

/// How much a log may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes kept after they were sent.
    pub replay_bytes_max: usize,
    /// Bytes waiting to be sent, above which the producer pauses.
    pub waiting_bytes_max: usize,
}

/// How an operation ended.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Complete,
    Failed(Error),
}

/// What a reader finds at its position.
#[derive(Debug)]
pub(crate) enum Next {
    Response(Bytes),
    /// Nothing yet.
    Wait,
    End(End),
    /// Released, or trimmed: it cannot be read again.
    Gone,
}

#[derive(Debug)]
pub(crate) struct Log {
    limits: Limits,
    salt: u64,
    responses: VecDeque<Bytes>,
    first: u64,
    sent: u64,
    replay_bytes: usize,
    waiting_bytes: usize,
    end: Option<End>,
}

impl Log {
    /// `salt` makes the ids of different operations different.
    pub(crate) fn new(salt: u64, limits: Limits) -> Self {
        Self { limits, salt, responses: VecDeque::new(), first: 0, sent: 0, replay_bytes: 0, waiting_bytes: 0, end: None }
    }

    /// Whether the producer may go on. One response is always allowed, however large.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting_bytes < self.limits.waiting_bytes_max
    }

    /// The id the next response will have.
    pub(crate) fn next_id(&self) -> String {
        uuid::Uuid::from_u64_pair(self.salt, self.next()).to_string()
    }

    /// Appends a response; after the end nothing is appended.
    pub(crate) fn push(&mut self, response: Bytes) {
        if self.end.is_none() {
            self.waiting_bytes += response.len();
            self.responses.push_back(response);
        }
    }

    /// The first end stands.
    pub(crate) fn finish(&mut self, end: End) {
        self.end.get_or_insert(end);
    }

    pub(crate) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// What stands at `index`.
    pub(crate) fn at(&self, index: u64) -> Next {
        if index < self.first {
            return Next::Gone;
        }
        match (self.responses.get((index - self.first) as usize), &self.end) {
            (Some(response), _) => Next::Response(response.clone()),
            (None, Some(end)) => Next::End(end.clone()),
            (None, None) => Next::Wait,
        }
    }

    /// The response at `index` went out: it no longer holds back the producer, and old ones give way.
    pub(crate) fn mark_sent(&mut self, index: u64) {
        while self.sent <= index && self.sent < self.next() {
            let bytes = self.responses[(self.sent - self.first) as usize].len();
            self.waiting_bytes -= bytes;
            self.replay_bytes += bytes;
            self.sent += 1;
        }
        while self.replay_bytes > self.limits.replay_bytes_max && self.first < self.sent {
            self.forget_first();
        }
    }

    /// The client has everything up to and including this response.
    pub(crate) fn release_until(&mut self, response_id: &str) -> Result<(), Error> {
        let index = self.index_of(response_id)?;
        while self.first <= index {
            self.forget_first();
        }
        Ok(())
    }

    /// Where to go on after the response called `response_id`.
    pub(crate) fn position_after(&self, response_id: &str) -> Result<u64, Error> {
        let index = self.index_of(response_id)?;
        self.checked_position(index + 1, response_id)
    }

    /// Where a reader starts that has seen nothing.
    pub(crate) fn start(&self) -> Result<u64, Error> {
        self.checked_position(0, "")
    }

    fn checked_position(&self, index: u64, response_id: &str) -> Result<u64, Error> {
        if index >= self.first {
            return Ok(index);
        }
        let gone = Error::new("INVALID_CURSOR.POSITION_NOT_AVAILABLE");
        Err(gone.with("responseId", response_id).with("index", index.to_string()))
    }

    fn index_of(&self, response_id: &str) -> Result<u64, Error> {
        let known = uuid::Uuid::parse_str(response_id).ok().map(|id| id.as_u64_pair());
        match known {
            Some((salt, index)) if salt == self.salt && index < self.next() => Ok(index),
            _ => Err(Error::new("INVALID_CURSOR.POSITION_NOT_FOUND").with("responseId", response_id)),
        }
    }

    fn forget_first(&mut self) {
        let Some(response) = self.responses.pop_front() else { return };
        if self.first < self.sent {
            self.replay_bytes -= response.len();
        } else {
            self.waiting_bytes -= response.len();
            self.sent += 1;
        }
        self.first += 1;
    }

    fn next(&self) -> u64 {
        self.first + self.responses.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { replay_bytes_max: 25, waiting_bytes_max: 20 };

    fn filled(count: u8) -> (Log, Vec<String>) {
        let mut log = Log::new(7, LIMITS);
        let ids = (0..count).map(|byte| {
            let id = log.next_id();
            log.push(Bytes::from(vec![byte; 10]));
            id
        });
        let ids = ids.collect();
        (log, ids)
    }

    fn read(log: &Log, index: u64) -> Option<u8> {
        match log.at(index) {
            Next::Response(bytes) => Some(bytes[0]),
            _ => None,
        }
    }

    #[test]
    fn responses_wait_until_sent_and_then_stay_for_a_while() {
        let (mut log, _) = filled(1);
        assert!(log.has_room());
        log.push(Bytes::from(vec![1; 10]));
        assert!(!log.has_room(), "twenty bytes wait");
        log.mark_sent(0);
        assert!(log.has_room());
        assert_eq!((read(&log, 0), read(&log, 1)), (Some(0), Some(1)));
    }

    #[test]
    fn what_was_sent_is_trimmed_to_the_bound() {
        let (mut log, ids) = filled(5);
        log.mark_sent(4);
        assert!(matches!(log.at(0), Next::Gone));
        assert!(matches!(log.at(2), Next::Gone));
        assert_eq!(read(&log, 3), Some(3));
        assert_eq!(log.position_after(&ids[2]).unwrap(), 3);
        assert_eq!(log.position_after(&ids[1]).unwrap_err().condition(), "INVALID_CURSOR.POSITION_NOT_AVAILABLE");
        assert_eq!(log.start().unwrap_err().condition(), "INVALID_CURSOR.POSITION_NOT_AVAILABLE");
    }

    #[test]
    fn release_forgets_up_to_and_including() {
        let (mut log, ids) = filled(2);
        log.release_until(&ids[0]).unwrap();
        assert!(matches!(log.at(0), Next::Gone));
        assert_eq!(read(&log, 1), Some(1));
        assert!(log.has_room(), "a released response no longer waits");
        log.release_until(&ids[0]).unwrap();
        assert_eq!(log.position_after(&ids[0]).unwrap(), 1);
        log.mark_sent(1);
        assert_eq!(read(&log, 1), Some(1));
    }

    #[test]
    fn foreign_ids_are_not_found() {
        let (mut log, _) = filled(1);
        let (other, _) = (Log::new(8, LIMITS), ());
        let not_yet = log.next_id();
        for id in ["nonsense", &other.next_id(), &not_yet] {
            assert_eq!(log.position_after(id).unwrap_err().condition(), "INVALID_CURSOR.POSITION_NOT_FOUND");
            assert!(log.release_until(id).is_err());
        }
    }

    #[test]
    fn the_first_end_stands_and_nothing_follows() {
        let (mut log, _) = filled(1);
        assert!(matches!(log.at(1), Next::Wait));
        log.finish(End::Failed(Error::new("OPERATION_CANCELED")));
        log.finish(End::Complete);
        log.push(Bytes::from_static(b"late"));
        assert_eq!(read(&log, 0), Some(0));
        assert!(matches!(log.at(1), Next::End(End::Failed(_))));
    }
}
