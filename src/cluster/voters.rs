//! Who votes: up to five members, those that are alive first.
//!
//! Pure: the leader says what it sees and is told the next change, one at a time. A change is never made that the
//! voters of today could not survive: Raft asks the majority of both, before and after.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::NodeId;

use super::address::Address;

/// Voters at most. Further members learn and work.
const VOTERS: usize = 5;

/// A member as the leader sees it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) node: NodeId,
    pub(super) address: Address,
    pub(super) is_voter: bool,
    /// Whether its log is close to the leader's.
    pub(super) is_close: bool,
    /// How long nothing was heard of it.
    pub(super) silence: Duration,
}

/// The next change of who is a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// These vote from now on.
    Voters(BTreeSet<NodeId>),
    /// This one is no member any more.
    Remove(NodeId),
}

/// What the leader knows of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Without a sign for so long, a node counts as not there for the moment.
    pub(super) absent: Duration,
    /// Without a sign for so long, it is gone for good.
    pub(super) gone: Duration,
}

/// The next change that brings the voters closer to what they should be, if there is one.
pub(super) fn next_change(members: &[Seen], patience: Patience) -> Option<Change> {
    let is_there = |member: &Seen| member.silence <= patience.absent;
    let voters: BTreeSet<NodeId> =
        members.iter().filter(|seen| seen.is_voter).map(|seen| seen.node).collect();
    let ready = members.iter().find(|seen| !seen.is_voter && seen.is_close && is_there(seen));
    let replaced = |gone: &Seen| {
        let is_successor = |other: &Seen| other.node != gone.node && other.address == gone.address;
        !is_there(gone) && members.iter().any(|other| is_successor(other) && is_there(other))
    };
    let gone = members.iter().find(|seen| seen.is_voter && (replaced(seen) || seen.silence > patience.gone));
    let without = |gone: NodeId| voters.iter().copied().filter(move |voter| *voter != gone);
    match (ready, gone) {
        (Some(ready), Some(gone)) => Some(Change::Voters(without(gone.node).chain([ready.node]).collect())),
        (Some(ready), None) if voters.len() < VOTERS => {
            Some(Change::Voters(voters.iter().copied().chain([ready.node]).collect()))
        }
        (None, Some(gone)) => {
            let left = members.iter().filter(|seen| seen.is_voter && is_there(seen)).count();
            // With fewer than three, a vote that may come back is worth more than one less to wait for.
            (left >= 3).then(|| Change::Voters(without(gone.node).collect()))
        }
        _ => {
            let useless = members.iter().find(|seen| !seen.is_voter && replaced(seen));
            useless.map(|seen| Change::Remove(seen.node))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { absent: Duration::from_secs(10), gone: Duration::from_secs(60) };

    /// Members written as `1v` (a voter), `2l` (a learner, close), `3f` (a learner, far behind); `?` absent, `!` gone;
    /// `@n` at the address of node n.
    fn check(members: &str, expected: &str) {
        let seen: Vec<Seen> = members.split_whitespace().map(member).collect();
        let text = match next_change(&seen, PATIENCE) {
            None => String::new(),
            Some(Change::Remove(node)) => format!("-{node}"),
            Some(Change::Voters(voters)) => {
                voters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(text, expected, "{members}");
    }

    fn member(text: &str) -> Seen {
        let (what, at) = text.split_once('@').map_or((text, None), |(what, at)| (what, Some(at)));
        let node = &what[..1];
        let seconds = if what.contains('!') { 61 } else { 11 * u64::from(what.contains('?')) };
        Seen {
            node: NodeId(node.parse().unwrap()),
            address: format!("10.0.0.{}:1", at.unwrap_or(node)).parse().unwrap(),
            is_voter: what.contains('v'),
            is_close: !what.contains('f'),
            silence: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn members_become_voters_up_to_five() {
        check("1v 2v 3v", "");
        check("1v 2v 3l", "1 2 3");
        check("1v 2v 3f", "");
        check("1v 2v 3l?", "");
        check("1v 2v 3v 4v 5v 6l", "");
    }

    #[test]
    fn a_voter_that_lost_its_disk_is_replaced_by_its_successor_at_once() {
        check("1v 2v 3v? 4l@3", "1 2 4");
        check("1v 2v 3v? 4f@3", "");
        check("1v 2v 4v 3l?@4", "-3");
    }

    #[test]
    fn a_voter_that_is_gone_makes_place_and_one_that_is_absent_does_not() {
        check("1v 2v 3v 4v 5v? 6l", "");
        check("1v 2v 3v 4v 5v! 6l", "1 2 3 4 6");
        check("1v 2v 3v!", "");
        check("1v 2v 3v 4v!", "1 2 3");
    }
}
