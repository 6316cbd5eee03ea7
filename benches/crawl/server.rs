//! The server of a site, as a process of its own: nginx where it is installed, otherwise, and for pages that come late,
//! one over tokio, which is this program again.
//!
//! Knows files and requests; not what pages are. Each run has a server of its own, so that what it was asked is what
//! that run asked.

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener as Ports;
use std::net::TcpStream as Dial;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use super::process::this_program;
use super::process::unix_seconds;

/// Nobody starts or ends as slowly.
const LIMIT: Duration = Duration::from_secs(20);

/// A server at work.
pub(crate) struct Server {
    child: Child,
    is_nginx: bool,
    folder: PathBuf,
    pub(crate) base: String,
}

/// What a server was asked.
pub(crate) struct Asked {
    /// Requests for pages that were asked for before.
    pub(crate) twice: usize,
    /// When the first request came, in seconds since 1970.
    pub(crate) first: f64,
}

/// Whether nginx is here.
pub(crate) fn has_nginx() -> bool {
    Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

impl Server {
    /// Serves the files in `site`; what the server itself writes is in `folder`.
    pub(crate) fn start(site: &Path, folder: &Path, latency: u64) -> Self {
        let port = free_port();
        let is_nginx = latency == 0 && has_nginx();
        fs::create_dir_all(folder).unwrap();
        let mut command = if is_nginx {
            fs::write(folder.join("nginx.conf"), nginx_configuration(site, folder, port)).unwrap();
            nginx(folder)
        } else {
            let mut own = Command::new(this_program());
            own.arg("serve")
                .args([site, &folder.join("requests")])
                .args([port.to_string(), latency.to_string()]);
            own
        };
        let child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while Dial::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < LIMIT, "the server does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { child, is_nginx, folder: folder.to_owned(), base: format!("http://127.0.0.1:{port}") }
    }

    /// Ends it; what it was asked.
    pub(crate) fn stop(mut self) -> Asked {
        if self.is_nginx {
            nginx(&self.folder).args(["-s", "quit"]).stderr(Stdio::null()).status().unwrap();
        }
        // Our own one ends with its input.
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < LIMIT, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let requests = fs::read_to_string(self.folder.join("requests")).unwrap();
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let mut first = f64::INFINITY;
        for (path, at) in requests.lines().filter_map(|line| line.split_once(' ')) {
            *seen.entry(path).or_default() += 1;
            first = first.min(at.parse().unwrap());
        }
        Asked { twice: seen.values().map(|times| times - 1).sum(), first }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
        }
    }
}

/// A port that nobody has at this moment.
pub(crate) fn free_port() -> u16 {
    Ports::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn nginx(folder: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-e").arg(folder.join("errors")).arg("-c").arg(folder.join("nginx.conf"));
    command
}

fn nginx_configuration(site: &Path, folder: &Path, port: u16) -> String {
    // One process, so that nothing is left of it when it is killed. Started by root, nginx would read the files as somebody who may not.
    let user = if fs::metadata(folder).unwrap().uid() == 0 { "user root;" } else { "" };
    let (site, folder) = (site.display(), folder.display());
    format!(
        "{user} daemon off; master_process off; pid {folder}/pid;\nevents {{ worker_connections 1024; }}\n\
         http {{ default_type text/html; keepalive_requests 1000000; log_format times '$uri $msec';\n\
         access_log {folder}/requests times buffer=256k; sendfile on;\n\
         client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;\n\
         uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;\n\
         server {{ listen 127.0.0.1:{port}; root {site}; }} }}\n"
    )
}

/// The server over tokio: serves until its input ends, then writes what it was asked.
pub(crate) fn main(site: &Path, requests: &Path, port: u16, latency: u64) {
    let asked = Arc::new(Mutex::new(String::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        // A thread, not tokio's input: it is to end with the pipe whatever the runtime does.
        let (ended, mut end) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
            drop(ended);
        });
        loop {
            tokio::select! {
                _ = &mut end => break,
                Ok((stream, _)) = listener.accept() => {
                    let (site, asked) = (site.to_owned(), Arc::clone(&asked));
                    tokio::spawn(async move { answer(stream, &site, latency, &asked).await });
                }
            }
        }
    });
    fs::write(requests, asked.lock().unwrap().as_str()).unwrap();
}

/// Answers what comes over one connection, as long as it lasts.
async fn answer(mut stream: TcpStream, site: &Path, latency: u64, asked: &Mutex<String>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut read = vec![];
    loop {
        let end = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut read).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8(read.drain(..end).collect()).ok()?;
        let path = head.strip_prefix("GET /")?.split(' ').next()?;
        asked.lock().unwrap().push_str(&format!("/{path} {:.3}\n", unix_seconds()));
        if latency > 0 {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        let (status, body) =
            fs::read(site.join(path)).map_or(("404 Not Found", vec![]), |body| ("200 OK", body));
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).await.ok()?;
    }
}
