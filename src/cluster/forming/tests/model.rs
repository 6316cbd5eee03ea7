//! The protocol by exhaustion: every order of messages among three nodes, with loss, repetition and proposers that are
//! killed and come back with their file, over the code that votes and proposes for real.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use stateright::{Checker, Model, Property};

use crate::model::codec;

use super::*;
use crate::cluster::forming::acceptor::Acceptor;
use crate::cluster::forming::ballot::Ballot;
use crate::cluster::forming::message::{Answer, Numbers, Request};
use crate::cluster::forming::proposal::{Proposal, Step};

/// Nodes that vote, and how often each of them begins to propose. To begin again is to have been killed before.
struct Forms {
    attempts: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    acceptors: Vec<Acceptor>,
    proposals: Vec<Option<Proposal>>,
    attempts: Vec<u8>,
    /// All that was ever sent: it may arrive at any time, more than once, or never.
    sent: BTreeSet<Envelope>,
    /// Clusters that anybody took for chosen.
    chosen: BTreeSet<ClusterId>,
    /// A node has adopted what another one had proposed.
    has_adopted: bool,
}

/// From, to, and what: encoded, as it is on the wire.
type Envelope = (usize, usize, Vec<u8>);

#[derive(Serialize, Deserialize)]
enum Message {
    Question(Request),
    Reply(Answer),
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    Begin(usize),
    Deliver(Envelope),
}

impl Forms {
    fn nodes(&self) -> usize {
        self.attempts.len()
    }

    fn numbers(&self) -> Numbers {
        let size = u32::try_from(self.nodes()).unwrap();
        Numbers { size, quorum: size / 2 + 1 }
    }

    fn id(node: usize) -> NodeId {
        NodeId(node as u64 + 1)
    }

    fn begin(&self, state: &mut State, node: usize) {
        // What is left of a node that was killed is its file.
        let file = codec::encode(&state.acceptors[node]).unwrap();
        state.acceptors[node] = codec::decode(&file).unwrap();
        let attempt = self.attempts[node] - state.attempts[node];
        state.attempts[node] -= 1;
        let ballot = state.acceptors[node].next_ballot(Self::id(node), 0);
        let value = founding(u8::try_from(node).unwrap() * 16 + attempt, &[node as u64 + 1]);
        state.proposals[node] = Some(Proposal::new(ballot, self.numbers().quorum as usize, value));
        self.ask(state, node, &Request::Prepare(ballot, self.numbers()));
    }

    /// The node asks itself first, as the driver does, then all others.
    fn ask(&self, state: &mut State, node: usize, request: &Request) {
        for to in (0..self.nodes()).filter(|to| *to != node) {
            let message = codec::encode(&Message::Question(request.clone())).unwrap();
            state.sent.insert((node, to, message));
        }
        let own = Self::vote(&mut state.acceptors[node], request.clone());
        self.hear(state, node, node, own);
    }

    fn vote(acceptor: &mut Acceptor, request: Request) -> Answer {
        match request {
            Request::Prepare(ballot, _) => acceptor.prepare(ballot),
            Request::Accept(ballot, founding, _) => acceptor.accept(ballot, founding),
            Request::Chosen(founding) => acceptor.learn(founding),
            Request::Hello(_) => unreachable!("no node says Hello here"),
        }
    }

    fn hear(&self, state: &mut State, node: usize, from: usize, answer: Answer) {
        let Some(proposal) = &mut state.proposals[node] else { return };
        let (ballot, own): (Ballot, _) = (proposal.ballot(), node);
        match proposal.hear(&address(from as u64), Self::id(from), answer) {
            Step::Wait => {}
            Step::Accept(founding) => {
                state.has_adopted |= usize::from(founding.cluster.0[0] / 16) != own;
                self.ask(state, node, &Request::Accept(ballot, founding, self.numbers()));
            }
            Step::Chosen(founding) => {
                state.chosen.insert(founding.cluster);
                state.proposals[node] = None;
                self.ask(state, node, &Request::Chosen(founding));
            }
        }
    }

    fn deliver(&self, state: &mut State, (from, to, message): Envelope) {
        match codec::decode(&message).unwrap() {
            Message::Question(request) => {
                let answer = Self::vote(&mut state.acceptors[to], request);
                let message = codec::encode(&Message::Reply(answer)).unwrap();
                state.sent.insert((to, from, message));
            }
            Message::Reply(answer) => self.hear(state, to, from, answer),
        }
    }
}

impl Model for Forms {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            acceptors: vec![Acceptor::default(); self.nodes()],
            proposals: vec![None; self.nodes()],
            attempts: self.attempts.clone(),
            sent: BTreeSet::new(),
            chosen: BTreeSet::new(),
            has_adopted: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend((0..self.nodes()).filter(|node| state.attempts[*node] > 0).map(Action::Begin));
        actions.extend(state.sent.iter().cloned().map(Action::Deliver));
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Begin(node) => self.begin(&mut state, node),
            Action::Deliver(envelope) => self.deliver(&mut state, envelope),
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one cluster", |_, state: &State| {
                let learned = state.acceptors.iter().filter_map(|acceptor| acceptor.chosen());
                let all: BTreeSet<_> =
                    learned.map(|founding| founding.cluster).chain(state.chosen.clone()).collect();
                all.len() <= 1
            }),
            Property::sometimes("a choice", |_, state: &State| !state.chosen.is_empty()),
            Property::sometimes("a choice of what another proposed", |_, state: &State| {
                state.has_adopted && !state.chosen.is_empty()
            }),
        ]
    }
}

/// All states of nodes with so many attempts.
fn check(attempts: &[u8], least: usize) {
    let model = Forms { attempts: attempts.to_vec() };
    let checker = model.checker().threads(2).timeout(Duration::from_secs(100)).spawn_bfs().join();
    assert!(checker.is_done(), "{attempts:?}: not all states in time, {}", checker.unique_state_count());
    println!("{attempts:?}: {} states", checker.unique_state_count());
    checker.assert_properties();
    assert!(checker.unique_state_count() >= least, "{}", checker.unique_state_count());
}

#[test]
fn two_proposers_among_three_nodes_never_found_two_clusters() {
    check(&[1, 1, 0], 1_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn five_nodes_never_found_two_clusters(choices in prop::collection::vec(any::<u16>(), 300)) {
        let model = Forms { attempts: vec![3, 2, 2, 1, 1] };
        let mut state = model.init_states().remove(0);
        for choice in choices {
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            let action = actions.swap_remove(usize::from(choice) % actions.len());
            state = model.next_state(&state, action).unwrap_or(state);
            let learned = state.acceptors.iter().filter_map(|acceptor| acceptor.chosen());
            let all: BTreeSet<_> = learned.map(|founding| founding.cluster).chain(state.chosen.clone()).collect();
            prop_assert!(all.len() <= 1, "{all:?}");
        }
    }
}
