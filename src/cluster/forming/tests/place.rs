//! A network in memory: addresses where nodes answer, refuse or hang, and links that are cut.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::*;
use crate::cluster::forming::declared::Declared;
use crate::cluster::forming::driver::{Formed, Options, form};
use crate::cluster::forming::error::FormingError;
use crate::cluster::forming::lookout::Ask;
use crate::cluster::forming::message::{Answer, Request, Standing};
use crate::cluster::forming::voter::Forming;
use crate::cluster::forming::waiting::Waiting;
use crate::cluster::network::SelfDial;

/// What one finds at an address; where there is nothing, it is refused.
#[derive(Clone)]
pub(super) enum Door {
    Node(NodeId, Forming),
    Hangs,
    Closes,
}

/// Decides which node, if any, receives a question.
type Fate = Box<dyn FnMut(&Address, &Address, &Request) -> Post + Send>;

/// What happens to a question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Post {
    Answered,
    Lost,
    AnswerLost,
}

/// The network.
#[derive(Clone, Default)]
pub(super) struct Place {
    pub(super) doors: Arc<Mutex<BTreeMap<Address, Door>>>,
    fate: Arc<Mutex<Option<Fate>>>,
}

impl Place {
    /// Decides from now on what happens to each question.
    pub(super) fn decide(&self, fate: impl FnMut(&Address, &Address, &Request) -> Post + Send + 'static) {
        *self.fate.lock() = Some(Box::new(fate));
    }

    /// Cuts all links between nodes of different groups.
    pub(super) fn cut(&self, groups: &'static [&'static [u64]]) {
        let group =
            |at: &Address| groups.iter().position(|group| group.iter().any(|node| address(*node) == *at));
        self.decide(move |from, to, _| if group(from) == group(to) { Post::Answered } else { Post::Lost });
    }

    pub(super) fn open(&self, at: Address, door: Door) {
        self.doors.lock().insert(at, door);
    }
}

/// The network as one node sees it.
pub(super) struct View {
    pub(super) place: Place,
    pub(super) me: NodeId,
    pub(super) own: Address,
}

impl Ask for View {
    async fn ask(&self, to: &Address, request: Request) -> io::Result<(NodeId, Answer)> {
        sleep(Duration::from_millis(1)).await;
        let decided = self.place.fate.lock().as_mut().map(|fate| fate(&self.own, to, &request));
        let post = decided.unwrap_or(Post::Answered);
        let door = self.place.doors.lock().get(to).cloned();
        match door {
            _ if post == Post::Lost => std::future::pending().await,
            None => Err(io::ErrorKind::ConnectionRefused.into()),
            Some(Door::Closes) => Err(io::ErrorKind::UnexpectedEof.into()),
            Some(Door::Hangs) => std::future::pending().await,
            Some(Door::Node(id, _)) if id == self.me => Err(io::Error::other(SelfDial(to.clone()))),
            Some(Door::Node(id, forming)) => {
                let answer = forming.answer(self.me, request).await;
                if post == Post::AnswerLost {
                    std::future::pending::<()>().await;
                }
                Ok((id, answer))
            }
        }
    }
}

/// A node, before and while it forms.
pub(super) struct Node {
    pub(super) id: u64,
    pub(super) place: Place,
    pub(super) dir: TempDir,
    pub(super) own: Address,
    pub(super) join: Vec<Address>,
    pub(super) size: Option<usize>,
    pub(super) quorum: Option<usize>,
    pub(super) founders: usize,
    pub(super) standing: Standing,
    pub(super) progress: watch::Sender<Waiting>,
    pub(super) found: watch::Sender<BTreeSet<Address>>,
}

impl Node {
    /// A node of that list.
    pub(super) fn of(place: &Place, id: u64, list: &[u64]) -> Self {
        Self {
            id,
            place: place.clone(),
            dir: tempfile::tempdir().unwrap(),
            own: address(id),
            join: list.iter().map(|node| address(*node)).collect(),
            size: None,
            quorum: None,
            founders: 5,
            standing: Standing::Forming,
            progress: watch::Sender::default(),
            found: watch::Sender::default(),
        }
    }

    /// Lets it answer at its address.
    pub(super) fn serve(&self) -> Forming {
        let declared = Declared::new(&self.own, &self.join, self.size, self.quorum).unwrap();
        let peer = Peer { address: self.own.clone(), name: format!("node-{}", self.id).into() };
        let forming = Forming::open(self.dir.path(), NodeId(self.id), peer, declared, self.standing).unwrap();
        self.place.open(address(self.id), Door::Node(NodeId(self.id), forming.clone()));
        forming
    }

    pub(super) fn view(&self) -> View {
        View { place: self.place.clone(), me: NodeId(self.id), own: address(self.id) }
    }

    /// Starts it, or starts it again with what is in its folder.
    pub(super) fn start(&self) -> Forms {
        let forming = self.serve();
        let view = self.view();
        let options = Options {
            timeout: Duration::from_secs(60),
            grace: Duration::from_secs(1),
            founders: self.founders,
            found: self.found.subscribe(),
            progress: self.progress.clone(),
        };
        Forms(tokio::spawn(async move { form(&forming, &options, &view).await }))
    }
}

/// A node that forms. It is killed when this is dropped, and is gone for others when its door is closed.
pub(super) struct Forms(JoinHandle<Result<Formed, FormingError>>);

impl Drop for Forms {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Forms {
    /// The outcome, which takes two minutes at most.
    pub(super) async fn end(mut self) -> Result<Formed, FormingError> {
        timeout(Duration::from_secs(120), &mut self.0).await.expect("it ends").unwrap()
    }

    /// The founding that came of it.
    pub(super) async fn founding(self) -> Founding {
        match self.end().await.unwrap() {
            Formed::Founded(founding) => founding,
            other => panic!("{other:?}"),
        }
    }
}
