//! A real HTTP/1.1 server on loopback that can misbehave, and remembers what it was asked.
//!
//! It runs on a thread and a runtime of its own, so that tests with or without a runtime, with paused time or
//! with other processes as clients can use it alike. Dropping it ends the thread and every connection.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::response::{Body, Response};

/// Longest head of a request, in bytes.
const MAX_HEAD: u64 = 256 * 1024;

/// What a client sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Number of the connection, from 0.
    pub(crate) connection: usize,
    /// When its head was complete.
    pub(crate) at: Instant,
}

impl Request {
    /// The value of a header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

type Handler = dyn Fn(&Request) -> Response + Send + Sync;

/// A running server; it stops when dropped.
pub(crate) struct Server {
    /// `http://127.0.0.1:port`, without a slash at the end.
    pub(crate) url: String,
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    handler: Box<Handler>,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    connections: usize,
    running: HashMap<String, usize>,
    all_running: usize,
    most: HashMap<String, usize>,
    most_of_all: usize,
    answered: Option<Instant>,
}

impl Server {
    /// Starts a server that answers each request with what `handler` says.
    pub(crate) fn start(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::start_at(IpAddr::V4(Ipv4Addr::LOCALHOST), handler)
    }

    /// Starts one at an address of this machine, on a port that the system chooses.
    pub(crate) fn start_at(
        address: IpAddr,
        handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind((address, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { handler: Box::new(handler), log: Mutex::default() });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn({
            let state = Arc::clone(&state);
            move || run(listener, &state, stopped)
        });
        Self { url: format!("http://{address}"), address, state, stop: Some(stop), thread: Some(thread) }
    }

    /// Starts a server with one answer per path (query included), and 404 for every other one.
    pub(crate) fn with_routes(routes: impl IntoIterator<Item = (&'static str, Response)>) -> Self {
        let routes: HashMap<_, _> = routes.into_iter().collect();
        Self::start(move |request| {
            routes.get(request.path.as_str()).cloned().unwrap_or_else(|| Response::status(404))
        })
    }

    /// The URL of `path`.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Number of requests so far.
    pub(crate) fn hits(&self) -> usize {
        self.state.log().requests.len()
    }

    /// Number of requests for `path` so far.
    pub(crate) fn hits_of(&self, path: &str) -> usize {
        self.state.log().requests.iter().filter(|request| request.path == path).count()
    }

    /// All requests so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.log().requests.clone()
    }

    /// Number of connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.log().connections
    }

    /// When the last answer was ready to leave.
    pub(crate) fn last_answer(&self) -> Option<Instant> {
        self.state.log().answered
    }

    /// Most requests that ran at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.state.log().most_of_all
    }

    /// Most requests for `path` that ran at the same time.
    pub(crate) fn most_at_once_of(&self, path: &str) -> usize {
        self.state.log().most.get(path).copied().unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the test server panicked");
        }
    }
}

impl State {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }
}

/// Counts a request as running until dropped.
struct Running<'a> {
    state: &'a State,
    path: String,
}

impl<'a> Running<'a> {
    fn new(state: &'a State, request: &Request) -> Self {
        let mut guard = state.log();
        let log = &mut *guard;
        log.requests.push(request.clone());
        log.all_running += 1;
        log.most_of_all = log.most_of_all.max(log.all_running);
        let running = log.running.entry(request.path.clone()).or_default();
        *running += 1;
        let most = log.most.entry(request.path.clone()).or_default();
        *most = (*most).max(*running);
        Self { state, path: request.path.clone() }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut log = self.state.log();
        log.all_running -= 1;
        log.answered = Some(Instant::now());
        if let Some(running) = log.running.get_mut(&self.path) {
            *running -= 1;
        }
    }
}

fn run(listener: std::net::TcpListener, state: &Arc<State>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::select! {
            () = accept(&listener, state) => {}
            _ = stopped => {}
        }
    });
}

async fn accept(listener: &TcpListener, state: &Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let connection = {
            let mut log = state.log();
            log.connections += 1;
            log.connections - 1
        };
        let state = Arc::clone(state);
        tokio::spawn(async move {
            // A client that goes away is what many tests are about.
            serve(stream, &state, connection).await.ok();
        });
    }
}

async fn serve(stream: TcpStream, state: &State, connection: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let request = match read_request(&mut stream, connection).await {
            Ok(Some(request)) => request,
            Ok(None) => break,
            Err(error) => {
                // As real servers do when somebody speaks TLS to them.
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await?;
                return Err(error);
            }
        };
        let running = Running::new(state, &request);
        let response = (state.handler)(&request);
        if !response.delay.is_zero() {
            tokio::time::sleep(response.delay).await;
        }
        if let Some(gate) = &response.gate {
            // A gate that is gone holds nothing up.
            gate.clone().wait_for(|is_open| *is_open).await.ok();
        }
        let keep = answer(&mut stream, &request, response, running).await?;
        if !keep {
            break;
        }
    }
    Ok(())
}

async fn read_request(stream: &mut BufReader<TcpStream>, connection: usize) -> io::Result<Option<Request>> {
    let mut first = String::new();
    let mut head = stream.take(MAX_HEAD);
    if head.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if head.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    Ok(Some(Request { method, path, headers, connection, at: Instant::now() }))
}

/// Sends the answer and says whether the connection lives on.
///
/// `running` ends before the last byte leaves: a client that has its answer may ask again at once, and that
/// must not look like two requests at a time.
async fn answer(
    stream: &mut BufReader<TcpStream>,
    request: &Request,
    response: Response,
    running: Running<'_>,
) -> io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} Test\r\n", response.status);
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match response.body {
        Body::Whole(body) => {
            let mut bytes = format!("{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
            bytes.extend_from_slice(&body);
            drop(running);
            stream.write_all(&bytes).await?;
            let closes =
                request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
            return Ok(!closes);
        }
        Body::Drip { pieces, pause } => {
            stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await?;
            for piece in pieces {
                stream.write_all(&chunk(&piece)).await?;
                tokio::time::sleep(pause).await;
            }
            drop(running);
            stream.write_all(b"0\r\n\r\n").await?;
            return Ok(true);
        }
        Body::Cut { promised, sent } => {
            stream.write_all(format!("{head}Content-Length: {promised}\r\n\r\n").as_bytes()).await?;
            stream.write_all(&sent).await?;
        }
        Body::Endless(piece) => {
            stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await?;
            let piece = chunk(&piece);
            loop {
                stream.write_all(&piece).await?;
            }
        }
        Body::Raw(bytes) => stream.write_all(&bytes).await?,
        Body::Flood(bytes) => loop {
            stream.write_all(&bytes).await?;
        },
        Body::Reset(bytes) => {
            stream.write_all(&bytes).await?;
            // Closing with a linger of zero sends a reset and throws away what was not read.
            stream.get_ref().set_zero_linger()?;
        }
        Body::Silent => {
            // Until the client goes away.
            while stream.read_u8().await.is_ok() {}
        }
    }
    Ok(false)
}

fn chunk(piece: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", piece.len()).into_bytes();
    bytes.extend_from_slice(piece);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// An address of loopback where nobody listens.
pub(crate) fn closed_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A listener whose queue is full, so that a connection to it is never made, and what keeps it full.
pub(crate) async fn deaf() -> (TcpListener, Vec<TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(address)).await
    {
        waiting.push(stream);
    }
    (listener, waiting)
}
