//! Who votes: up to five members, those that are alive first.
//!
//! Pure: the leader passes in what it sees and gets the next change, one at a time. Raft asks both majorities, of the
//! voters before a change and of those after it, so the leader must never begin a change that the nodes which can
//! decide today could not complete:
//!
//! * **A place changes hands**: the node that gives it up cannot be reached, so the nodes that decide today are among
//!   the others, and are more than half with or without the new one.
//! * **There are fewer**: only so many go that an odd number is left. Those who decide today are more than half of what
//!   is left, too (three of four are two of the remaining three, three of five are two of the remaining three); of an
//!   even number they need not be.
//! * **There are more**: the new ones have answered a moment ago. From three on an odd number again: with a fourth
//!   vote, still only one node may die, and one more has to be waited for.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::NodeId;

use super::address::Address;

/// Voters at most. Further members learn and work.
const VOTERS: usize = 5;

/// Fewer are not made of more: a vote that may come back is worth more than one less to wait for.
const LEAST: usize = 3;

/// A member as the leader sees it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) node: NodeId,
    pub(super) address: Address,
    pub(super) is_voter: bool,
    /// Whether it takes part, with a log that is close to the leader's.
    pub(super) is_close: bool,
    /// Whether it has answered the leader's last messages.
    pub(super) is_in_touch: bool,
    /// Whether it has said that it leaves, and gives its vote back.
    pub(super) is_leaving: bool,
    /// How long nothing was heard of it.
    pub(super) silence: Duration,
}

/// The next change of who is a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// These vote from now on.
    Voters(BTreeSet<NodeId>),
    /// These nodes vote from now on; a node that no longer votes is no longer a member.
    Successor(BTreeSet<NodeId>),
    /// This node is no longer a member.
    Remove(NodeId),
}

impl Change {
    /// Whether that node votes no more when it is made, or is a member no more.
    pub(super) fn takes_vote_of(&self, node: NodeId) -> bool {
        match self {
            Self::Voters(voters) | Self::Successor(voters) => !voters.contains(&node),
            Self::Remove(removed) => *removed == node,
        }
    }
}

/// What the leader knows of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Without a sign for so long, a node counts as not there for the moment.
    pub(super) absent: Duration,
    /// Without a sign for so long, it is gone for good.
    pub(super) gone: Duration,
}

/// The next change that brings the voters closer to what they should be, if there is one that could be decided.
pub(super) fn next_change(members: &[Seen], patience: Patience) -> Option<Change> {
    let is_in_touch = |voter: &&NodeId| members.iter().any(|seen| seen.node == **voter && seen.is_in_touch);
    wanted(members, patience).filter(|change| match change {
        Change::Voters(voters) | Change::Successor(voters) => {
            voters.iter().filter(is_in_touch).count() > voters.len() / 2
        }
        Change::Remove(_) => true,
    })
}

fn wanted(members: &[Seen], patience: Patience) -> Option<Change> {
    let voters: Vec<&Seen> = members.iter().filter(|seen| seen.is_voter).collect();
    let all = || voters.iter().map(|seen| seen.node);
    let is_ready = |seen: &&Seen| {
        !seen.is_voter
            && !seen.is_leaving
            && seen.is_close
            && seen.is_in_touch
            && seen.silence <= patience.absent
    };
    // A node that is in touch at the address of a voter has taken its place: no other node can be reached there. It
    // gets that vote and no other, however short ago the voter was heard.
    let is_same_place = |one: &Seen, other: &Seen| one.node != other.node && one.address == other.address;
    let mut ready: Vec<&Seen> = members.iter().filter(is_ready).collect();
    let successor = ready.iter().find_map(|new| {
        let old = voters.iter().find(|old| is_same_place(old, new) && !old.is_in_touch)?;
        Some((new.node, old.node))
    });
    if let Some((new, old)) = successor {
        return Some(Change::Successor(all().filter(|voter| *voter != old).chain([new]).collect()));
    }
    ready.retain(|new| !voters.iter().any(|old| is_same_place(old, new)));
    let mut gone: Vec<&Seen> =
        voters.iter().copied().filter(|seen| seen.is_leaving || seen.silence > patience.gone).collect();
    // Who leaves waits for it.
    gone.sort_by_key(|seen| (!seen.is_leaving, seen.node));
    if let (Some(new), Some(old)) = (ready.first(), gone.first()) {
        return Some(Change::Voters(all().filter(|voter| *voter != old.node).chain([new.node]).collect()));
    }
    let more = step_to_odd(voters.len(), ready.len().min(VOTERS.saturating_sub(voters.len())));
    if more > 0 {
        return Some(Change::Voters(all().chain(ready.iter().take(more).map(|seen| seen.node)).collect()));
    }
    let fewer = odd_part(voters.len(), gone.len().min(voters.len().saturating_sub(LEAST)));
    if fewer > 0 {
        let gone: BTreeSet<NodeId> = gone.iter().take(fewer).map(|seen| seen.node).collect();
        return Some(Change::Voters(all().filter(|voter| !gone.contains(voter)).collect()));
    }
    let is_there = |seen: &Seen| seen.silence <= patience.absent;
    let is_useless = |seen: &&Seen| {
        !seen.is_voter
            && !is_there(seen)
            && members.iter().any(|other| is_same_place(seen, other) && is_there(other))
    };
    members.iter().find(is_useless).map(|seen| Change::Remove(seen.node))
}

/// How many of `ready` get a vote in addition to `voters`: up to three, each; then as many as make the number odd.
fn step_to_odd(voters: usize, ready: usize) -> usize {
    if voters < LEAST { ready.min(1) } else { odd_part(voters, ready) }
}

/// The most of `change` by which `voters` becomes another odd number.
fn odd_part(voters: usize, change: usize) -> usize {
    // From an odd number an even step, from an even one an odd step.
    if change % 2 == usize::from(voters.is_multiple_of(2)) { change } else { change.saturating_sub(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { absent: Duration::from_secs(10), gone: Duration::from_secs(60) };

    /// Members written as `1v` (a voter), `2l` (a learner, close), `3f` (a learner, far behind); `-` not in touch for a
    /// moment, `?` absent, `!` gone, `x` leaving; `@n` at the address of node n.
    fn check(members: &str, expected: &str) {
        let seen: Vec<Seen> = members.split_whitespace().map(member).collect();
        let list =
            |voters: &BTreeSet<NodeId>| voters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let text = match next_change(&seen, PATIENCE) {
            None => String::new(),
            Some(Change::Remove(node)) => format!("-{node}"),
            Some(Change::Voters(voters)) => list(&voters),
            Some(Change::Successor(voters)) => format!("= {}", list(&voters)),
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
            is_in_touch: !what.contains(['-', '?', '!']),
            is_leaving: what.contains('x'),
            silence: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn members_become_voters_up_to_five_and_from_three_on_two_at_a_time() {
        check("1v", "");
        check("1v 2l", "1 2");
        check("1v 2v 3v", "");
        check("1v 2v 3l", "1 2 3");
        check("1v 2v 3f", "");
        check("1v 2v 3l?", "");
        check("1v 2v 3l-", "");
        check("1v 2v 3v 4l", "");
        check("1v 2v 3v 4l 5l", "1 2 3 4 5");
        check("1v 2v 3v 4l 5l-", "");
        check("1v 2v 3v 4v 5l", "1 2 3 4 5");
        check("1v 2v 3v 4v 5v 6l", "");
    }

    #[test]
    fn who_is_at_the_address_of_a_voter_gets_its_vote_at_once_and_never_one_more() {
        check("1v 2v 3v? 4l@3", "= 1 2 4");
        check("1v 2v 3v- 4l@3", "= 1 2 4");
        // Not heard for a moment or not: two nodes at one address are one vote.
        check("1v 2v 3v 4l@3", "");
        check("1v 2v 3v 4l@3 5l", "");
        check("1v 2v 4l@2", "");
        check("1v 2v- 4l@2", "= 1 4");
        check("1v 2v 3v- 4l-@3 5l@3", "= 1 2 5");
        check("1v 2v 3v- 4f@3", "");
        check("1v 2v 3v? 4f@3", "");
        check("1v 2v 4v 3l?@4", "-3");
        check("1v 2v 4v 3l-@4", "");
    }

    #[test]
    fn a_voter_that_is_gone_makes_place_and_one_that_is_absent_does_not() {
        check("1v 2v 3v 4v 5v? 6l", "");
        check("1v 2v 3v 4v 5v! 6l", "1 2 3 4 6");
        check("1v 2v 3v!", "");
        check("1v 2v 3v 4v!", "1 2 3");
    }

    #[test]
    fn an_odd_number_is_left_so_that_those_who_decide_today_can_make_the_change() {
        check("1v 2v 3v 4v 5v!", "");
        check("1v 2v 3v 4v! 5v!", "1 2 3");
        check("1v 2v 3v! 4v!", "1 2 4");
        // A set of nodes that can decide before the change can decide after it, if at most one of the nodes that go is
        // in the set.
        for (before, after) in [(4_u32, 3_u32), (5, 3)] {
            let gone = (1_u32 << (before - after)) - 1;
            let can_decide =
                |there: &u32| there.count_ones() > before / 2 && (there & gone).count_ones() <= 1;
            let stay = (0..1 << before).filter(can_decide).map(|there: u32| (there & !gone).count_ones());
            assert!(stay.min().unwrap() > after / 2, "{before} {after}");
        }
        check("1v 2v 3v- 4vx 5vx", "1 2 3");
        check("1v 2v- 3v- 4vx 5vx", "");
    }

    #[test]
    fn who_leaves_gives_its_vote_back_first() {
        check("1v 2v 3v 4vx", "1 2 3");
        check("1v 2v 3v 4vx 5v!", "1 2 3");
        check("1v 2v 3v 4v 5vx", "");
        check("1v 2v 3v 4vx 5vx", "1 2 3");
        check("1v 2v 3vx", "");
        check("1v 2v 3vx 4l", "1 2 4");
        check("1vx 2v 3v 4l", "2 3 4");
        check("1v 2v 3lx", "");
    }
}
