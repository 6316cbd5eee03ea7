//! What those who talk to this node may make it hold: conversations, and bytes of frames that are on their way or being
//! answered.
//!
//! Members wait for their turn. A peer that has the key but is not a member asks short questions; this node refuses
//! more, so that it holds only a few MiB for all such peers, however many there are and whatever they begin and do not
//! end.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use tokio::io::AsyncRead;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::model::NodeId;

use super::caller::Purpose;
use super::frame;
use super::places::{Place, Places};

/// Conversations that one peer which is not a member may have, and all such peers together.
const CONVERSATIONS: (usize, usize) = (8, 128);

/// Bytes after which such a conversation has to start over: yamux lets a peer have the more in flight the more is taken
/// from it.
const TALKED: usize = 2 << 20;

/// Largest frame of a peer that is not a member.
const QUESTION: usize = 1 << 20;

/// Bytes of frames, in KiB.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Up to this size they are not counted: the number of conversations is enough of a limit.
    free: usize,
    /// From one node.
    of_one: usize,
    /// From all of a kind.
    all: usize,
}

/// One node may be sending the largest frame that there is.
const MEMBERS: Limits = Limits { free: 64, of_one: 96 << 10, all: 256 << 10 };

/// Two of the largest.
const OTHERS: Limits = Limits { free: 16, of_one: 2 << 10, all: 8 << 10 };

/// Limits for what peers make this node hold.
#[derive(Debug)]
pub(crate) struct Visitors {
    conversations: Places<NodeId>,
    members: Class,
    others: Class,
}

impl Default for Visitors {
    fn default() -> Self {
        let (of_one, all) = CONVERSATIONS;
        Self {
            conversations: Places::new(of_one, all),
            members: Class::new(MEMBERS),
            others: Class::new(OTHERS),
        }
    }
}

impl Visitors {
    /// Returns a place for a conversation of a node that is not a member.
    pub(crate) fn enter(&self, from: NodeId) -> Place<NodeId> {
        self.conversations.enter(from)
    }

    /// KiB that are held for frames of members, and of others.
    #[cfg(test)]
    pub(crate) fn held(&self) -> [usize; 2] {
        [&self.members, &self.others].map(|class| class.limits.all - class.all.available_permits())
    }
}

/// Members, or others.
#[derive(Debug)]
struct Class {
    limits: Limits,
    all: Arc<Semaphore>,
    each: Mutex<HashMap<NodeId, Arc<Semaphore>>>,
}

/// Bytes that are counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _of_one_and_all: Option<[OwnedSemaphorePermit; 2]>,
}

impl Class {
    fn new(limits: Limits) -> Self {
        Self { limits, all: Arc::new(Semaphore::new(limits.all)), each: Mutex::default() }
    }

    fn of(&self, from: NodeId) -> Arc<Semaphore> {
        let mut each = self.each.lock();
        if !each.contains_key(&from) {
            // Each holder keeps a reference to its count.
            each.retain(|_, count| Arc::strong_count(count) > 1);
        }
        Arc::clone(each.entry(from).or_insert_with(|| Arc::new(Semaphore::new(self.limits.of_one))))
    }

    /// How many KiB of a frame are counted.
    fn counted(&self, length: usize) -> Option<u32> {
        let size = length.div_ceil(1024);
        (size > self.limits.free).then(|| u32::try_from(size.min(self.limits.of_one)).unwrap_or(u32::MAX))
    }

    /// Waits until there is room: first among the peer's own bytes, so that a waiting peer does not keep others out.
    async fn wait(&self, from: NodeId, length: usize) -> io::Result<Held> {
        let Some(size) = self.counted(length) else { return Ok(Held { _of_one_and_all: None }) };
        let closed = |_| io::Error::from(io::ErrorKind::NotConnected);
        let own = self.of(from).acquire_many_owned(size).await.map_err(closed)?;
        let all = Arc::clone(&self.all).acquire_many_owned(size).await.map_err(closed)?;
        Ok(Held { _of_one_and_all: Some([own, all]) })
    }

    /// The same for those who are refused where there is none.
    fn take(&self, from: NodeId, length: usize) -> io::Result<Held> {
        let Some(size) = self.counted(length) else { return Ok(Held { _of_one_and_all: None }) };
        let full = |_: TryAcquireError| {
            let why = "too many bytes of questions that were begun and not ended";
            io::Error::new(io::ErrorKind::QuotaExceeded, why)
        };
        let own = self.of(from).try_acquire_many_owned(size).map_err(full)?;
        let all = Arc::clone(&self.all).try_acquire_many_owned(size).map_err(full)?;
        Ok(Held { _of_one_and_all: Some([own, all]) })
    }
}

/// Takes the frames of one conversation.
pub(crate) struct Intake {
    visitors: Arc<Visitors>,
    from: NodeId,
    purpose: Purpose,
    is_known: Box<dyn Fn() -> bool + Send + Sync>,
    /// Bytes that it has said without being known.
    heard: AtomicUsize,
}

impl Intake {
    /// For frames of `from`, which is a member or another one that may send as much whenever it `is_known`.
    pub(crate) fn new(
        visitors: Arc<Visitors>,
        from: NodeId,
        purpose: Purpose,
        is_known: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { visitors, from, purpose, is_known: Box::new(is_known), heard: AtomicUsize::new(0) }
    }

    /// The next value, and what it counts while it is in use.
    ///
    /// # Errors
    /// Those of [`frame::read`], also if the conversation has to start over, and [`io::ErrorKind::QuotaExceeded`].
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<(T, Held)> {
        let length = frame::read_length(stream).await?;
        // Asked for every frame: a peer that was not a member may have become one.
        let held = if (self.is_known)() {
            let limit = self.purpose.limit();
            if length > limit {
                return Err(frame::too_long(length, limit));
            }
            self.visitors.members.wait(self.from, length).await?
        } else {
            let limit = self.purpose.limit().min(QUESTION);
            if length > limit {
                return Err(frame::too_long(length, limit));
            }
            if self.heard.fetch_add(length, Ordering::Relaxed) > TALKED {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.visitors.others.take(self.from, length)?
        };
        Ok((frame::read_body(stream, length).await?, held))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::task::JoinSet;

    use super::*;

    const MIB: usize = 1 << 20;

    /// Begins a frame of each length and does not end it; gives how many were not refused at once, and what is held.
    async fn begun(is_known: bool, lengths: impl Iterator<Item = (u64, usize)>) -> (usize, [usize; 2]) {
        let visitors = Arc::<Visitors>::default();
        let (mut streams, mut reading) = (vec![], JoinSet::new());
        let mut count = 0;
        for (node, length) in lengths {
            let (mut far, mut near) = tokio::io::duplex(1024);
            far.write_all(&u32::try_from(length).unwrap().to_be_bytes()).await.unwrap();
            streams.push(far);
            let intake = Intake::new(Arc::clone(&visitors), NodeId(node), Purpose::Propose, move || is_known);
            reading.spawn(async move { intake.read::<String>(&mut near).await.map(|_| ()) });
            count += 1;
        }
        for _ in 0..count * 4 {
            tokio::task::yield_now().await;
        }
        while reading.try_join_next().is_some() {}
        (reading.len(), visitors.held())
    }

    #[tokio::test]
    async fn whatever_is_begun_and_not_ended_little_is_held() {
        let one = |length: usize, times: usize| (0..times).map(move |_| (1, length));
        let many = |length: usize, times: u64| (0..times).map(move |node| (node, length));
        assert_eq!(begun(false, one(80 * MIB, 60)).await, (0, [0, 0]), "larger than a question");
        assert_eq!(begun(false, one(MIB, 60)).await, (2, [0, 2 << 10]), "one that is not a member");
        assert_eq!(begun(false, many(MIB, 60)).await, (8, [0, 8 << 10]), "many that are none");
        assert_eq!(begun(false, one(1000, 60)).await, (60, [0, 0]), "short ones");
        // Members wait.
        assert_eq!(begun(true, one(80 * MIB, 60)).await, (60, [80 << 10, 0]), "one member");
        // Three of them have what they need, and what is left waits for more to be given to the fourth.
        assert_eq!(begun(true, many(80 * MIB, 60)).await, (60, [256 << 10, 0]), "many members");
        assert_eq!(begun(true, one(81 * MIB, 60)).await, (0, [0, 0]), "larger than any");
    }

    #[tokio::test]
    async fn what_was_read_counts_until_it_is_done_with_and_is_forgotten_then() {
        let visitors = Arc::<Visitors>::default();
        let intake = Intake::new(Arc::clone(&visitors), NodeId(1), Purpose::Control, || false);
        let (mut far, mut near) = tokio::io::duplex(1 << 10);
        let writing = tokio::spawn(async move { frame::write(&mut far, &"x".repeat(MIB / 2)).await });
        let (text, held) = intake.read::<String>(&mut near).await.unwrap();
        writing.await.unwrap().unwrap();
        assert_eq!((text.len(), visitors.held()), (MIB / 2, [0, 513]));
        drop(held);
        assert_eq!(visitors.held(), [0, 0]);
        drop(visitors.others.of(NodeId(2)));
        assert_eq!(visitors.others.each.lock().len(), 1);
    }
}
