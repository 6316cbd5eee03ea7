//! What `scoopi status --json` says, asked again and again without holding anybody up.

use std::io::Read;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;

use super::assumptions::LAG;
use super::assumptions::LIVE;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(3);

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// What the hammer needs of an answer.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    members: Vec<Member>,
}

#[derive(Debug, Clone, Deserialize)]
struct Member {
    name: String,
    state: String,
    lag: Option<u64>,
}

impl Status {
    /// Whether nobody of this name takes part.
    pub(super) fn is_gone(&self, name: &str) -> bool {
        !self.members.iter().any(|member| member.name == name && member.state == LIVE)
    }

    /// Whether somebody of this name takes part and is not far behind. A node that lost its disk may be there twice.
    pub(super) fn is_back(&self, name: &str) -> bool {
        let is_near = |member: &Member| member.lag.is_none_or(|lag| lag <= LAG);
        self.members.iter().any(|member| member.name == name && member.state == LIVE && is_near(member))
    }
}

/// Asks, one question at a time, on a thread.
#[derive(Default)]
pub(super) struct Watch {
    asking: Option<JoinHandle<Result<Status, String>>>,
    answered: Option<Instant>,
    /// Why the last question was not answered.
    pub(super) trouble: Option<String>,
}

impl Watch {
    /// The answer to a question of before, if it has come. Asks the next one with `command`.
    pub(super) fn look(&mut self, command: impl FnOnce() -> Option<Command>) -> Option<Status> {
        if let Some(asking) = self.asking.take_if(|asking| asking.is_finished()) {
            self.answered = Some(Instant::now());
            match asking.join().unwrap() {
                Ok(status) => {
                    self.trouble = None;
                    return Some(status);
                }
                Err(trouble) => self.trouble = Some(trouble),
            }
        }
        let is_time = self.answered.is_none_or(|at| at.elapsed() >= PAUSE);
        if self.asking.is_none()
            && is_time
            && let Some(command) = command()
        {
            self.asking = Some(thread::spawn(move || ask(command)));
        }
        None
    }

    /// Forgets a question that is open: its answer would be about the past.
    pub(super) fn forget(&mut self) {
        if let Some(asking) = self.asking.take() {
            asking.join().unwrap().ok();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Ends within the limit, and its process with it.
        if let Some(asking) = self.asking.take() {
            asking.join().ok();
        }
    }
}

fn ask(mut command: Command) -> Result<Status, String> {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let until = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if Instant::now() > until {
            child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
            return Err(format!("no answer within {LIMIT:?}"));
        }
        thread::sleep(Duration::from_millis(3));
    };
    let (mut stdout, mut stderr) = (String::new(), String::new());
    // An answer is far smaller than a pipe, so that nothing is left to be written.
    child.stdout.take().map(|mut pipe| pipe.read_to_string(&mut stdout));
    child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut stderr));
    if !status.success() {
        return Err(format!("{status}: {}", stderr.trim()));
    }
    serde_json::from_str(&stdout).map_err(|error| format!("{error} in {stdout}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_who_is_there() {
        let text = r#"{"phase":"RUNNING","run":"1","cluster":"c","leader":"n1","members":[
            {"name":"n1","node":1,"address":"a","state":"live","role":"leader","incarnation":1,"lag":0,"done":false},
            {"name":"n2","node":2,"address":"b","state":"dead","role":"voter","incarnation":1,"lag":9,"done":false},
            {"name":"n2","node":4,"address":"b","state":"live","role":"learner","incarnation":1,"lag":900,"done":false},
            {"name":"n3","node":3,"address":"c","state":"left","role":"voter","incarnation":1,"lag":null,"done":false}
            ],"jobs":{"ready":1,"leased":2,"done":3,"failed":0,"quarantined":0},"rows":4,"rate":1.5,
            "barricades":{"compose":"n1","seed":null},"position":77}"#;
        let status: Status = serde_json::from_str(text).unwrap();
        assert_eq!(["n1", "n2", "n3", "n4"].map(|name| status.is_gone(name)), [false, false, true, true]);
        assert_eq!(["n1", "n2", "n3", "n4"].map(|name| status.is_back(name)), [true, false, false, false]);
    }

    #[test]
    fn who_does_not_answer_is_not_waited_for() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo nobody is there >&2; exit 1"]);
        assert!(ask(command).unwrap_err().contains("nobody is there"));
        let mut command = Command::new("sh");
        command.args(["-c", "exec sleep 60"]);
        let begun = Instant::now();
        assert!(ask(command).unwrap_err().contains("no answer"));
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
