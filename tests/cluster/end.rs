//! Runs that are over at once, that hang on one page, and that do not end well.

use std::time::Duration;
use std::time::Instant;

use crate::support::cluster::Cluster;
use crate::support::response::Response;
use crate::support::server::Server;

use super::numbers;

fn cluster(definitions: &str) -> Cluster {
    Cluster::new(3, definitions).with(&["loader.fetch.delay=0"])
}

#[test]
fn a_run_that_finds_no_links_ends_with_no_rows() {
    let server = Server::start(|_| Response::html("<ul><li><a href='/n/1'>1</a></li></ul>"));
    // The only link is filtered away.
    let mut cluster = cluster(&format!(
        r#"
locatorGroups: {{ lists: {{ locators: [ {{ name: l, url: "{}/list" }} ] }} }}
taskGroups:
  lists: {{ links: {{ dataDef: links, steps: [ parser: css, filter, links ] }} }}
  n: {{ rows: {{ dataDef: d }} }}
dataDefs:
  links:
    query: {{ block: li }}
    items: [ {{ name: link, selector: "a attribute: href", linkGroup: n, filters: [ {{ value: ".*" }} ] }} ]
  d: {{ query: {{ block: body, selector: i }}, items: [ {{ name: number, value: N }} ] }}
"#,
        server.url
    ));
    for ended in cluster.exits(0, &[]) {
        assert_eq!(ended.summary("status"), "complete");
        assert_eq!(ended.summary("rows"), "0");
        assert!(ended.summary("pages").starts_with("1 done"), "{ended:?}");
    }
    cluster.assert_rows(&[]);
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_run_of_one_page_ends_with_its_row_on_every_node() {
    let server = Server::start(numbers::page);
    let mut cluster = cluster(&numbers::definitions(&server.url, 1));
    cluster.exits(0, &[]);
    cluster.assert_rows(&numbers::rows(1));
    assert_eq!(server.hits(), 1);
}

#[test]
fn nobody_ends_while_the_only_page_is_on_its_way() {
    const SLOW: Duration = Duration::from_secs(4);
    let server = Server::start(|request| numbers::page(request).delayed(SLOW));
    let mut cluster = cluster(&numbers::definitions(&server.url, 1));
    let begun = Instant::now();
    // Idle for longer than a session: a node that has nothing to do is alive all the same.
    cluster = cluster.with(&["cluster.session=1500", "cluster.keepAlive=300"]);
    cluster.start(&["-v"]);
    let ended = cluster.ends(0);
    assert!(begun.elapsed() >= SLOW);
    for ended in ended {
        assert!(!ended.stderr.contains("no sign of life"), "{ended:#?}");
    }
    cluster.assert_rows(&numbers::rows(1));
    assert_eq!(server.hits(), 1);
}

#[test]
fn pages_that_fail_are_listed_on_every_node_which_all_end_with_code_3() {
    let server = Server::start(|request| match request.path.as_str() {
        "/n/2" | "/n/5" => Response::status(404),
        _ => numbers::page(request),
    });
    let mut cluster = cluster(&numbers::definitions(&server.url, 9));
    for ended in cluster.exits(3, &[]) {
        assert_eq!(ended.summary("status"), "finished with errors");
        assert_eq!(ended.summary("failed"), "2 failed, 0 quarantined");
        assert_eq!(ended.summary("rows"), "7");
    }
    let outputs: Vec<_> = cluster.nodes.iter().map(|node| node.output()).collect();
    assert!(outputs.iter().all(|output| *output == outputs[0]), "{outputs:?}");
    for node in &cluster.nodes {
        let mut failed: Vec<_> = node.folder.failed().iter().map(|job| job["url"].to_string()).collect();
        failed.sort();
        assert_eq!(failed, ["2", "5"].map(|number| format!("\"{}\"", server.at(&format!("/n/{number}")))));
        let mut rows: Vec<_> = node.folder.rows().lines().map(str::to_owned).collect();
        rows.sort();
        let expected = numbers::rows(9).into_iter().enumerate();
        let expected: Vec<_> = expected.filter(|(at, _)| ![1, 4].contains(at)).map(|(_, row)| row).collect();
        assert_eq!(rows, expected);
    }
}
