//! One call under way: an outbox towards the service, one answer held until Java has read it.
//!
//!     Java ──send──► outbox ──► [ channel ] ──► service
//!     Java ◄──read── held    ◄── [ channel ] ◄── service
//!
//! At most one answer is taken out of the channel ahead of Java; the rest stays there, where it stops the producer. A
//! poll that finds nothing leaves a waker behind, so each `NotYet` and each `Sending::Full` is followed by a wake.
//!
//! Not here: who may call when (`desk` looks calls up, Java serialises its callbacks).

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use emberflow_connect::rpc::{Call, Status};
use tokio::sync::mpsc::error::{SendError, TrySendError};
use tokio::sync::mpsc::{OwnedPermit, Receiver, Sender};

/// gRPC's codes that are made here rather than by the service.
const OK: i32 = 0;
const UNAVAILABLE: i32 = 14;

/// What a look for the next answer found.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// An answer of so many bytes is held; it stays until [`LiveCall::taken`].
    Message(usize),
    /// Nothing now; a wake will follow.
    NotYet,
    /// The call is over, with this gRPC code.
    Ended(i32),
}

/// Whether more can be sent without piling up.
#[derive(Debug, PartialEq, Eq)]
pub enum Sending {
    Ready,
    /// The service has not yet taken what was sent; a wake will follow.
    Full,
}

type Reserving = Pin<Box<dyn Future<Output = Result<OwnedPermit<Bytes>, SendError<()>>> + Send>>;

/// A call, seen from Java.
pub struct LiveCall {
    waker: Waker,
    outbox: VecDeque<Bytes>,
    requests: Option<Sender<Bytes>>,
    reserving: Option<Reserving>,
    half_closed: bool,
    responses: Option<Receiver<Result<Bytes, Status>>>,
    held: Option<Bytes>,
    end: Option<Status>,
}

impl LiveCall {
    pub fn new(call: Call, waker: Waker) -> Self {
        let (requests, responses) = call.split();
        Self {
            waker,
            outbox: VecDeque::new(),
            requests: Some(requests),
            reserving: None,
            half_closed: false,
            responses: Some(responses),
            held: None,
            end: None,
        }
    }

    /// Sends one request message, now or when there is room. After a half-close or an end it is dropped, as gRPC does
    /// with messages for a call that is over.
    pub fn send(&mut self, message: Bytes) -> Sending {
        if !self.half_closed && self.requests.is_some() {
            self.outbox.push_back(message);
        }
        self.flush()
    }

    /// No more requests will come.
    pub fn half_close(&mut self) {
        self.half_closed = true;
        self.flush();
    }

    /// Moves the outbox on as far as the service lets it.
    pub fn flush(&mut self) -> Sending {
        while let Some(message) = self.outbox.pop_front() {
            if let Some(message) = self.pass_on(message) {
                self.outbox.push_front(message);
                return Sending::Full;
            }
        }
        if self.half_closed {
            self.requests = None;
        }
        Sending::Ready
    }

    /// Looks for the next answer, or the end.
    pub fn next(&mut self) -> Next {
        if let Some(held) = &self.held {
            return Next::Message(held.len());
        }
        let Some(responses) = &mut self.responses else {
            return Next::Ended(self.end.as_ref().map_or(OK, |end| end.code));
        };
        match responses.poll_recv(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => return Next::NotYet,
            Poll::Ready(Some(Ok(message))) => self.held = Some(message),
            Poll::Ready(Some(Err(status))) => self.finish(Some(status)),
            Poll::Ready(None) => self.finish(None),
        }
        self.next()
    }

    /// The answer found by [`LiveCall::next`].
    pub fn held(&self) -> Option<&Bytes> {
        self.held.as_ref()
    }

    /// Java has read the held answer.
    pub fn taken(&mut self) {
        self.held = None;
    }

    /// How the call failed, once it has.
    pub fn failure(&self) -> Option<&Status> {
        self.end.as_ref()
    }

    /// Ends the call from outside: its connection was closed.
    pub fn disconnect(&mut self) {
        if self.responses.is_some() {
            let message = "the channel to Emberflow was shut down".to_string();
            self.held = None;
            self.finish(Some(Status { code: UNAVAILABLE, message, details: Bytes::new() }));
            self.waker.wake_by_ref();
        }
    }

    /// Hands one message to the channel; gives it back if there is no room.
    fn pass_on(&mut self, message: Bytes) -> Option<Bytes> {
        let requests = self.requests.as_ref()?;
        if self.reserving.is_none() {
            match requests.try_send(message) {
                // A service that stopped reading will say in its status what was wrong.
                Ok(()) | Err(TrySendError::Closed(_)) => return None,
                Err(TrySendError::Full(message)) => {
                    self.reserving = Some(Box::pin(requests.clone().reserve_owned()));
                    return self.pass_on_when_reserved(message);
                }
            }
        }
        self.pass_on_when_reserved(message)
    }

    fn pass_on_when_reserved(&mut self, message: Bytes) -> Option<Bytes> {
        let reserving = self.reserving.as_mut()?;
        match reserving.as_mut().poll(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => return Some(message),
            Poll::Ready(Ok(permit)) => drop(permit.send(message)),
            Poll::Ready(Err(_closed)) => {}
        }
        self.reserving = None;
        None
    }

    fn finish(&mut self, end: Option<Status>) {
        self.end = end;
        self.responses = None;
        self.requests = None;
        self.reserving = None;
        self.outbox.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use emberflow_connect::rpc::{Peer, RESPONSES_BUFFERED_MAX};

    use super::*;
    use crate::wakes::Wakes;

    fn new_call() -> (LiveCall, Peer, Arc<Wakes>) {
        let wakes = Arc::new(Wakes::default());
        let (call, peer) = Call::pair();
        (LiveCall::new(call, wakes.waker_for(1)), peer, wakes)
    }

    fn text(bytes: &'static str) -> Bytes {
        Bytes::from_static(bytes.as_bytes())
    }

    #[test]
    fn an_answer_is_held_until_it_is_taken() {
        let (mut call, peer, _) = new_call();
        peer.responses.try_send(Ok(text("abc"))).unwrap();
        assert_eq!(call.next(), Next::Message(3));
        assert_eq!(call.next(), Next::Message(3));
        assert_eq!(call.held().unwrap(), "abc");
        call.taken();
        assert_eq!(call.next(), Next::NotYet);
    }

    #[test]
    fn nothing_yet_is_followed_by_a_wake() {
        let (mut call, peer, wakes) = new_call();
        assert_eq!(call.next(), Next::NotYet);
        peer.responses.try_send(Ok(text("x"))).unwrap();
        assert_eq!(wakes.wait(&mut [0; 2]), 1);
        assert_eq!(call.next(), Next::Message(1));
    }

    #[test]
    fn the_producer_is_stopped_by_a_reader_who_does_not_read() {
        let (mut call, peer, _) = new_call();
        let mut sent = 0;
        loop {
            call.next();
            if peer.responses.try_send(Ok(text("x"))).is_err() {
                break;
            }
            sent += 1;
        }
        assert_eq!(sent, RESPONSES_BUFFERED_MAX + 1, "the channel's room and the one answer held");
    }

    #[test]
    fn a_plain_end_is_ok_and_stays() {
        let (mut call, peer, _) = new_call();
        drop(peer);
        assert_eq!(call.next(), Next::Ended(OK));
        assert_eq!(call.next(), Next::Ended(OK));
        assert!(call.failure().is_none());
    }

    #[test]
    fn a_failure_comes_after_the_answers_before_it() {
        let (mut call, peer, _) = new_call();
        let status = Status { code: 13, message: "no".to_string(), details: text("details") };
        peer.responses.try_send(Ok(text("x"))).unwrap();
        peer.responses.try_send(Err(status.clone())).unwrap();
        assert_eq!(call.next(), Next::Message(1));
        call.taken();
        assert_eq!(call.next(), Next::Ended(13));
        assert_eq!(call.failure(), Some(&status));
    }

    #[test]
    fn requests_wait_for_room_and_keep_their_order() {
        let (mut call, mut peer, wakes) = new_call();
        let many = RESPONSES_BUFFERED_MAX + 3;
        for number in 0..many {
            let expected = if number < RESPONSES_BUFFERED_MAX { Sending::Ready } else { Sending::Full };
            assert_eq!(call.send(Bytes::from(vec![number as u8])), expected, "message {number}");
        }
        call.half_close();
        for number in 0..many {
            assert_eq!(peer.requests.try_recv().unwrap(), vec![number as u8]);
            call.flush();
        }
        assert!(wakes.wait(&mut [0; 2]) == 1, "room was announced");
        assert!(peer.requests.try_recv().is_err());
        assert!(peer.requests.is_closed(), "the half-close arrived");
    }

    #[test]
    fn a_service_that_stopped_reading_does_not_hold_up_the_sender() {
        let (mut call, mut peer, _) = new_call();
        for _ in 0..10 {
            call.send(text("x"));
        }
        peer.requests.close();
        while peer.requests.try_recv().is_ok() {}
        assert_eq!(call.flush(), Sending::Ready);
    }

    #[test]
    fn disconnecting_ends_the_call_and_wakes_its_reader() {
        let (mut call, peer, wakes) = new_call();
        assert_eq!(call.next(), Next::NotYet);
        call.disconnect();
        assert_eq!(wakes.wait(&mut [0; 2]), 1);
        assert_eq!(call.next(), Next::Ended(UNAVAILABLE));
        assert!(peer.responses.is_closed(), "the service can see it");
    }

    #[test]
    fn dropping_the_call_cancels_it() {
        let (call, peer, _) = new_call();
        drop(call);
        assert!(peer.responses.is_closed());
    }
}
