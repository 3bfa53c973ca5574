//! Waiting for something asynchronous on a thread that knows no runtime, for a while and no longer.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls until there is an answer or `patience` is over.
pub(crate) fn wait_for<R>(patience: Duration, mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> Option<R> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    let begun = Instant::now();
    loop {
        if let Poll::Ready(result) = poll(&mut cx) {
            return Some(result);
        }
        let left = patience.checked_sub(begun.elapsed()).filter(|left| !left.is_zero())?;
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_up_when_patience_ends_and_wakes_when_told() {
        assert_eq!(wait_for(Duration::from_millis(5), |_| Poll::<()>::Pending), None);
        let (sender, mut receiver) = futures::channel::oneshot::channel();
        let thread = std::thread::spawn(move || sender.send(7));
        let got = wait_for(Duration::from_secs(10), |cx| std::future::Future::poll(std::pin::Pin::new(&mut receiver), cx));
        assert_eq!(got, Some(Ok(7)));
        thread.join().unwrap().unwrap();
    }
}
