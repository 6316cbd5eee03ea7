//! Rows for a program that runs scoopi as a library, and the channel that they take.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Rows for a program that runs scoopi as a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The list they are for.
    pub list: String,
    /// How many rows.
    pub count: u32,
    /// The rows as their encoder wrote them.
    pub bytes: Vec<u8>,
}

impl Delivery {
    /// The rows line by line, without line ends. With `jsonLines` every line is a row; csv has values with
    /// line breaks in them as they are.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        // An empty slice would be one empty line.
        text.split(|byte| *byte == b'\n').filter(|_| !self.bytes.is_empty())
    }
}

/// Rows on their way to the program that runs scoopi as a library, of all lists in the order of the log. Only the writer
/// of the log, or the thread that reads it back, uses it: the lock is never contended.
#[derive(Debug, Clone)]
pub struct Deliveries(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    sender: mpsc::Sender<Delivery>,
    held: VecDeque<Delivery>,
}

impl Deliveries {
    /// Rows for the receiver of this channel.
    #[must_use]
    pub fn new(sender: mpsc::Sender<Delivery>) -> Self {
        Self(Arc::new(Mutex::new(Held { sender, held: VecDeque::new() })))
    }

    pub(super) fn push(&self, delivery: Delivery) {
        self.0.lock().held.push_back(delivery);
        self.hand_over();
    }

    /// Hands over what is held, waiting for the receiver. Only the writer of the log waits: a thread of the runtime
    /// reads a resumed run, and it must not wait, and there is no receiver yet. What is held then is what the log has
    /// since its last snapshot.
    pub(super) fn hand_over(&self) {
        if Handle::try_current().is_ok() {
            return;
        }
        let mut guard = self.0.lock();
        let Held { sender, held } = &mut *guard;
        for delivery in held.drain(..) {
            // Without a receiver the rows stand in the log all the same.
            let _gone = sender.blocking_send(delivery);
        }
    }
}
