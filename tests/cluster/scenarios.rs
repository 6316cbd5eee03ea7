//! What a cluster goes through with the times as they come: sessions of ten seconds, a minute of waiting at the end.
//!
//! Each scenario is played `SCENARIO_RUNS` times, with other moments each time; `scripts/scenarios` plays them. Other
//! tests look at the same with short times; these are about the times themselves, and take minutes.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::support::cluster::Cluster;
use crate::support::cluster::assert_rows;
use crate::support::held::Held;
use crate::support::random::Random;
use crate::support::scoopi::Ended;
use crate::support::scoopi::RUN_DATE;
use crate::support::scoopi::Scoopi;
use crate::support::site::Site;

const SITE: Site = Site { lists: 4, text: 5 };

/// Requests at a time.
const AT_ONCE: usize = 4;

/// No end takes as long: a minute for those that are away, two sessions, and a busy machine.
const END: Duration = Duration::from_secs(150);

/// What a scenario is played with.
struct Play {
    server: Held,
    cluster: Cluster,
    random: Random,
}

/// Plays a scenario as often as is asked for, on so many nodes that have pages in flight.
fn play(name: &str, nodes: usize, scenario: impl Fn(&mut Play)) {
    let runs = std::env::var("SCENARIO_RUNS").map_or(1, |runs| runs.parse().unwrap());
    for run in 1..=runs {
        let server = Held::start(SITE);
        let at_once = format!("loader.fetch.parallelism={AT_ONCE}");
        let settings = ["loader.fetch.delay=0", "cluster.linger=60000", &at_once];
        let mut cluster = Cluster::new(nodes, &SITE.definitions(&server.start_url())).with(&settings);
        cluster.start(&["-v"]);
        cluster.nodes.iter().for_each(|node| node.running().says("work begins"));
        server.wait_for_items(AT_ONCE);
        scenario(&mut Play { server, cluster, random: Random::new(name, run) });
        println!("{name}: {run} of {runs} played");
    }
}

impl Play {
    /// Lets some time pass: that is what a scenario is about.
    fn pause(&mut self, from: u64, to: u64) {
        sleep(Duration::from_millis(from + self.random.below(to - from)));
    }

    /// Kills a node, takes its disk, and starts it again.
    fn wipe(&mut self, node: usize) {
        let node = &mut self.cluster.nodes[node];
        node.kill();
        fs::remove_dir_all(node.folder.path("data")).unwrap();
        fs::remove_dir_all(node.folder.path("output")).ok();
        node.start(&["-v"]);
    }

    /// One more node, which is let in.
    fn join(&mut self) {
        let folder = Scoopi::new("").with(&[RUN_DATE, "loader.fetch.delay=0"]);
        let mut newcomer = self.cluster.newcomer(folder).with(&["cluster.linger=60000"]);
        newcomer.start(&["-v"]);
        newcomer.running().says("work begins");
        self.cluster.nodes.push(newcomer);
    }

    /// Ctrl-C; what the node has in work is answered.
    fn leave(&mut self, node: usize) {
        self.cluster.nodes[node].running().signal("INT");
        let ended = (0..SITE.items()).find_map(|_| {
            self.server.answer_one();
            self.cluster.nodes[node].ended_within(Duration::from_millis(200))
        });
        assert_eq!(ended.expect("it does not leave").code(), Some(130));
    }

    fn ends(&mut self, node: usize, code: i32) -> Ended {
        let node = &mut self.cluster.nodes[node];
        let ended = node.ended_within(END);
        let ended = ended.unwrap_or_else(|| panic!("it does not end: {:#?}", node.killed()));
        assert_eq!(ended.code(), Some(code), "{ended:#?}");
        ended
    }

    /// Answers everything, and waits until these nodes have all rows.
    fn complete(&mut self, nodes: &[usize]) {
        self.server.open();
        for &node in nodes {
            assert_eq!(self.ends(node, 0).summary("status"), "complete");
        }
        let nodes: Vec<_> = nodes.iter().map(|node| &self.cluster.nodes[*node]).collect();
        assert_rows(&nodes, &SITE.rows());
    }

    /// The third node is paused until the two others have ended without it.
    fn come_too_late(&mut self) {
        self.cluster.nodes[2].running().signal("STOP");
        self.complete(&[0, 1]);
        self.pause(0, 3000);
        self.cluster.nodes[2].running().signal("CONT");
    }
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn a_node_loses_its_disk_twice() {
    play("a node loses its disk twice", 3, |play| {
        play.wipe(2);
        play.pause(600, 8000);
        play.wipe(2);
        play.pause(0, 3000);
        play.complete(&[0, 1, 2]);
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn a_node_loses_its_disk_and_another_one_dies() {
    play("a node loses its disk and another one dies", 3, |play| {
        play.wipe(2);
        play.cluster.nodes[2].running().says("work begins");
        play.pause(0, 5000);
        play.cluster.nodes[1].kill();
        play.complete(&[0, 2]);
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn a_fourth_node_joins_and_leaves_and_another_one_dies() {
    play("a fourth node joins and leaves and another one dies", 3, |play| {
        play.join();
        play.pause(0, 3000);
        play.leave(3);
        let dead = usize::try_from(play.random.below(3)).unwrap();
        play.cluster.nodes[dead].kill();
        let rest: Vec<_> = (0..3).filter(|node| *node != dead).collect();
        play.complete(&rest);
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn two_of_five_leave_and_another_one_dies() {
    play("two of five leave and another one dies", 5, |play| {
        let first = usize::try_from(play.random.below(5)).unwrap();
        play.leave(first);
        play.leave((first + 1) % 5);
        let dead = (first + 2) % 5;
        play.cluster.nodes[dead].kill();
        play.complete(&[(first + 3) % 5, (first + 4) % 5]);
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn three_of_five_are_away_for_longer_than_a_session() {
    play("three of five are away for longer than a session", 5, |play| {
        let first = usize::try_from(play.random.below(5)).unwrap();
        let away = [0, 1, 2].map(|next| (first + next) % 5);
        away.iter().for_each(|node| play.cluster.nodes[*node].running().signal("STOP"));
        let here = &play.cluster.nodes[(first + 3) % 5];
        here.running().says("quorum lost");
        let status = here.status().unwrap();
        assert_eq!(
            (&status["quorum"]["state"], status["leader"].is_null()),
            (&"lost".into(), true),
            "{status}"
        );
        play.pause(8000, 16_000);
        away.iter().for_each(|node| play.cluster.nodes[*node].running().signal("CONT"));
        play.complete(&[0, 1, 2, 3, 4]);
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn a_node_is_paused_while_the_others_end() {
    play("a node is paused while the others end", 3, |play| {
        play.cluster.nodes[2].running().signal("STOP");
        play.server.open();
        play.cluster.nodes[..2].iter().for_each(|node| node.running().says("it stays for 60 s at most"));
        play.pause(0, 30_000);
        play.cluster.nodes[2].running().signal("CONT");
        play.complete(&[0, 1, 2]);
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn a_node_comes_back_when_the_others_have_gone() {
    play("a node comes back when the others have gone", 3, |play| {
        play.come_too_late();
        // They are at their next run meanwhile.
        (0..2).for_each(|node| play.cluster.nodes[node].start(&["-v"]));
        play.ends(2, 4).said(&["left behind: 2 of the 3 voters are gone ("]);
        play.complete(&[0, 1]);
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn a_node_that_comes_back_too_late_is_asked_to_end() {
    play("a node that comes back too late is asked to end", 3, |play| {
        play.come_too_late();
        play.cluster.nodes[2].running().signal("INT");
        play.ends(2, 130);
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn all_nodes_are_killed_in_the_last_moments() {
    play("all nodes are killed in the last moments", 3, |play| {
        play.server.open();
        play.pause(0, 1200);
        let mut killed = vec![];
        for (at, node) in play.cluster.nodes.iter_mut().enumerate() {
            let is_killed = node.kill_if_running();
            if node.folder.path("data/run").exists() {
                assert!(is_killed, "it left its run behind");
                killed.push(at);
            } else {
                assert_rows(&[node], &SITE.rows());
            }
        }
        // With the whole result on its disk, a node needs nobody. Without it, it says that nobody is there.
        if let [first, ..] = *killed {
            play.cluster.nodes[first].start(&["-v", "--resume"]);
            let alone = play.cluster.nodes[first].ended_within(END).expect("it hangs");
            match alone.code() {
                Some(0) => assert_eq!(alone.summary("status"), "complete"),
                Some(1) => drop(alone.said(&["of 3 members of cluster "])),
                _ => panic!("{alone:#?}"),
            }
            let again: Vec<_> = killed.into_iter().skip(usize::from(alone.code() == Some(0))).collect();
            again.iter().for_each(|node| play.cluster.nodes[*node].start(&["-v", "--resume"]));
            for node in again {
                // Where the others have ended and are not started again, it may lack the end.
                let ended = play.cluster.nodes[node].ended_within(END).expect("it hangs");
                assert!([Some(0), Some(1)].contains(&ended.code()), "{ended:#?}");
                if ended.code() == Some(0) {
                    assert_rows(&[&play.cluster.nodes[node]], &SITE.rows());
                }
            }
        }
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn one_of_three_is_resumed_alone_and_then_all() {
    play("one of three is resumed alone and then all", 3, |play| {
        play.pause(0, 500);
        play.cluster.nodes.iter_mut().for_each(|node| node.kill());
        play.cluster.nodes[0].start(&["-v", "--resume"]);
        let ended = play.ends(0, 1);
        ended.said(&["1 of 3 members answer, more than half are needed", "1 of 3 members of cluster "]);
        assert!(!ended.stderr.contains("a quorum is there"), "{ended:#?}");
        play.cluster.start(&["-v", "--resume"]);
        play.complete(&[0, 1, 2]);
    });
}

#[test]
#[ignore = "minutes: scripts/scenarios"]
fn two_of_three_die_and_come_back() {
    play("two of three die and come back", 3, |play| {
        (1..3).for_each(|node| play.cluster.nodes[node].kill());
        play.cluster.nodes[0].running().says("quorum lost");
        let status = play.cluster.nodes[0].status().unwrap();
        assert_eq!(
            (&status["quorum"]["state"], status["leader"].is_null()),
            (&"lost".into(), true),
            "{status}"
        );
        play.pause(0, 12_000);
        (1..3).for_each(|node| play.cluster.nodes[node].start(&["-v", "--resume"]));
        play.complete(&[0, 1, 2]);
    });
}
