//! Asking the node to stop, and hearing it.

use tokio::sync::watch;

/// The asking side. Dropping the last one asks too, so a panic upstairs cannot leave orphans.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Sender<bool>);

/// The hearing side; clone it into every loop.
#[derive(Debug, Clone)]
pub struct CancelLatch(watch::Receiver<bool>);

impl Shutdown {
    /// A pair: keep the first, hand out clones of the second.
    pub fn new() -> (Self, CancelLatch) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), CancelLatch(receiver))
    }

    /// Asks. Asking twice is asking once.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl CancelLatch {
    /// Whether someone asked.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until someone asks.
    pub async fn cancelled(&mut self) {
        // An error means the asking side is gone, which is asking.
        let _asked_or_gone = self.0.wait_for(|asked| *asked).await.is_ok();
    }
}

#[cfg(test)]
mod tests {
    use super::Shutdown;

    #[tokio::test]
    async fn a_latch_opens_for_those_who_came_before_and_after() {
        let (shutdown, mut before) = Shutdown::new();
        shutdown.cancel();
        let mut after = before.clone();
        before.cancelled().await;
        after.cancelled().await;
        assert!(after.is_cancelled());
    }

    #[tokio::test]
    async fn losing_the_asking_side_opens_the_latch() {
        let (shutdown, mut latch) = Shutdown::new();
        drop(shutdown);
        latch.cancelled().await;
    }
}
