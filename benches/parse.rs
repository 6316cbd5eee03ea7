//! How long one page takes on one thread: bytes to tree, bytes to parsed data, bytes to encoded rows.
//!
//! Times vary with what else the machine does; `parse_instructions` counts instead.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench ends where anything is wrong")]

mod page;

use bytes::Bytes;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use page::Tasks;
use page::site;

fn one_page(criterion: &mut Criterion) {
    let tasks = Tasks::new(site::DEFINITIONS);
    let text = site::page();
    let body = Bytes::from(text.clone());
    let mut group = criterion.benchmark_group("one page");
    group.throughput(criterion::Throughput::Bytes(text.len() as u64));
    group.bench_function("tree", |bencher| bencher.iter(|| page::tree(&text)));
    group.bench_function("parse", |bencher| bencher.iter(|| tasks.parse("company", body.clone())));
    group.bench_function("all steps", |bencher| bencher.iter(|| tasks.run("company", body.clone())));
    group.finish();
}

criterion_group!(benches, one_page);
criterion_main!(benches);
