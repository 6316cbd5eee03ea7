//! How a cluster stands, for people and their programs.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use crate::model::shown;
use crate::observe::WorkerView;
use crate::store::machine::{Counts, Phase};

use super::figures::NodeFigures;
use super::quorum::Quorum;

/// A view of the whole cluster, as one node sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterView {
    /// Which cluster it is.
    pub cluster: String,
    /// The run, once it has begun.
    pub run: Option<String>,
    /// Where the run is.
    pub phase: Phase,
    /// The name of the leader; none while none is known that a quorum follows.
    pub leader: Option<String>,
    /// Whether anything can be decided.
    pub quorum: QuorumView,
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
    /// Why the run cannot continue.
    pub failure: Option<String>,
    /// The workers of the answering node.
    pub workers: Vec<WorkerView>,
}

/// Whether enough voters are in touch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuorumView {
    /// As the answering node sees it.
    pub state: Quorum,
    /// How many vote.
    pub voters: usize,
    /// How many of them decide.
    pub needed: usize,
    /// How many of them the leader hears; none if the answering node does not lead.
    pub in_touch: Option<usize>,
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
    /// How long ago the answering node heard it, in milliseconds; none where it does not hear members but the leader.
    pub silence: Option<u64>,
    /// What it says of itself; none if the answering node does not lead, or does not hear it.
    pub figures: Option<NodeFigures>,
}

/// Whether a member takes part in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberState {
    /// It takes part.
    Live,
    /// It takes part as far as was decided, but is not heard.
    Silent,
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
            Self::Silent => "silent",
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
            "quorum": {
                "state": self.quorum.state.name(),
                "voters": self.quorum.voters,
                "needed": self.quorum.needed,
                "inTouch": self.quorum.in_touch,
            },
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
            "workers": self.workers.iter().map(worker_json).collect::<Vec<_>>(),
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
        line("quorum", self.quorum.to_string());
        line("leader", self.leader.clone().unwrap_or_else(|| "none".to_owned()));
        line("jobs", format!("{} ready, {} in progress, {} done", counts.ready, counts.leased, counts.done));
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
        for worker in &self.workers {
            if let Some(failure) = worker.state.failure() {
                line("worker", format!("`{}` of {} has failed: {failure}", worker.name, self.node));
            }
        }
        text
    }
}

impl fmt::Display for QuorumView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, voters, needed, in_touch } = self;
        f.write_str(state.name())?;
        match in_touch {
            Some(in_touch) => write!(f, ", {in_touch} of {voters} voters in touch, {needed} needed")?,
            None => write!(f, ", {needed} of {voters} voters needed")?,
        }
        match state {
            Quorum::There => Ok(()),
            Quorum::Lost => f.write_str("; nothing is decided until they are in touch"),
            Quorum::Looking => f.write_str("; the node that answers hears no leader at the moment"),
        }
    }
}

fn worker_json(worker: &WorkerView) -> serde_json::Value {
    serde_json::json!({
        "name": worker.name,
        "state": worker.state.name(),
        "failure": worker.state.failure(),
    })
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
            "lastContact": self.silence.map(|millis| millis as f64 / 1000.0),
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
        if let Some(millis) = self.silence.filter(|_| self.state == MemberState::Silent) {
            let _infallible = write!(text, ", not heard for {} s", millis / 1000);
        }
        if let Some(figures) = &self.figures {
            let _infallible = write!(text, ", {} pages, {:.1} pages/s", figures.pages, figures.rate);
        }
        text
    }
}
