//! The gate of a host on paused time: how many at once, how far apart, in which order.

use super::*;

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use tokio::task::JoinSet;

fn gates(parallelism: usize, delay: u64) -> Arc<Gates> {
    Arc::new(Gates::new(NonZeroUsize::new(parallelism).unwrap(), Duration::from_millis(delay)))
}

/// Waits at the gate of a host, however long that takes.
async fn enter(gates: &Gates, host: &str) -> Pass<'static> {
    gates.enter(host, Word::default()).await.unwrap()
}

/// Starts `requests` of `length` ms each at once and returns when each started, in ms, in order of asking.
async fn starts(gates: &Arc<Gates>, host: &'static str, requests: usize, length: u64) -> Vec<u128> {
    let begin = Instant::now();
    let mut running = JoinSet::new();
    for number in 0..requests {
        let gates = Arc::clone(gates);
        running.spawn(async move {
            let _pass = enter(&gates, host).await;
            let start = begin.elapsed().as_millis();
            tokio::time::sleep(Duration::from_millis(length)).await;
            (number, start)
        });
    }
    let mut starts = running.join_all().await;
    starts.sort_unstable();
    starts.into_iter().map(|(_, start)| start).collect()
}

async fn check(parallelism: usize, delay: u64, length: u64, expected: &[u128]) {
    let starts = starts(&gates(parallelism, delay), "h", expected.len(), length).await;
    let close = starts.iter().zip(expected).all(|(start, expected)| start.abs_diff(*expected) <= 10);
    assert!(close, "parallelism {parallelism}, delay {delay}: {starts:?}, expected {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn requests_to_a_host_start_in_order_at_the_distance_and_number_allowed() {
    check(1, 1000, 0, &[0, 1000, 2000, 3000]).await;
    check(1, 1000, 2500, &[0, 2500, 5000]).await;
    check(1, 0, 0, &[0, 0, 0]).await;
    check(2, 1000, 10_000, &[0, 1000, 10_000, 11_000, 20_000]).await;
    check(3, 0, 500, &[0, 0, 0, 500, 500, 500, 1000]).await;
}

#[tokio::test(start_paused = true)]
async fn hosts_do_not_wait_for_each_other() {
    let gates = gates(1, 1000);
    let begin = Instant::now();
    let passes = [enter(&gates, "a").await, enter(&gates, "b").await, enter(&gates, "c").await];
    assert_eq!(begin.elapsed(), Duration::ZERO);
    drop(passes);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_asked_for_time_gets_it_even_from_those_who_wait_already() {
    let gates = gates(2, 1000);
    let pass = enter(&gates, "h").await;
    let begin = Instant::now();
    let waiting = tokio::spawn({
        let gates = Arc::clone(&gates);
        async move {
            let _pass = enter(&gates, "h").await;
            begin.elapsed().as_secs()
        }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    pass.hold(Duration::from_secs(60));
    pass.hold(Duration::from_secs(1));
    assert_eq!(waiting.await.unwrap(), 60);
}

/// Asks for "h" as one who was told of so many moves; when the request may start, in ms since `begin`.
async fn moved(gates: &Gates, begin: Instant, moves: u32) -> u128 {
    drop(gates.enter_if_open("h", Word { moves, ..Word::default() }).await.unwrap());
    begin.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn a_host_that_moved_is_left_alone_for_one_delay_and_once() {
    let (gates, begin) = (gates(1, 1000), Instant::now());
    // Nothing is known of the host yet: without a move it may be asked at once, with one it may not.
    assert_eq!(moved(&self::gates(1, 1000), begin, 0).await, 0);
    assert_eq!(moved(&gates, begin, 1).await, 1000);
    assert_eq!(moved(&gates, begin, 1).await, 2000, "the same move is not new");
    tokio::time::advance(Duration::from_secs(8)).await;
    assert_eq!(moved(&gates, begin, 1).await, 10_000);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(moved(&gates, begin, 4).await, 21_000, "it was elsewhere in between");
    tokio::time::advance(Duration::from_secs(9)).await;
    assert_eq!(moved(&gates, begin, 3).await, 30_000, "one who was told before the last move comes late");
}

#[tokio::test(start_paused = true)]
async fn those_who_come_after_a_move_share_one_pause_whoever_comes_first() {
    let (gates, begin) = (gates(2, 1000), Instant::now());
    let later = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        moved(&gates, begin, 7).await
    };
    assert_eq!(tokio::join!(moved(&gates, begin, 7), moved(&gates, begin, 7), later), (1000, 2000, 3000));
}

#[tokio::test(start_paused = true)]
async fn a_move_shortens_no_pause_and_makes_none_where_there_is_no_delay() {
    let (gates, begin) = (gates(1, 1000), Instant::now());
    enter(&gates, "h").await.hold(Duration::from_secs(60));
    assert_eq!(moved(&gates, begin, 1).await, 60_000);
    assert_eq!(moved(&self::gates(1, 0), begin, 1).await, 60_000);
}

/// Asks for "h" as one who was told of so many places.
async fn placed(gates: &Gates, request: u64, count: u32) -> Pass<'static> {
    let word = Word { places: Some(HostPlaces { request, count }), ..Word::default() };
    gates.enter_if_open("h", word).await.unwrap()
}

/// Whether one who was told of so many places may go through at once.
async fn may_enter(gates: &Gates, request: u64, count: u32) -> Option<Pass<'static>> {
    tokio::time::timeout(Duration::from_millis(10), placed(gates, request, count)).await.ok()
}

#[tokio::test(start_paused = true)]
async fn as_many_go_through_as_was_told_last_whoever_comes_first() {
    let gates = gates(9, 0);
    let first = placed(&gates, 3, 2).await;
    let second = placed(&gates, 1, 8).await;
    assert!(may_enter(&gates, 2, 8).await.is_none(), "told before the one who said two");
    let third = may_enter(&gates, 4, 3).await.unwrap();
    assert!(may_enter(&gates, 4, 3).await.is_none());
    assert!(may_enter(&gates, 5, 1).await.is_none(), "fewer");
    drop(first);
    assert!(may_enter(&gates, 5, 1).await.is_none(), "two are through still");
    drop(second);
    assert!(may_enter(&gates, 5, 1).await.is_none(), "one is");
    drop(third);
    let alone = may_enter(&gates, 5, 1).await.unwrap();
    let two = [may_enter(&gates, 6, 3).await.unwrap(), may_enter(&gates, 6, 3).await.unwrap()];
    assert!(may_enter(&gates, 6, 3).await.is_none());
    assert!(may_enter(&gates, 7, 1).await.is_none(), "two too many");
    let four = [may_enter(&gates, 8, 4).await.unwrap()];
    assert!(may_enter(&gates, 8, 4).await.is_none(), "those that were too many count");
    drop((alone, two, four));
}

#[tokio::test(start_paused = true)]
async fn one_who_was_next_and_gave_up_leaves_no_place_behind_that_is_gone() {
    let gates = gates(2, 0);
    let (first, _second) = (placed(&gates, 1, 2).await, placed(&gates, 1, 2).await);
    {
        let mut waiting = pin!(placed(&gates, 1, 2));
        std::future::poll_fn(|context| {
            assert!(waiting.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(first);
        gates.hear("h", HostPlaces { request: 2, count: 1 });
    }
    assert!(may_enter(&gates, 2, 1).await.is_none(), "one place, and it is taken");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_go_through_when_more_places_are_told() {
    let gates = gates(1, 0);
    let _first = placed(&gates, 1, 1).await;
    let waiting = tokio::spawn({
        let gates = Arc::clone(&gates);
        async move { placed(&gates, 1, 1).await }
    });
    tokio::task::yield_now().await;
    assert!(may_enter(&gates, 2, 2).await.is_none(), "another one came before");
    drop(waiting.await.unwrap());
    assert!(may_enter(&gates, 2, 2).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_second_request_under_one_pass_keeps_the_distance() {
    let gates = gates(1, 1000);
    let mut pass = enter(&gates, "h").await;
    let begin = Instant::now();
    pass.again(Word::default()).await.unwrap();
    pass.again(Word::default()).await.unwrap();
    assert_eq!(begin.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_gives_up_takes_nothing_with_it() {
    let gates = gates(1, 1000);
    let pass = enter(&gates, "h").await;
    let begin = Instant::now();
    {
        // One waits for the slot and is dropped.
        let mut waiting = pin!(enter(&gates, "h"));
        std::future::poll_fn(|context| {
            assert!(waiting.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    drop(pass);
    for _ in 0..5 {
        // These have the slot, wait for the clock and are dropped.
        let gone = tokio::time::timeout(Duration::from_millis(10), enter(&gates, "h")).await;
        assert!(gone.is_err());
    }
    drop(enter(&gates, "h").await);
    assert!(begin.elapsed().as_millis().abs_diff(1000) <= 10, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn idle_hosts_are_forgotten_and_busy_ones_are_not() {
    let gates = gates(1, 1000);
    let busy = enter(&gates, "busy").await;
    for number in 0..10 * SWEEP {
        drop(enter(&gates, &format!("h{number}")).await);
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    assert!(gates.hosts.lock().gates.len() <= SWEEP + 1);
    assert!(gates.hosts.lock().gates.contains_key("busy"));
    drop(busy);
}

#[tokio::test(start_paused = true)]
async fn hosts_that_want_to_be_left_alone_do_not_fill_memory() {
    let gates = gates(1, 0);
    for number in 0..2 * MOST {
        enter(&gates, &format!("h{number}")).await.hold(Duration::from_secs(600));
    }
    assert!(gates.hosts.lock().gates.len() <= MOST);
}

#[tokio::test(start_paused = true)]
async fn closed_gates_send_away_those_who_wait_and_those_who_come() {
    let gates = gates(1, 1000);
    let mut pass = gates.enter_if_open("h", Word::default()).await.unwrap();
    let waiting = tokio::spawn({
        let gates = Arc::clone(&gates);
        async move { gates.enter_if_open("h", Word::default()).await.unwrap_err() }
    });
    tokio::task::yield_now().await;
    let begin = Instant::now();
    gates.close();
    assert_eq!(waiting.await.unwrap(), Denied::Closed);
    assert_eq!(gates.enter_if_open("other", Word::default()).await.unwrap_err(), Denied::Closed);
    assert_eq!(begin.elapsed(), Duration::ZERO);
    // A request that is through may continue, as after a redirect.
    pass.again(Word::default()).await.unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(1));
}

const PATIENT: Word<'static> =
    Word { pool: None, patience: Some(Duration::from_secs(3)), moves: 0, places: None, busy: None };

#[tokio::test(start_paused = true)]
async fn one_with_a_deadline_is_told_why_it_does_not_get_through() {
    let gates = gates(1, 1000);
    let pass = gates.enter("h", PATIENT).await.unwrap();
    let begin = Instant::now();
    assert_eq!(gates.enter("h", PATIENT).await.unwrap_err(), Denied::Busy);
    assert_eq!(begin.elapsed(), Duration::from_secs(3));
    pass.hold(Duration::from_secs(60));
    drop(pass);
    let begin = Instant::now();
    assert_eq!(gates.enter("h", PATIENT).await.unwrap_err(), Denied::Waits(Duration::from_secs(60)));
    assert_eq!(begin.elapsed(), Duration::ZERO, "a wait that is known to be too long is not begun");
    tokio::time::advance(Duration::from_secs(58)).await;
    drop(gates.enter("h", PATIENT).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_host_has_no_place_in_the_pool() {
    let (gates, pool) = (gates(1, 1000), Semaphore::new(1));
    let pooled = Word { pool: Some(&pool), ..Word::default() };
    let mut pass = gates.enter("slow", pooled).await.unwrap();
    assert_eq!(pool.available_permits(), 0);
    {
        let mut waiting = pin!(pass.again(Word::default()));
        std::future::poll_fn(|context| {
            assert!(waiting.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        let begin = Instant::now();
        drop(gates.enter("other", pooled).await.unwrap());
        assert_eq!(begin.elapsed(), Duration::ZERO);
        waiting.await.unwrap();
    }
    assert_eq!(pool.available_permits(), 0);
    drop(pass);
    assert_eq!(pool.available_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_distance_is_kept_between_requests_that_waited_for_a_place() {
    let (gates, pool) = (gates(2, 1000), Semaphore::new(1));
    let pooled = Word { pool: Some(&pool), ..Word::default() };
    let other = gates.enter("other", pooled).await.unwrap();
    let begin = Instant::now();
    let starts = async {
        let first = gates.enter("h", pooled).await.unwrap();
        let at = begin.elapsed();
        drop(first);
        at
    };
    let release = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        drop(other);
    };
    let (first, second, ()) =
        tokio::join!(starts, async { gates.enter("h", pooled).await.map(|_| begin.elapsed()) }, release);
    assert_eq!((first.as_millis(), second.unwrap().as_millis()), (900, 1900));
}

/// A pool whose only permit is taken for 10 s; then two requests of `length` ms each to one host. Returns what came of
/// them and when, in ms.
async fn behind_a_full_pool(parallelism: usize, length: u64) -> [(Option<Denied>, u128); 2] {
    let (gates, pool) = (gates(parallelism, 0), Semaphore::new(1));
    let pooled = Word { pool: Some(&pool), ..PATIENT };
    let other = gates.enter("other", pooled).await.unwrap();
    let begin = Instant::now();
    let request = async || {
        let pass = gates.enter("h", pooled).await;
        let at = begin.elapsed().as_millis();
        tokio::time::sleep(Duration::from_millis(length)).await;
        (pass.err(), at)
    };
    let release = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        drop(other);
    };
    let (first, second, ()) = tokio::join!(request(), request(), release);
    [first, second]
}

#[tokio::test(start_paused = true)]
async fn a_full_pool_is_not_blamed_on_the_host() {
    for parallelism in [1, 2] {
        let came = behind_a_full_pool(parallelism, 1000).await;
        assert_eq!(came, [(None, 10_000), (None, 11_000)], "parallelism {parallelism}");
        // With two at a time, the host is not what the second one waits for.
        let second = if parallelism == 1 { (Some(Denied::Busy), 13_000) } else { (None, 15_000) };
        let came = behind_a_full_pool(parallelism, 5000).await;
        assert_eq!(came, [(None, 10_000), second], "parallelism {parallelism}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_gives_up_waiting_for_the_pool_stops_its_clock() {
    let (gates, pool) = (gates(2, 0), Semaphore::new(0));
    let begin = Instant::now();
    let gone = async {
        let pooled = Word { pool: Some(&pool), ..PATIENT };
        let gone = tokio::time::timeout(Duration::from_secs(10), gates.enter("h", pooled)).await;
        assert!(gone.is_err());
    };
    let ((), pass) = tokio::join!(gone, gates.enter("h", PATIENT));
    assert_eq!((pass.as_ref().err(), begin.elapsed().as_secs()), (None, 10));
    let _other = gates.enter("h", PATIENT).await.unwrap();
    assert_eq!(gates.enter("h", PATIENT).await.unwrap_err(), Denied::Busy);
    assert_eq!(begin.elapsed().as_secs(), 13);
}
