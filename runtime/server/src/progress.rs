//! A progress bar on standard error, when a terminal watches and a query takes its time.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use emberflow::Watch;
use indicatif::{ProgressBar, ProgressStyle};

/// Before that, nothing is shown.
const PATIENCE: Duration = Duration::from_millis(700);
const REFRESH: Duration = Duration::from_millis(150);

/// Runs `work` while showing how far `watch` says it is.
pub async fn shown<T>(watch: Arc<dyn Watch>, work: impl Future<Output = T>) -> T {
    if !std::io::stderr().is_terminal() {
        return work.await;
    }
    let shown = Cleared(ProgressBar::hidden());
    let bar = &shown.0;
    let ticking = async {
        tokio::time::sleep(PATIENCE).await;
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("[{bar:40}] {pos}/{len} tasks {msg} {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        loop {
            let progress = watch.progress();
            let tasks: i64 = progress.stages.iter().map(|stage| stage.tasks).sum();
            let done: i64 = progress.stages.iter().map(|stage| stage.tasks_completed).sum();
            let bytes: i64 = progress.stages.iter().map(|stage| stage.input_bytes_read).sum();
            bar.set_length(tasks.max(0) as u64);
            bar.set_position(done.max(0) as u64);
            bar.set_message(format!("{} read", indicatif::HumanBytes(bytes.max(0) as u64)));
            tokio::time::sleep(REFRESH).await;
        }
    };
    tokio::select! {
        result = work => result,
        () = ticking => unreachable_end().await,
    }
}

/// A bar that leaves no line behind, also when its query is cancelled.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The ticking never ends by itself.
async fn unreachable_end<T>() -> T {
    std::future::pending().await
}
