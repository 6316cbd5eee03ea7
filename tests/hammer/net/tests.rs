//! Links of namespaces are cut, lossy and slow when told so, and whole again afterwards.

use std::process::Child;
use std::time::Duration;
use std::time::Instant;

use crate::support::needs;

use super::*;

/// Answers each connection on this address with what it sends.
const SERVE: &str = "use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalAddr => $ARGV[0], Listen => 9) or die $!;
    $| = 1; print \"ready\\n\"; while (my $c = $s->accept) { while (sysread($c, my $b, 99)) { syswrite($c, $b) } }";

/// Sends a byte and waits for it, for a second altogether.
const ASK: &str =
    "use IO::Socket::INET; alarm 1; my $c = IO::Socket::INET->new(PeerAddr => $ARGV[0]) or exit 1;
    syswrite($c, 'x'); exit !sysread($c, my $b, 1)";

/// What is done to a network.
type Fault = fn(&Net);

/// Two hosts, with a server on the second one.
struct Two {
    server: Child,
    net: Net,
}

impl Two {
    fn new() -> Self {
        let net = Net::new(Network::Netns, 2);
        let mut command = net.command(1, Path::new("perl"));
        command.args(["-e", SERVE, &net.address(1).to_string()]).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(server.stdout.as_mut().unwrap(), &mut ready).unwrap();
        Self { server, net }
    }

    /// Whether the first host gets an answer from the second one, and after how long.
    fn asks(&self) -> (bool, Duration) {
        let begun = Instant::now();
        let mut command = self.net.command(0, Path::new("perl"));
        let status = command.args(["-e", ASK, &self.net.address(1).to_string()]).status().unwrap();
        (status.success(), begun.elapsed())
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

#[test]
fn links_are_cut_and_healed() {
    if let Some(obstacle) = Net::obstacle(Network::Netns) {
        needs::lacks("netns", &obstacle);
        return;
    }
    let two = Two::new();
    let faults: [(&str, Fault, bool); 5] = [
        ("nothing", |_| {}, true),
        ("partition", |net| net.part(&[1], 2), false),
        ("what is asked is lost", |net| net.part_one_way(&[0], 2, true), false),
        ("what is answered is lost", |net| net.part_one_way(&[0], 2, false), false),
        ("all is lost", |net| net.lose(100), false),
    ];
    for (name, fault, is_answered) in faults {
        fault(&two.net);
        assert_eq!(two.asks().0, is_answered, "{name}");
        two.net.heal();
        assert!(two.asks().0, "after {name}");
    }
    two.net.delay(100, 10);
    let (is_answered, time) = two.asks();
    // The connection, then the byte: two ways there and back.
    assert!(is_answered && time >= Duration::from_millis(400), "{is_answered} after {time:?}");
}
