//! The native functions and values that the prelude is given.
//!
//! Knows how the answers of [`Configs`] and the facts of a page become JavaScript values. Scripts never see
//! these functions: the prelude stands before them, and only ever calls them with clean text and whole
//! numbers.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use rquickjs::{Ctx, Function, Object, TypedArray};

use crate::model::shown;

use super::Configs;
use super::host::{Host, OwnedFacts, date_text, unknown_key};

/// Lines that one evaluation may write to the log.
const LINES: u32 = 100;

/// Makes the object `host` of the prelude.
pub(super) fn host_object<'js>(
    ctx: &Ctx<'js>,
    host: Host,
    logged: Rc<Cell<u32>>,
    script: &str,
) -> rquickjs::Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    add_configs(ctx, &object, &host.configs)?;
    if let Some(page) = host.page {
        object.set("page", page_object(ctx, &page)?)?;
        let body = page.body;
        object.set("bytes", Function::new(ctx.clone(), move |ctx| copy_of(ctx, &body))?)?;
    }
    let script = script.to_owned();
    let log = move |line: String| write_line(&line, &logged, &script);
    object.set("log", Function::new(ctx.clone(), log)?)?;
    Ok(object)
}

fn add_configs<'js>(
    ctx: &Ctx<'js>,
    object: &Object<'js>,
    configs: &Arc<dyn Configs>,
) -> rquickjs::Result<()> {
    object.set("runDate", number(configs.run_date()))?;
    object.set("runDateTime", number(configs.run_date_time()))?;
    object.set("highDate", number(configs.high_date()))?;
    object.set("isCluster", configs.is_cluster())?;
    object.set("userAgent", configs.user_agent())?;
    let of = Arc::clone(configs);
    object.set("config", Function::new(ctx.clone(), move |key: String| of.get(&key))?)?;
    let of = Arc::clone(configs);
    object.set("unknownKey", Function::new(ctx.clone(), move |key: String| unknown_key(&*of, &key))?)?;
    let of = Arc::clone(configs);
    let text = move |millis: f64| date_text(&*of, whole(millis)).ok();
    object.set("dateText", Function::new(ctx.clone(), text)?)?;
    let of = Arc::clone(configs);
    let problem = move |millis: f64| date_text(&*of, whole(millis)).err();
    object.set("dateProblem", Function::new(ctx.clone(), problem)?)
}

fn page_object<'js>(ctx: &Ctx<'js>, page: &OwnedFacts) -> rquickjs::Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("name", page.name.as_str())?;
    object.set("group", page.group.as_str())?;
    object.set("url", page.url.as_str())?;
    object.set("fromDate", number(page.from_date))?;
    object.set("locatorId", page.locator_id.as_str())?;
    object.set("id", page.id.as_str())?;
    Ok(object)
}

/// A copy in the heap of the engine, so that it counts there.
fn copy_of<'js>(ctx: Ctx<'js>, body: &Bytes) -> rquickjs::Result<TypedArray<'js, u8>> {
    TypedArray::new_copy(ctx, body)
}

fn write_line(line: &str, logged: &Cell<u32>, script: &str) {
    let count = logged.get().saturating_add(1);
    logged.set(count);
    if count <= LINES {
        tracing::debug!(script, "{}", shown(line));
    } else if count == LINES + 1 {
        tracing::debug!(script, "the script writes more than {LINES} lines, the others are left out");
    }
}

/// Milliseconds as JavaScript has them. Exact for every date that JavaScript can hold.
fn number(millis: i64) -> f64 {
    millis as f64
}

/// Milliseconds of a JavaScript date, which are whole and below 2^53; `as` saturates for anything else.
fn whole(millis: f64) -> i64 {
    millis as i64
}
