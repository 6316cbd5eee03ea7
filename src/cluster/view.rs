//! How a cluster stands, for people and their programs.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::model::shown;
use crate::store::machine::{Counts, Phase};

use super::wire::NodeFigures;

/// A view of the whole cluster, as one node sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterView {
    /// Which cluster it is.
    pub cluster: String,
    /// The run, once it has begun.
    pub run: Option<String>,
    /// Where the run is.
    pub phase: Phase,
    /// The name of the leader; none while none is known.
    pub leader: Option<String>,
    /// The name of the node that answers.
    pub node: String,
    /// All members.
    pub members: Vec<MemberView>,
    /// Jobs and rows.
    pub counts: Counts,
    /// Number of the last log entry that the answering node has applied.
    pub position: u64,
    /// Pages a second, all nodes together; none if the answering node does not lead.
    pub rate: Option<f64>,
    /// Who composes the definitions at the moment.
    pub composer: Option<String>,
    /// Who seeds at the moment.
    pub seeder: Option<String>,
    /// Why the run cannot go on.
    pub failure: Option<String>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberView {
    /// Its name.
    pub name: String,
    /// Its number.
    pub node: u64,
    /// Where it is reached.
    pub address: String,
    /// Whether it takes part in the run.
    pub state: MemberState,
    /// What it is to the log.
    pub role: Role,
    /// Which life of it takes part.
    pub incarnation: Option<u64>,
    /// Log entries that it is behind the leader; none if the answering node does not lead.
    pub lag: Option<u64>,
    /// Whether it has voted that all is done.
    pub done: bool,
    /// What it says of itself; none if the answering node does not lead.
    pub figures: Option<NodeFigures>,
}

/// Whether a member takes part in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberState {
    /// It takes part.
    Live,
    /// It does not: it left, died, or has not begun yet.
    Absent,
}

/// What a member is to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// It leads.
    Leader,
    /// It votes.
    Voter,
    /// It has no vote.
    Learner,
}

impl MemberState {
    fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Absent => "absent",
        }
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Voter => "voter",
            Self::Learner => "learner",
        }
    }
}

impl ClusterView {
    /// As one JSON object. Its names do not change without a line in the changelog.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let members = self.members.iter().map(MemberView::json);
        serde_json::json!({
            "cluster": self.cluster,
            "run": self.run,
            "phase": self.phase.to_string(),
            "leader": self.leader,
            "node": self.node,
            "members": members.collect::<Vec<_>>(),
            "jobs": {
                "ready": self.counts.ready,
                "leased": self.counts.leased,
                "done": self.counts.done,
                "failed": self.counts.failed,
                "quarantined": self.counts.quarantined,
            },
            "rows": self.counts.rows,
            "rate": self.rate,
            "barricades": { "compose": self.composer, "seed": self.seeder },
            "position": self.position,
            "failure": self.failure,
        })
    }

    /// As lines of text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a String cannot fail.
            let _infallible = writeln!(text, "{name:<12} {}", shown(&value));
        };
        let counts = &self.counts;
        line("cluster", self.cluster.clone());
        line("run", self.run.clone().unwrap_or_else(|| "not begun".to_owned()));
        line("phase", self.phase.to_string());
        line("leader", self.leader.clone().unwrap_or_else(|| "none: no quorum, or an election".to_owned()));
        line("jobs", format!("{} ready, {} in work, {} done", counts.ready, counts.leased, counts.done));
        line("failed", format!("{} failed, {} quarantined", counts.failed, counts.quarantined));
        line("rows", counts.rows.to_string());
        if let Some(rate) = self.rate {
            line("rate", format!("{rate:.1} pages/s"));
        }
        if let Some(failure) = &self.failure {
            line("failure", failure.clone());
        }
        for member in &self.members {
            line("member", member.text());
        }
        text
    }
}

impl MemberView {
    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "node": format!("{:016x}", self.node),
            "address": self.address,
            "state": self.state.name(),
            "role": self.role.name(),
            "incarnation": self.incarnation,
            "lag": self.lag,
            "done": self.done,
            "pages": self.figures.as_ref().map(|figures| figures.pages),
            "rate": self.figures.as_ref().map(|figures| figures.rate),
        })
    }

    fn text(&self) -> String {
        let mut text =
            format!("{} at {}, {}, {}", self.name, self.address, self.state.name(), self.role.name());
        if let Some(lag) = self.lag {
            // Writing to a String cannot fail.
            let _infallible = write!(text, ", {lag} entries behind");
        }
        if let Some(figures) = &self.figures {
            let _infallible = write!(text, ", {} pages, {:.1} pages/s", figures.pages, figures.rate);
        }
        text
    }
}
