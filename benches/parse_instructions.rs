//! How many instructions one page takes, counted by valgrind's callgrind: the same on a busy machine as on a quiet one.
//!
//! Runs itself under `valgrind` once with few pages and once with more; what lies between is the cost of pages without
//! that of starting. Without valgrind it says so and ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench ends where anything is wrong")]

mod page;

use std::env;
use std::hint::black_box;
use std::io::ErrorKind;
use std::process::Command;

use bytes::Bytes;
use page::Tasks;
use page::site;

const WORK: [&str; 3] = ["tree", "parse", "all steps"];
/// Before counting, so that what is made once is made.
const FEW: u64 = 2;
const MORE: u64 = 12;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, flag, work, pages] = arguments.as_slice()
        && flag == "--work"
    {
        return do_work(work, pages.parse().unwrap());
    }
    for work in WORK {
        let Some((few, more)) = count(work, FEW).zip(count(work, MORE)) else {
            println!("not counted: there is no `valgrind` here");
            return;
        };
        println!("{work:<10} {:>12} instructions a page", (more - few) / (MORE - FEW));
    }
}

fn do_work(work: &str, pages: u64) {
    let (tasks, text) = (Tasks::new(site::DEFINITIONS), site::page());
    let body = Bytes::from(text.clone());
    for _ in 0..pages {
        black_box(match work {
            "tree" => page::tree(&text),
            "parse" => tasks.parse("company", body.clone()),
            _ => tasks.run("company", body.clone()),
        });
    }
}

/// The instructions of this program doing its work on so many pages; `None` without valgrind.
fn count(work: &str, pages: u64) -> Option<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe().unwrap());
    let output = match valgrind.args(["--work", work, &pages.to_string()]).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        output => output.unwrap(),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    Some(counted.unwrap_or_else(|| panic!("valgrind counted nothing: {said}")))
}
