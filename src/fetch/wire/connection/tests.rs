//! HTTP/2 connections whose servers do not read.

use super::*;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;

/// Longer than any wait of these tests; their clock does not wait.
const LIMIT: Duration = Duration::from_secs(3600);

/// A connection with unsent bytes, whose server does not read, and the server's end of it.
pub(in crate::fetch::wire) async fn stalled(places: &Arc<Semaphore>) -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(1).unwrap();
    let stream = socket.connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let place = Arc::clone(places).try_acquire_owned().unwrap();
    let mut connection = Connection::begin_two(Stream::Plain(stream), place).await.unwrap();
    for _ in 0..1000 {
        let mut question = Question::new(Empty::new());
        *question.uri_mut() = "/".parse().unwrap();
        let large = "x".repeat(15_000).parse().unwrap();
        question.headers_mut().insert(header::COOKIE, large);
        question.headers_mut().insert(header::HOST, "a.test".parse().unwrap());
        let answer = timeout(Duration::from_millis(10), connection.ask(question)).await;
        assert!(answer.is_err(), "{answer:?}");
    }
    (connection, server)
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_server_does_not_read_ends_and_counts_until_then() {
    let places = Arc::new(Semaphore::new(1));
    let (connection, mut server) = stalled(&places).await;
    drop(connection);
    tokio::task::yield_now().await;
    assert_eq!(places.available_permits(), 0, "its descriptor is still in use");
    let freed = timeout(LIMIT, places.acquire()).await;
    assert!(freed.is_ok(), "it does not end");
    // Writing to a connection that is closed fails.
    let ended = async {
        while server.write_all(&[0; 1000]).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(LIMIT, ended).await.is_ok(), "the descriptor is still open");
}
