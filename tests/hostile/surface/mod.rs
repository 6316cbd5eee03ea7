//! What reaches terminals, logs and disks: control characters, passwords, floods; and what lies in the place of files.

mod files;
mod floods;
mod secrets;
mod settings;
mod terminal;

use crate::support::scoopi::Ended;
use crate::support::scoopi::RUN_DATE;
use crate::support::scoopi::Scoopi;

const RUN: [&str; 2] = ["--output", "output"];

const CLEAN: &str = "function execute(data) {
  var text = data.getItems().get(0).getValue('fact');
  console.log(text);
  throw new Error(text);
}";

const TAG: &str = "function execute(data) {
  data.getItems().get(0).getAxisByItemName('tag').setValue(data.getTagValue('url'));
  return data;
}";

/// One page, one row.
const PLAIN: &str = r#"
locatorGroups: { g: { locators: [ { name: l, url: /page.html } ] } }
taskGroups: { g: { title: { dataDef: title, steps: toFile } } }
steps: { toFile: [ parser: css, appender: [ file: { file: data.txt, encoder: csv } ] ] }
dataDefs: { title: { query: { block: body, selector: h1 }, items: [ { name: title, value: T } ] } }
"#;

fn folder(definitions: &str) -> Scoopi {
    let scoopi = Scoopi::new(definitions).with(&[RUN_DATE, "loader.fetch.delay=0", "job.maxTries=1"]);
    scoopi.write("page.html", "<h1>Acme</h1>");
    scoopi.write("clean.js", CLEAN);
    scoopi.write("tag.js", TAG);
    scoopi
}

/// A run to its end, with further arguments.
fn run(scoopi: &Scoopi, arguments: &[&str]) -> Ended {
    scoopi.run(&[&RUN[..], arguments].concat())
}

/// What goes to people after a run: name and text.
fn outlets(scoopi: &Scoopi, ended: &Ended) -> [(&'static str, String); 4] {
    [
        ("stdout", ended.stdout.clone()),
        ("stderr", ended.stderr.clone()),
        ("log", scoopi.read("logs/scoopi.log")),
        ("failed.ndjson", scoopi.read("output/failed.ndjson")),
    ]
}
