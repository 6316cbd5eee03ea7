//! A server on loopback that answers some pages only when it is told to.
//!
//! One thread for each connection, so that a page that waits holds up no other one. Tests use it to be sure of
//! what is in flight at a moment, without looking at a clock.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::Shutdown;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::thread;
use std::thread::JoinHandle;

use super::scoopi::LIMIT;
use super::site::Site;

/// A running server; it stops when dropped.
pub(crate) struct Held {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    site: Site,
    now: Mutex<Now>,
    changed: Condvar,
}

#[derive(Default)]
struct Now {
    /// Whether pages of items are answered.
    is_open: bool,
    /// How many of the first items are answered all the same.
    answered: usize,
    is_stopped: bool,
    items: Vec<String>,
    streams: Vec<TcpStream>,
}

impl Held {
    /// Serves `site`: lists at once, items when [`Held::open`] is called.
    pub(crate) fn start(site: Site) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { site, now: Mutex::default(), changed: Condvar::new() });
        let thread = thread::spawn({
            let state = Arc::clone(&state);
            move || accept(&listener, &state)
        });
        Self { address, state, thread: Some(thread) }
    }

    /// Where a run begins.
    pub(crate) fn start_url(&self) -> String {
        format!("http://{}/list/1.html", self.address)
    }

    /// Answers all items, those that wait and those to come.
    pub(crate) fn open(&self) {
        self.state.now.lock().unwrap().is_open = true;
        self.state.changed.notify_all();
    }

    /// Answers one more item, in the order in which they were asked for.
    pub(crate) fn answer_one(&self) {
        self.state.now.lock().unwrap().answered += 1;
        self.state.changed.notify_all();
    }

    /// Waits until that many items were asked for.
    pub(crate) fn wait_for_items(&self, items: usize) {
        let now = self.state.now.lock().unwrap();
        let (now, _) =
            self.state.changed.wait_timeout_while(now, LIMIT, |now| now.items.len() < items).unwrap();
        assert!(now.items.len() >= items, "only {:?} were asked for", now.items);
    }

    /// The items that were asked for so far, such as `Item 7`, in order.
    pub(crate) fn items(&self) -> Vec<String> {
        self.state.now.lock().unwrap().items.clone()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        {
            let mut now = self.state.now.lock().unwrap();
            now.is_stopped = true;
            now.streams.iter().for_each(|stream| {
                stream.shutdown(Shutdown::Both).ok();
            });
        }
        self.state.changed.notify_all();
        // Wakes the thread that accepts.
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming().flatten() {
        {
            let mut now = state.now.lock().unwrap();
            if now.is_stopped {
                return;
            }
            now.streams.push(stream.try_clone().unwrap());
        }
        let state = Arc::clone(state);
        thread::spawn(move || {
            // A client that is killed is what these tests are about.
            serve(stream, &state).ok();
        });
    }
}

fn serve(stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(path) = read_path(&mut reader)? {
        if !state.admit(&path) {
            break;
        }
        let page = state.site.page(&path).unwrap_or_default();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", page.len());
        writer.write_all(format!("{head}{page}").as_bytes())?;
    }
    Ok(())
}

impl State {
    /// Waits until the page may be answered; says no when the server stops.
    fn admit(&self, path: &str) -> bool {
        let mut now = self.now.lock().unwrap();
        if let Some(number) = path.strip_prefix("item/").and_then(|rest| rest.strip_suffix(".html")) {
            let before = now.items.len();
            now.items.push(format!("Item {number}"));
            self.changed.notify_all();
            let waits = |now: &mut Now| !now.is_open && now.answered <= before && !now.is_stopped;
            now = self.changed.wait_while(now, waits).unwrap();
        }
        !now.is_stopped
    }
}

/// The path of the next request, without a slash in front.
fn read_path(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut path = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line.trim().is_empty() {
            return Ok(path);
        }
        if path.is_none() {
            path = line.split(' ').nth(1).map(|path| path.trim_start_matches('/').to_owned());
        }
    }
}
