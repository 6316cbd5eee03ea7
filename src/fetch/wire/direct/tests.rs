//! The connection limit where connections take a while to end.

use super::*;

use crate::fetch::wire::connection::tests::stalled;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_connection_that_takes_a_while_to_end_is_waited_for_without_closing_others() {
    let places = Arc::new(Semaphore::new(3));
    let direct = Direct::new(&FetchSettings::default(), HOUR * 24);
    direct.places.set(Arc::clone(&places)).unwrap();
    let mut servers = vec![];
    for host in ["a", "b", "c"] {
        let (connection, server) = stalled(&places).await;
        servers.push(server);
        direct.pool.put(host, connection);
    }
    // No request waits; this one is over.
    direct.pool.one_came().await;
    let mut tries = 0;
    let free = async {
        loop {
            tries += 1;
            match direct.place() {
                Ok(place) => return place,
                Err(fault) => assert!(matches!(fault, Fault::Lacks(Lack::Place)), "{fault:?}"),
            }
            if let Some(place) = direct.room().await {
                return place;
            }
        }
    };
    let place = timeout(HOUR, free).await.unwrap();
    assert_eq!(tries, 1);
    let idle = ["a", "b", "c"].map(|host| direct.pool.take(host).is_some());
    assert_eq!(idle, [false, true, true]);
    drop(place);
}
