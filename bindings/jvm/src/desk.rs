//! Everything Java holds a number for: connections and the calls made over them.
//!
//! Numbers are never given out twice, so an old one can only be refused, not misread. Each call has its own lock; the
//! table's lock is held for a look-up only.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use emberflow_connect::rpc::{Call, Metadata, Method, Rpc, Status};
use parking_lot::Mutex;

use crate::border::{BorderError, Result};
use crate::call::{LiveCall, Next, Sending};
use crate::wakes::Wakes;

/// The process's desk.
pub fn desk() -> &'static Desk {
    static DESK: LazyLock<Desk> = LazyLock::new(Desk::default);
    &DESK
}

/// Connections and calls by number.
#[derive(Default)]
pub struct Desk {
    last_number: AtomicU64,
    connections: Mutex<HashMap<u64, Arc<dyn Rpc>>>,
    calls: Mutex<HashMap<u64, Entry>>,
    wakes: Arc<Wakes>,
}

#[derive(Clone)]
struct Entry {
    connection: u64,
    call: Arc<Mutex<LiveCall>>,
}

impl Desk {
    /// A new connection to whoever answers.
    pub fn open(&self, answering: Arc<dyn Rpc>) -> u64 {
        let number = self.new_number();
        self.connections.lock().insert(number, answering);
        number
    }

    /// Closes a connection; its calls end as unavailable. Closing twice does nothing.
    pub fn close(&self, connection: u64) {
        self.connections.lock().remove(&connection);
        let orphans: Vec<Entry> = self.calls.lock().values().filter(|entry| entry.connection == connection).cloned().collect();
        for orphan in orphans {
            orphan.call.lock().disconnect();
        }
    }

    /// Starts a call of the gRPC method `name`.
    pub fn start(&self, connection: u64, name: &str, metadata: Metadata) -> Result<u64> {
        let Some(answering) = self.connections.lock().get(&connection).cloned() else {
            return Err(BorderError::Closed(format!("connection {connection}")));
        };
        let call = Method::named(name).map_or_else(|| unimplemented_call(name), |method| answering.start(method, metadata));
        let number = self.new_number();
        let call = LiveCall::new(call, self.wakes.waker_for(number));
        self.calls.lock().insert(number, Entry { connection, call: Arc::new(Mutex::new(call)) });
        Ok(number)
    }

    pub fn send(&self, call: u64, message: Bytes) -> Result<Sending> {
        self.with_call(call, |call| call.send(message))
    }

    pub fn half_close(&self, call: u64) -> Result<()> {
        self.with_call(call, LiveCall::half_close)
    }

    pub fn flush(&self, call: u64) -> Result<Sending> {
        self.with_call(call, LiveCall::flush)
    }

    pub fn next(&self, call: u64) -> Result<Next> {
        self.with_call(call, LiveCall::next)
    }

    /// The answer that [`Desk::next`] announced; cheap, the bytes are shared.
    pub fn held(&self, call: u64) -> Result<Bytes> {
        self.with_call(call, |call| call.held().cloned())?
            .ok_or_else(|| BorderError::Misused(format!("call {call} holds no answer to read")))
    }

    pub fn taken(&self, call: u64) -> Result<()> {
        self.with_call(call, LiveCall::taken)
    }

    pub fn failure(&self, call: u64) -> Result<Option<Status>> {
        self.with_call(call, |call| call.failure().cloned())
    }

    /// Forgets a call; one still under way is cancelled. Doing so twice does nothing.
    pub fn cancel(&self, call: u64) {
        let forgotten = self.calls.lock().remove(&call);
        drop(forgotten); // after the lock was released: the service may look at its end of the call while it goes
    }

    /// Waits for calls that have something new; see [`Wakes::wait`].
    pub fn await_wakes(&self, into: &mut [i64]) -> usize {
        self.wakes.wait(into)
    }

    fn with_call<T>(&self, number: u64, act: impl FnOnce(&mut LiveCall) -> T) -> Result<T> {
        let entry = self.calls.lock().get(&number).cloned();
        let entry = entry.ok_or_else(|| BorderError::Closed(format!("call {number}")))?;
        let mut call = entry.call.lock();
        Ok(act(&mut call))
    }

    fn new_number(&self) -> u64 {
        self.last_number.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A call that has already ended: a newer client may ask for methods of a newer Spark.
fn unimplemented_call(name: &str) -> Call {
    const UNIMPLEMENTED: i32 = 12;
    let (call, peer) = Call::pair();
    let message = format!("Emberflow has no method `{name}`");
    let told = peer.responses.try_send(Err(Status { code: UNIMPLEMENTED, message, details: Bytes::new() }));
    debug_assert!(told.is_ok(), "a new call has room for its status");
    call
}

#[cfg(test)]
mod tests {
    use emberflow_connect::rpc::Peer;

    use super::*;

    /// Hands the service's end of each call to the test.
    #[derive(Default)]
    struct Canned {
        peers: Mutex<Vec<(Method, Metadata, Peer)>>,
    }

    impl Rpc for Canned {
        fn start(&self, method: Method, metadata: Metadata) -> Call {
            let (call, peer) = Call::pair();
            self.peers.lock().push((method, metadata, peer));
            call
        }
    }

    fn connected() -> (Desk, Arc<Canned>, u64) {
        let (desk, canned) = (Desk::default(), Arc::new(Canned::default()));
        let connection = desk.open(canned.clone());
        (desk, canned, connection)
    }

    fn message_of(error: BorderError) -> String {
        format!("{error:?}")
    }

    #[test]
    fn method_and_headers_arrive() {
        let (desk, canned, connection) = connected();
        let headers = vec![("x-a".to_string(), "1".to_string())];
        desk.start(connection, "spark.connect.SparkConnectService/Config", headers.clone()).unwrap();
        let (method, metadata, _) = canned.peers.lock().pop().unwrap();
        assert_eq!((method, metadata), (Method::Config, headers));
    }

    #[test]
    fn an_unknown_method_is_unimplemented_and_named() {
        let (desk, canned, connection) = connected();
        let call = desk.start(connection, "other.Service/Config", Vec::new()).unwrap();
        assert_eq!(desk.next(call).unwrap(), Next::Ended(12));
        assert!(desk.failure(call).unwrap().unwrap().message.contains("other.Service/Config"));
        assert!(canned.peers.lock().is_empty());
    }

    #[test]
    fn closing_twice_is_safe_and_use_after_close_is_refused_by_name() {
        let (desk, _, connection) = connected();
        let call = desk.start(connection, "Config", Vec::new()).unwrap();
        desk.cancel(call);
        desk.cancel(call);
        assert!(message_of(desk.next(call).unwrap_err()).contains(&format!("call {call}")));
        desk.close(connection);
        desk.close(connection);
        let error = desk.start(connection, "Config", Vec::new()).unwrap_err();
        assert!(message_of(error).contains(&format!("connection {connection}")));
    }

    #[test]
    fn cancelling_tells_the_service() {
        let (desk, canned, connection) = connected();
        let call = desk.start(connection, "ExecutePlan", Vec::new()).unwrap();
        let (_, _, peer) = canned.peers.lock().pop().unwrap();
        desk.cancel(call);
        assert!(peer.responses.is_closed());
    }

    #[test]
    fn closing_a_connection_ends_its_calls_and_no_others() {
        let (desk, canned, connection) = connected();
        let other = desk.open(canned.clone());
        let ours = desk.start(connection, "ExecutePlan", Vec::new()).unwrap();
        let theirs = desk.start(other, "ExecutePlan", Vec::new()).unwrap();
        desk.close(connection);
        assert_eq!(desk.next(ours).unwrap(), Next::Ended(14));
        assert_eq!(desk.next(theirs).unwrap(), Next::NotYet);
    }

    #[test]
    fn reading_what_is_not_there_is_refused() {
        let (desk, _, connection) = connected();
        let call = desk.start(connection, "Config", Vec::new()).unwrap();
        assert!(matches!(desk.held(call), Err(BorderError::Misused(_))));
    }
}
